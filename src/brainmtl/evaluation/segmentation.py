"""One mask against another, counted in pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Counts:
    """What two masks of one slice hold.

    Attributes:
        truth: pixels of the true mask.
        predicted: pixels of the predicted mask.
        overlap: pixels that both hold.
        pixels: pixels of the slice.
    """

    truth: int
    predicted: int
    overlap: int
    pixels: int


def counts(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> Counts:
    """Count the pixels of two masks and of what they share.

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.

    Raises:
        ValueError: the masks differ in shape, or one is not bool.
    """
    check_pair(truth, prediction)
    return Counts(
        truth=int(np.count_nonzero(truth)),
        predicted=int(np.count_nonzero(prediction)),
        overlap=int(np.count_nonzero(truth & prediction)),
        pixels=truth.size,
    )


def dice(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> float:
    """Dice coefficient: twice the overlap over the sum of both areas (Dice 1945).

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.

    Returns:
        0 to 1; 0 where only the prediction is empty, NaN where the truth is.

    Raises:
        ValueError: the masks differ in shape, or one is not bool.
    """
    found = counts(truth, prediction)
    return _share(found, 2 * found.overlap, found.truth + found.predicted)


def iou(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> float:
    """Intersection over union (Jaccard 1912).

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.

    Returns:
        0 to 1; 0 where only the prediction is empty, NaN where the truth is.

    Raises:
        ValueError: the masks differ in shape, or one is not bool.
    """
    found = counts(truth, prediction)
    return _share(found, found.overlap, found.truth + found.predicted - found.overlap)


def pixel_accuracy(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> float:
    """Share of pixels on which both masks agree, background included.

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.

    Returns:
        0 to 1; 1 where both are empty.

    Raises:
        ValueError: the masks differ in shape, or one is not bool.
    """
    found = counts(truth, prediction)
    return 1 - (found.truth + found.predicted - 2 * found.overlap) / found.pixels


def check_pair(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> None:
    """Hold two masks to what every metric asks of them.

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.

    Raises:
        ValueError: the masks differ in shape, are not of two dimensions, or one is not bool.
    """
    for name, mask in (("truth", truth), ("prediction", prediction)):
        if mask.dtype != np.bool_:
            raise ValueError(f"{name} must be bool, not {mask.dtype}: threshold it first")
        if mask.ndim != 2:
            raise ValueError(f"{name} must be (H, W), not {mask.shape}")
    if truth.shape != prediction.shape:
        raise ValueError(f"prediction is {prediction.shape}, truth {truth.shape}: they must agree")


def _share(found: Counts, part: int, whole: int) -> float:
    return part / whole if found.truth else float("nan")
