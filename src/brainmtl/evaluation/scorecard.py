"""One row a slice, and the metrics that the rows add up to: ``per_image.parquet`` and ``metrics.json``.

docs/metrics.md says what each number means.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.evaluation import measures, segmentation, surface
from brainmtl.evaluation.bootstrap import LEVEL, RESAMPLES
from brainmtl.evaluation.classification import PROBABILITIES, confusion
from brainmtl.evaluation.lesions import match_lesions
from brainmtl.evaluation.mask_calibration import count_pixels
from brainmtl.evaluation.strata import STRATA, lesion_number, split_rows, tumour_size
from brainmtl.labels import CLASSES, HEALTHY, TUMOURS

GOOD_DICE = 0.5

Cell = float | int | bool | str | list[float] | None


def score_slice(
    *,
    truth: NDArray[np.bool_] | None,
    prediction: NDArray[np.bool_] | None,
    label: str | None,
    probabilities: NDArray[np.floating] | Sequence[float] | None,
    predicted: str | None = None,
    mask_probabilities: NDArray[np.floating] | None = None,
) -> dict[str, Cell]:
    """Score one slice with everything that is known of it.

    Args:
        truth: the true mask, bool ``(H, W)``; empty on a healthy slice.
        prediction: the predicted mask, bool ``(H, W)``.
        label: the true class.
        probabilities: ``(4,)``, in the order of ``CLASSES``.
        predicted: the class called, where it is not the most probable one.
        mask_probabilities: ``(H, W)``, of each pixel to be tumour; only their counts are kept.

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
    row = _mask_cells(truth, prediction) | _pixel_cells(truth, mask_probabilities)
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


def summarise(
    rows: pd.DataFrame,
    strata: Sequence[str] = STRATA,
    *,
    by: str = "group",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Add rows up to the content of ``metrics.json``.

    Args:
        rows: rows of :func:`score_slice`, with ``label`` and whatever ``strata`` names beside them.
        strata: columns by whose values the rows are told apart; ``label`` makes the stratum ``class``. A
            column that is absent, or has a single value, makes none.
        by: the column that says whose slice it is; where it is absent, or null, a slice stands alone.
        resamples: draws of the bootstrap.
        seed: of the draws.

    Returns:
        ``{segmentation, classification, joint, strata: {name: {value: {…}}}, intervals}``, the innermost with
        the same three sections. A section is null where no slice has both its truth and its prediction. Each
        metric is ``{value, low, high, n}``, its value null where no slice (n = 0) or no definition applies,
        and its ends (95 %) where no interval does.
    """
    known = by in rows and rows[by].notna().any()

    def sections(part: pd.DataFrame) -> dict[str, Any]:
        groups = part[by].to_numpy(dtype=object) if known else np.arange(len(part))
        return _sections(part, groups, resamples, seed)

    told_apart = {
        name: {value: sections(part) for value, part in values.items()}
        for name, values in split_rows(rows, strata).items()
    }
    return sections(rows) | {
        "strata": told_apart,
        "intervals": {
            "level": LEVEL,
            "method": "bootstrap, bias-corrected and accelerated, Student's tails",
            "rates": "Wilson, on the effective number of slices, Student's quantile",
            "resamples": resamples,
            "by": by if known else "slice",
            "seed": seed,
        },
    }


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
            "true_lesions",
            "predicted_lesions",
            "matched_lesions",
            "size",
            "lesions",
        )
    )
    if truth is not None:
        row |= {"true_px": int(np.count_nonzero(truth))}
        row |= {"size": tumour_size(truth), "lesions": lesion_number(truth)}
    if prediction is not None:
        row["predicted_px"] = int(np.count_nonzero(prediction))
    if truth is not None and prediction is not None:
        hd95, surface_dice = surface.surface_metrics(truth, prediction)
        lesions = match_lesions(truth, prediction)
        row |= {
            "overlap_px": segmentation.counts(truth, prediction).overlap,
            "dice": _known(segmentation.dice(truth, prediction)),
            "iou": _known(segmentation.iou(truth, prediction)),
            "hd95_px": _known(hd95),
            "surface_dice_2px": _known(surface_dice),
            "pixel_accuracy": segmentation.pixel_accuracy(truth, prediction),
            "true_lesions": lesions.true,
            "predicted_lesions": lesions.predicted,
            "matched_lesions": lesions.matched,
        }
    return row


def _pixel_cells(truth: NDArray[np.bool_] | None, stated: NDArray[np.floating] | None) -> dict[str, Cell]:
    if truth is None or stated is None:
        return dict.fromkeys(measures.PIXEL_COLUMNS)
    counts = vars(count_pixels(truth, stated))
    return {name: counts[of][0].tolist() for name, of in measures.PIXEL_COLUMNS.items()}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _mask_right(row: dict[str, Cell]) -> bool | None:
    if row["overlap_px"] is None:
        return None
    return row["dice"] >= GOOD_DICE if isinstance(row["dice"], float) else row["predicted_px"] == 0


def _sections(
    rows: pd.DataFrame, groups: NDArray[Any], resamples: int, seed: int
) -> dict[str, dict[str, Any] | None]:
    called = np.zeros(len(rows), bool)
    if "label" in rows:
        called = (rows["label"].notna() & rows["predicted"].notna()).to_numpy(dtype=bool)
    parts = {
        "segmentation": (measures.segmentation_measures(rows), groups),
        "classification": (measures.classification_measures(rows[called]), groups[called]),
        "joint": (measures.joint_measures(rows), groups),
    }
    found = {
        name: measures.estimate(of, persons, resamples=resamples, seed=seed) or None
        for name, (of, persons) in parts.items()
    }
    if found["classification"] is not None:
        found["classification"]["confusion"] = _confusion(rows[called])
    return found


def _confusion(called: pd.DataFrame) -> dict[str, Any]:
    table = confusion(measures.codes(called["label"]), measures.codes(called["predicted"]))
    return {"value": table.astype(int).tolist(), "low": None, "high": None, "n": len(called)}
