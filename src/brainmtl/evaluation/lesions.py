"""Single lesions: found, missed and made up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from brainmtl.evaluation.segmentation import check_pair

LEAST_IOU = 0.1
"""A predicted lesion is a true one from here on: low, as experts' outlines of a glioma differ much, too."""
DIAGONAL = np.ones((3, 3), bool)


@dataclass(frozen=True)
class LesionCounts:
    """The lesions of one slice.

    Attributes:
        true: lesions of the true mask.
        predicted: lesions of the predicted mask.
        matched: pairs of the two; a lesion is in one pair at most.
    """

    true: int
    predicted: int
    matched: int


def count_lesions(mask: NDArray[np.bool_]) -> int:
    """Count the pieces of a mask; pixels that touch at a corner are one piece, and no piece is too small.

    Args:
        mask: bool ``(H, W)``.
    """
    return int(ndimage.label(mask, DIAGONAL)[1])


def match_lesions(
    truth: NDArray[np.bool_], prediction: NDArray[np.bool_], least_iou: float = LEAST_IOU
) -> LesionCounts:
    """Pair the lesions of two masks one to one, as many as can be, each pair with at least the given IoU.

    Args:
        truth: bool ``(H, W)``.
        prediction: bool ``(H, W)``.
        least_iou: above 0, to 1.

    Raises:
        ValueError: the masks differ in shape, or one is not bool.
    """
    check_pair(truth, prediction)
    true, trues = ndimage.label(truth, DIAGONAL)
    said, saids = ndimage.label(prediction, DIAGONAL)
    shared = np.bincount((true * (saids + 1) + said).ravel(), minlength=(trues + 1) * (saids + 1))
    shared = shared.reshape(trues + 1, saids + 1).astype(float)
    union = shared.sum(axis=1)[1:, None] + shared.sum(axis=0)[None, 1:] - shared[1:, 1:]
    fits = shared[1:, 1:] / np.maximum(union, 1) >= least_iou
    pairs = linear_sum_assignment(fits, maximize=True)
    return LesionCounts(trues, saids, int(fits[pairs].sum()))
