"""Every metric of the contract, as what it makes of rows that count once, more often, or not at all.

docs/metrics.md says what each number means.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation import calibration, classification, mask_calibration, weighted
from brainmtl.evaluation.bootstrap import RESAMPLES, Interval, bootstrap
from brainmtl.evaluation.classification import PROBABILITIES
from brainmtl.evaluation.rates import rate_interval
from brainmtl.evaluation.selective import aurc
from brainmtl.evaluation.weighted import Weights
from brainmtl.labels import CLASSES, TUMOURS

Column = NDArray[np.float64]
BIASED = ("ece", "ece_adaptive", "mask_ece", "mask_ece_uncertain")
"""Gaps between what was stated and what came true, summed without their signs: chance only adds to them."""
PIXEL_COLUMNS = {
    "bin_pixels": "pixels",
    "bin_tumour_pixels": "tumour",
    "bin_probability": "stated",
    "pixel_squares": "squares",
    "pixel_nats": "nats",
}
"""The columns that hold a slice's ``PixelCounts``."""


@dataclass(frozen=True)
class Measure:
    """One metric of some rows.

    Attributes:
        n: how many slices it comes from.
        of: weights ``(..., N)`` → values ``(...)``.
        hits: of a rate, 0 or 1 a slice, ``(N,)``; NaN where a slice is not in it.
        biased: it comes out too large of few slices, and larger still of a resample: it has no interval.
    """

    n: int
    of: Callable[[Weights], NDArray[np.float64]]
    hits: Column | None = None
    biased: bool = False


def segmentation_measures(rows: pd.DataFrame) -> dict[str, Measure]:
    """The metrics of masks; none where no slice has a true and a predicted one.

    Args:
        rows: rows of ``score_slice``.
    """
    overlap, truth, said = (_column(rows, name) for name in ("overlap_px", "true_px", "predicted_px"))
    scored = ~np.isnan(overlap)
    if not scored.any():
        return {}
    overlap, truth, said = (np.where(scored, column, 0.0) for column in (overlap, truth, said))
    dice, healthy = _column(rows, "dice"), scored & (truth == 0)
    painted = np.where(healthy, said > 0, np.nan)
    lesions = [np.nan_to_num(_column(rows, f"{name}_lesions")) for name in ("matched", "true", "predicted")]
    return {
        "dice": _mean(dice),
        "dice_pooled": _share(2 * overlap, truth + said, int(scored.sum())),
        "dice_median": Measure(_known(dice), lambda weights: weighted.median(dice, weights)),
        "dice_all_slices": _mean(np.where(healthy, 1 - painted, dice)),
        "iou": _mean(_column(rows, "iou")),
        "miou_weighted": _miou_weighted(rows, overlap, truth, said),
        "hd95_px": _mean(_column(rows, "hd95_px")),
        "surface_dice_2px": _mean(_column(rows, "surface_dice_2px")),
        "pixel_accuracy": _mean(_column(rows, "pixel_accuracy")),
        "false_mask_rate": _rate(painted),
        "lesion_sensitivity": _share(lesions[0], lesions[1], int((lesions[1] > 0).sum())),
        "lesion_precision": _share(lesions[0], lesions[2], int((lesions[2] > 0).sum())),
        **_pixels(rows),
    }


def classification_measures(rows: pd.DataFrame) -> dict[str, Measure]:
    """The metrics of classes, but for the confusion; none where no slice has a true and a called one.

    Args:
        rows: rows of ``score_slice`` with a true and a called class each, and ``label``.
    """
    if rows.empty:
        return {}
    truth, said = codes(rows["label"]), codes(rows["predicted"])
    tumour = truth != classification.HEALTHY_CODE
    tables = {
        "f1_macro": classification.f1_macro,
        "f1_weighted": classification.f1_weighted,
        "precision_macro": classification.precision_macro,
        "recall_macro": classification.recall_macro,
    }
    return {
        "accuracy": _rate((truth == said).astype(float)),
        **{name: _of_classes(score, truth, said, len(truth)) for name, score in tables.items()},
        "miss_rate": _rate(np.where(tumour, said == classification.HEALTHY_CODE, np.nan)),
        **_probabilistic(rows, truth),
    }


def joint_measures(rows: pd.DataFrame) -> dict[str, Measure]:
    """The share of slices with both answers right; none where no slice has both.

    Args:
        rows: rows of ``score_slice``.
    """
    both = _column(rows, "both_right")
    return {"both_right": _rate(both)} if _known(both) else {}


def estimate(
    measures: Mapping[str, Measure],
    groups: NDArray[Any],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Metrics with their 95 % intervals: rates by Wilson's, all else by the bootstrap, all on the same draws.

    A biased one has none.

    Args:
        measures: of N rows.
        groups: ``(N,)``, the person of each row.
        resamples: draws.
        seed: of the draws.

    Returns:
        ``{name: {value, low, high, n}}``.
    """
    others = {name: one for name, one in measures.items() if one.hits is None and not one.biased}
    found = dict(zip(others, _resampled([*others.values()], groups, resamples, seed), strict=True))
    for name, measure in measures.items():
        if measure.biased:
            found[name] = Interval(float(measure.of(np.ones(len(groups)))), math.nan, math.nan)
        elif measure.hits is not None:
            known = ~np.isnan(measure.hits)
            found[name] = rate_interval(measure.hits[known], groups[known])
    return {name: metric(**vars(found[name]), n=measure.n) for name, measure in measures.items()}


def metric(value: float, n: int, low: float = math.nan, high: float = math.nan) -> dict[str, Any]:
    """A metric as ``metrics.json`` holds it; NaN becomes null.

    Args:
        value: the number.
        n: how many slices it comes from.
        low: the lower end of its interval.
        high: the upper end.
    """
    ends = {"value": value, "low": low, "high": high}
    known = {name: float(end) if n and math.isfinite(end) else None for name, end in ends.items()}
    return known | {"n": int(n)}


def codes(names: "pd.Series[Any]") -> NDArray[np.int64]:
    """Classes as their indices in ``CLASSES``.

    Args:
        names: class names, none null.
    """
    return np.array([CLASSES.index(name) for name in names], np.int64)


def _resampled(measures: list[Measure], groups: NDArray[Any], resamples: int, seed: int) -> list[Interval]:
    def all_of(weights: Weights) -> NDArray[np.float64]:
        return np.stack([measure.of(weights) for measure in measures], axis=-1)

    return bootstrap(all_of, len(groups), groups, resamples=resamples, seed=seed) if measures else []


def _probabilistic(rows: pd.DataFrame, truth: NDArray[np.int64]) -> dict[str, Measure]:
    scores: dict[str, Callable[..., NDArray[np.float64]]] = {
        "auroc": classification.auroc,
        "ece": calibration.ece,
        "ece_adaptive": calibration.ece_adaptive,
        "brier": calibration.brier,
        "nll": calibration.nll,
        "aurc": _aurc,
    }
    given = rows[PROBABILITIES[0]].notna().to_numpy()
    shares = rows.loc[given, list(PROBABILITIES)].to_numpy(dtype=float)

    def measured(name: str, score: Callable[..., NDArray[np.float64]]) -> Measure:
        return Measure(
            len(shares),
            lambda weights: score(truth[given], shares, weights[..., given]),
            biased=name in BIASED,
        )

    return {name: measured(name, score) for name, score in scores.items()}


def _pixels(rows: pd.DataFrame) -> dict[str, Measure]:
    scores = {
        "mask_ece": mask_calibration.mask_ece,
        "mask_ece_uncertain": mask_calibration.mask_ece_uncertain,
        "mask_brier": mask_calibration.mask_brier,
        "mask_nll": mask_calibration.mask_nll,
    }
    kept = rows.reindex(columns=list(PIXEL_COLUMNS))
    given = kept["bin_pixels"].notna().to_numpy()
    kept = kept[given]
    if kept.empty:
        return {}
    counts = mask_calibration.PixelCounts(
        **{of: np.stack(kept[name].to_list()).astype(float) for name, of in PIXEL_COLUMNS.items()}
    )

    def measured(name: str, score: Callable[..., NDArray[np.float64]]) -> Measure:
        return Measure(len(kept), lambda weights: score(counts, weights[..., given]), biased=name in BIASED)

    return {name: measured(name, score) for name, score in scores.items()}


def _aurc(truth: NDArray[np.int64], shares: Column, weights: Weights) -> NDArray[np.float64]:
    top, right = calibration.top_class(truth, shares)
    return aurc(top, 1.0 - right, weights)


def _of_classes(
    score: Callable[..., NDArray[np.float64]], truth: NDArray[np.int64], said: NDArray[np.int64], n: int
) -> Measure:
    return Measure(n, lambda weights: score(truth, said, weights))


def _miou_weighted(rows: pd.DataFrame, overlap: Column, truth: Column, said: Column) -> Measure:
    labels = rows["label"].to_numpy(dtype=object) if "label" in rows else np.full(len(rows), None)
    inside = np.stack([(labels == name) & (truth > 0) for name in TUMOURS], axis=-1).astype(float)
    union = truth + said - overlap

    def of(weights: Weights) -> NDArray[np.float64]:
        slices = weights @ inside
        pooled = weighted.ratio(weights @ (inside * overlap[:, None]), weights @ (inside * union[:, None]))
        return weighted.ratio((slices * np.nan_to_num(pooled)).sum(axis=-1), slices.sum(axis=-1))

    return Measure(int(inside.sum()), of)


def _mean(values: Column) -> Measure:
    return Measure(_known(values), lambda weights: weighted.mean(values, weights))


def _rate(hits: Column) -> Measure:
    return Measure(_known(hits), lambda weights: weighted.mean(hits, weights), hits)


def _share(part: Column, whole: Column, n: int) -> Measure:
    return Measure(n, lambda weights: weighted.ratio(weights @ part, weights @ whole))


def _known(values: Column) -> int:
    return int(np.count_nonzero(~np.isnan(values)))


def _column(rows: pd.DataFrame, name: str) -> Column:
    if name not in rows:
        return np.full(len(rows), np.nan)
    return pd.to_numeric(rows[name]).to_numpy(dtype=float, na_value=np.nan)
