"""Whether probabilities mean what they say. A class is its index in :data:`brainmtl.labels.CLASSES`.

``weights`` are always how often each slice counts, ``(..., N)``, by default once each; what comes back is
``(...)``.
"""

import numpy as np
from numpy.typing import NDArray

from brainmtl.evaluation.weighted import Weights, mean, once, ratio
from brainmtl.labels import CLASSES

BINS = 15
SMALLEST = float(np.finfo(float).eps)
"""What a probability of 0 counts as."""


def ece(
    truth: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    weights: Weights | None = None,
    bins: int = BINS,
) -> NDArray[np.float64]:
    """Expected calibration error of the top class (Guo et al. 2017).

    In each bin of equal width, open below and closed above, the gap between the mean top probability and the
    share of slices that are right; averaged over the slices.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        probabilities: ``(N, 4)``.
        weights: ``(..., N)``.
        bins: how many.

    Returns:
        0 to 1.
    """
    top, right = top_class(truth, probabilities)
    return _binned_gap(top, right, equal_width(top, bins), once(weights, len(top)))


def ece_adaptive(
    truth: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    weights: Weights | None = None,
    bins: int = BINS,
) -> NDArray[np.float64]:
    """The same with bins that hold equally many slices (Nguyen and O'Connor, EMNLP 2015).

    Slices of the same top probability share a bin, so that their order changes nothing. The bins are those
    of the slices once each, also where they are weighted.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        probabilities: ``(N, 4)``.
        weights: ``(..., N)``.
        bins: how many, at most.

    Returns:
        0 to 1.
    """
    top, right = top_class(truth, probabilities)
    return _binned_gap(top, right, equal_mass(top, bins), once(weights, len(top)))


def brier(
    truth: NDArray[np.integer], probabilities: NDArray[np.floating], weights: Weights | None = None
) -> NDArray[np.float64]:
    """Brier score in its first form: the squared errors summed over the classes, averaged over the slices.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        probabilities: ``(N, 4)``.
        weights: ``(..., N)``.

    Returns:
        0 to 2 (Brier 1950; halve it to compare with two-class scores).
    """
    errors = probabilities.astype(float) - np.eye(len(CLASSES))[truth]
    return mean(np.sum(errors**2, axis=1), weights)


def nll(
    truth: NDArray[np.integer], probabilities: NDArray[np.floating], weights: Weights | None = None
) -> NDArray[np.float64]:
    """Negative log-likelihood of the true class.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        probabilities: ``(N, 4)``; each row is scaled to sum to 1, and 0 counts as 2.2e-16.
        weights: ``(..., N)``.

    Returns:
        Nats a slice, 0 to about 36.
    """
    shares = probabilities.astype(float)
    given = shares[np.arange(len(truth)), truth] / shares.sum(axis=1)
    return mean(-np.log(np.clip(given, SMALLEST, 1 - SMALLEST)), weights)


def top_class(
    truth: NDArray[np.integer], probabilities: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The highest probability of each slice, and whether its class is the true one.

    Args:
        truth: int ``(N,)``.
        probabilities: ``(N, 4)``.

    Returns:
        float64 ``(N,)`` in [0, 1]; bool ``(N,)``.
    """
    return probabilities.max(axis=1).astype(float), probabilities.argmax(axis=1) == truth


def equal_width(certainty: NDArray[np.floating], bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each certainty, open below and closed above.

    Args:
        certainty: ``(N,)`` in [0, 1].
        bins: how many.

    Returns:
        int64 ``(N,)``, 0 to ``bins`` − 1.
    """
    found: NDArray[np.int64] = np.clip(np.ceil(certainty * bins).astype(np.int64) - 1, 0, bins - 1)
    return found


def equal_mass(certainty: NDArray[np.floating], bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each certainty, as near to equally many in each as ties allow.

    Args:
        certainty: ``(N,)``.
        bins: how many, at most.

    Returns:
        int64 ``(N,)``, 0 to ``bins`` − 1.
    """
    first = np.searchsorted(np.sort(certainty), certainty, side="left")
    return first * bins // max(len(certainty), 1)


def _binned_gap(
    certainty: NDArray[np.float64], right: NDArray[np.bool_], bins: NDArray[np.int64], weights: Weights
) -> NDArray[np.float64]:
    cells = np.zeros((len(certainty), int(bins.max(initial=0)) + 1))
    cells[np.arange(len(certainty)), bins] = certainty - right
    return ratio(np.abs(weights @ cells).sum(axis=-1), weights.sum(axis=-1))
