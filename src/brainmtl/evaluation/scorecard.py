"""One row a slice, and the metrics that the rows add up to: ``per_image.parquet`` and ``metrics.json``.

docs/metrics.md says what each number means.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation import calibration, classification, segmentation, surface
from brainmtl.labels import CLASSES, HEALTHY, PLANES, TUMOURS

PROBABILITIES = tuple(f"p_{name}" for name in CLASSES)
GOOD_DICE = 0.5
SIZES = {"small": 0.005, "medium": 0.02, "large": math.inf}
"""Size of a tumour → the share of its slice's area that it stays below."""
STRATUM_NAMES = {"label": "class"}
ORDER = (*CLASSES, *PLANES, *SIZES)

Cell = float | int | bool | str | None


def score_slice(
    *,
    truth: NDArray[np.bool_] | None,
    prediction: NDArray[np.bool_] | None,
    label: str | None,
    probabilities: NDArray[np.floating] | Sequence[float] | None,
    predicted: str | None = None,
) -> dict[str, Cell]:
    """Score one slice with everything that is known of it.

    Args:
        truth: the true mask, bool ``(H, W)``; empty on a healthy slice.
        prediction: the predicted mask, bool ``(H, W)``.
        label: the true class.
        probabilities: ``(4,)``, in the order of ``CLASSES``.
        predicted: the class called, where it is not the most probable one.

    Returns:
        One flat row with always the same columns; null where a number does not apply.

    Raises:
        ValueError: the masks differ in shape, one is not bool, or there are not four probabilities.
    """
    shares = [None] * len(CLASSES) if probabilities is None else [float(share) for share in probabilities]
    if len(shares) != len(CLASSES):
        raise ValueError(f"probabilities must be ({len(CLASSES)},), not ({len(shares)},)")
    if predicted is None and probabilities is not None:
        predicted = CLASSES[int(np.argmax(probabilities))]
    row = _mask_cells(truth, prediction)
    row |= {"predicted": predicted} | dict(zip(PROBABILITIES, shares, strict=True))
    called = label is not None and predicted is not None
    right = predicted == label if called else None
    mask_right = _mask_right(row)
    return row | {
        "right": right,
        "miss": predicted == HEALTHY if called and label in TUMOURS else None,
        "mask_right": mask_right,
        "both_right": None if right is None or mask_right is None else right and mask_right,
    }


def summarise(rows: pd.DataFrame, strata: Sequence[str] = ("label", "plane")) -> dict[str, Any]:
    """Add rows up to the content of ``metrics.json``.

    Args:
        rows: rows of :func:`score_slice`, with ``label`` and whatever ``strata`` names beside them.
        strata: columns by whose values the rows are told apart; ``label`` makes the stratum ``class``. A
            column that is absent or null everywhere makes none.

    Returns:
        ``{segmentation, classification, joint, strata: {name: {value: {…}}}}``, the innermost with the same
        three sections. A section is null where no slice has both its truth and its prediction. Each metric is
        ``{value, n}``, its value null where no slice (n = 0) or no definition applies.
    """
    told_apart = {}
    for name in strata:
        if name in rows and rows[name].notna().any():
            parts = {_key(value): _sections(part) for value, part in rows.groupby(name, observed=True)}
            told_apart[STRATUM_NAMES.get(name, name)] = dict(sorted(parts.items(), key=_rank))
    return _sections(rows) | {"strata": told_apart}


def metric(value: float, n: int) -> dict[str, Any]:
    """A metric as ``metrics.json`` holds it.

    Args:
        value: the number; NaN becomes null.
        n: how many slices it comes from.
    """
    return {"value": float(value) if n and math.isfinite(value) else None, "n": int(n)}


def _mask_cells(truth: NDArray[np.bool_] | None, prediction: NDArray[np.bool_] | None) -> dict[str, Cell]:
    row: dict[str, Cell] = dict.fromkeys(
        (
            "true_px",
            "predicted_px",
            "overlap_px",
            "dice",
            "iou",
            "hd95_px",
            "surface_dice_2px",
            "pixel_accuracy",
            "size",
        )
    )
    if truth is not None:
        row |= {"true_px": int(np.count_nonzero(truth)), "size": _size(truth)}
    if prediction is not None:
        row["predicted_px"] = int(np.count_nonzero(prediction))
    if truth is not None and prediction is not None:
        hd95, surface_dice = surface.surface_metrics(truth, prediction)
        row |= {
            "overlap_px": segmentation.counts(truth, prediction).overlap,
            "dice": _known(segmentation.dice(truth, prediction)),
            "iou": _known(segmentation.iou(truth, prediction)),
            "hd95_px": _known(hd95),
            "surface_dice_2px": _known(surface_dice),
            "pixel_accuracy": segmentation.pixel_accuracy(truth, prediction),
        }
    return row


def _size(truth: NDArray[np.bool_]) -> str | None:
    share = np.count_nonzero(truth) / truth.size
    return next(name for name, above in SIZES.items() if share < above) if share else None


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _mask_right(row: dict[str, Cell]) -> bool | None:
    if row["overlap_px"] is None:
        return None
    return row["dice"] >= GOOD_DICE if isinstance(row["dice"], float) else row["predicted_px"] == 0


def _key(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def _rank(item: tuple[str, Any]) -> tuple[int, str]:
    return (ORDER.index(item[0]) if item[0] in ORDER else len(ORDER), item[0])


def _sections(rows: pd.DataFrame) -> dict[str, Any]:
    return {
        "segmentation": _segmentation(rows),
        "classification": _classification(rows),
        "joint": _joint(rows),
    }


def _segmentation(rows: pd.DataFrame) -> dict[str, Any] | None:
    scored = rows[rows["overlap_px"].notna()]
    if scored.empty:
        return None
    tumour = scored[scored["true_px"] > 0]
    painted = _numbers(scored[scored["true_px"] == 0], "predicted_px") > 0
    dice = _numbers(tumour, "dice")
    overlap, areas = scored["overlap_px"].sum(), scored["true_px"].sum() + scored["predicted_px"].sum()
    return {
        "dice": _mean(dice),
        "dice_pooled": metric(2 * overlap / areas if areas else math.nan, len(scored)),
        "dice_median": metric(float(np.median(dice)) if dice.size else math.nan, dice.size),
        "dice_all_slices": _mean(np.concatenate([dice, ~painted])),
        "iou": _mean(_numbers(tumour, "iou")),
        "miou_weighted": _miou_weighted(tumour),
        "hd95_px": _mean(_numbers(tumour, "hd95_px")),
        "surface_dice_2px": _mean(_numbers(tumour, "surface_dice_2px")),
        "pixel_accuracy": _mean(_numbers(scored, "pixel_accuracy")),
        "false_mask_rate": _mean(painted),
    }


def _miou_weighted(tumour: pd.DataFrame) -> dict[str, Any]:
    if "label" not in tumour:
        return metric(math.nan, 0)
    labelled = tumour[tumour["label"].isin(TUMOURS)]
    total = 0.0
    for _, part in labelled.groupby("label", observed=True):
        pixels = part[["true_px", "predicted_px", "overlap_px"]].astype(float).sum()
        union = pixels["true_px"] + pixels["predicted_px"] - pixels["overlap_px"]
        total += len(part) * pixels["overlap_px"] / union
    return metric(total / max(len(labelled), 1), len(labelled))


def _classification(rows: pd.DataFrame) -> dict[str, Any] | None:
    if "label" not in rows:
        return None
    called = rows[rows["label"].notna() & rows["predicted"].notna()]
    if called.empty:
        return None
    truth, predicted = _codes(called["label"]), _codes(called["predicted"])
    known, tumours = len(called), int((truth != classification.HEALTHY_CODE).sum())
    table = classification.confusion(truth, predicted)
    return {
        "accuracy": metric(classification.accuracy(truth, predicted), known),
        "f1_macro": metric(classification.f1_macro(truth, predicted), known),
        "f1_weighted": metric(classification.f1_weighted(truth, predicted), known),
        "precision_macro": metric(classification.precision_macro(truth, predicted), known),
        "recall_macro": metric(classification.recall_macro(truth, predicted), known),
        "miss_rate": metric(classification.miss_rate(truth, predicted), tumours),
        **_probabilistic(called),
        "confusion": {"value": table.tolist(), "n": known},
    }


def _probabilistic(called: pd.DataFrame) -> dict[str, Any]:
    scores = {
        "auroc": classification.auroc,
        "ece": calibration.ece,
        "brier": calibration.brier,
        "nll": calibration.nll,
    }
    given = called[called[PROBABILITIES[0]].notna()]
    if given.empty:
        return {name: metric(math.nan, 0) for name in scores}
    truth, shares = _codes(given["label"]), given[list(PROBABILITIES)].to_numpy(dtype=float)
    return {name: metric(score(truth, shares), len(given)) for name, score in scores.items()}


def _joint(rows: pd.DataFrame) -> dict[str, Any] | None:
    both = _numbers(rows, "both_right")
    return {"both_right": _mean(both)} if both.size else None


def _codes(names: "pd.Series[Any]") -> NDArray[np.int64]:
    return np.array([CLASSES.index(name) for name in names], np.int64)


def _numbers(rows: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return rows[name].dropna().to_numpy(dtype=float)


def _mean(values: NDArray[Any]) -> dict[str, Any]:
    return metric(float(np.mean(values)) if values.size else math.nan, values.size)
