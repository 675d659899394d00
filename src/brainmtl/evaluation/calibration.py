"""Whether probabilities mean what they say. A class is its index in :data:`brainmtl.labels.CLASSES`."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from brainmtl.labels import CLASSES

BINS = 15


def ece(truth: NDArray[np.integer], probabilities: NDArray[np.floating], bins: int = BINS) -> float:
    """Expected calibration error of the top class (Guo et al. 2017).

    In each bin of equal width, open below and closed above, the gap between the mean top probability and the
    share of slices that are right; averaged over the slices.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        probabilities: ``(N, 4)``.
        bins: how many.

    Returns:
        0 to 1.
    """
    top = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == truth
    numbers = np.clip(np.ceil(top * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(numbers, weights=top - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(truth))


def brier(truth: NDArray[np.integer], probabilities: NDArray[np.floating]) -> float:
    """Brier score in its first form: the squared errors summed over the classes, averaged over the slices.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        probabilities: ``(N, 4)``.

    Returns:
        0 to 2 (Brier 1950; halve it to compare with two-class scores).
    """
    errors = probabilities.astype(np.float64) - np.eye(len(CLASSES))[truth]
    return float(np.mean(np.sum(errors**2, axis=1)))


def nll(truth: NDArray[np.integer], probabilities: NDArray[np.floating]) -> float:
    """Negative log-likelihood of the true class.

    Args:
        truth: int ``(N,)``, N ≥ 1.
        probabilities: ``(N, 4)``; each row is scaled to sum to 1, and 0 counts as 2.2e-16.

    Returns:
        Nats a slice, 0 to about 36.
    """
    shares = probabilities.astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    return float(log_loss(truth, shares, labels=range(len(CLASSES))))
