"""How far apart the outlines of two masks lie, in pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from brainmtl.evaluation.segmentation import check_pair

TOLERANCE_PX = 2.0


@dataclass(frozen=True)
class OutlineDistances:
    """From each outline pixel of one mask to the nearest of the other, in pixels.

    An outline pixel belongs to the mask and has one of its four neighbours outside it, or outside the slice.

    Attributes:
        to_truth: float64, one a pixel of the prediction's outline.
        to_prediction: float64, one a pixel of the truth's outline.
    """

    to_truth: NDArray[np.float64]
    to_prediction: NDArray[np.float64]


def outline_distances(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> OutlineDistances:
    """Measure between two outlines, both ways.

    Args:
        truth: bool ``(H, W)``, not empty.
        prediction: bool ``(H, W)``, not empty.

    Raises:
        ValueError: a mask is empty, they differ in shape, or one is not bool.
    """
    check_pair(truth, prediction)
    for name, mask in (("truth", truth), ("prediction", prediction)):
        if not mask.any():
            raise ValueError(f"{name} is empty and has no outline")
    box = _bounding_box(truth | prediction)
    true_outline, predicted_outline = _outline(truth[box]), _outline(prediction[box])
    return OutlineDistances(
        to_truth=ndimage.distance_transform_edt(~true_outline)[predicted_outline],
        to_prediction=ndimage.distance_transform_edt(~predicted_outline)[true_outline],
    )


def hd95(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> float:
    """95th-percentile Hausdorff distance: the greater of the two directed percentiles.

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.

    Returns:
        Pixels; the slice's diagonal where only the prediction is empty, NaN where the truth is.

    Raises:
        ValueError: the masks differ in shape, or one is not bool.
    """
    return surface_metrics(truth, prediction)[0]


def surface_dice(
    truth: NDArray[np.bool_], prediction: NDArray[np.bool_], tolerance: float = TOLERANCE_PX
) -> float:
    """Share of both outlines that lies within a tolerance of the other (Nikolov et al. 2021).

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.
        tolerance: pixels; a distance equal to it is within.

    Returns:
        0 to 1; 0 where only the prediction is empty, NaN where the truth is.

    Raises:
        ValueError: the masks differ in shape, or one is not bool.
    """
    return surface_metrics(truth, prediction, tolerance)[1]


def surface_metrics(
    truth: NDArray[np.bool_], prediction: NDArray[np.bool_], tolerance: float = TOLERANCE_PX
) -> tuple[float, float]:
    """:func:`hd95` and :func:`surface_dice` from one measurement.

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.
        tolerance: pixels, for the surface Dice.

    Raises:
        ValueError: the masks differ in shape, or one is not bool.
    """
    check_pair(truth, prediction)
    if not truth.any():
        return float("nan"), float("nan")
    if not prediction.any():
        return float(np.hypot(*truth.shape)), 0.0
    apart = outline_distances(truth, prediction)
    both = np.concatenate([apart.to_truth, apart.to_prediction])
    farthest = max(np.percentile(apart.to_truth, 95), np.percentile(apart.to_prediction, 95))
    return float(farthest), float(np.mean(both <= tolerance))


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside
