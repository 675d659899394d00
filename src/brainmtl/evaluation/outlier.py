"""How unlike the training slices a slice is: scores that are higher the stranger it looks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.covariance import LedoitWolf


@dataclass(frozen=True)
class FeatureSpace:
    """Where the features of each class lie.

    Attributes:
        centres: float64 ``(C, D)``, the mean of each class.
        precision: float64 ``(D, D)``, the inverse of the covariance that the classes share.
    """

    centres: NDArray[np.float64]
    precision: NDArray[np.float64]


def energy(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Free energy, −T · ln Σ exp(logit / T) (Liu et al., NeurIPS 2020).

    Args:
        logits: ``(N, C)``.
        temperature: above 0.

    Returns:
        ``(N,)``, in the units of the logits.
    """
    score: NDArray[np.float64] = -temperature * logsumexp(np.asarray(logits, float) / temperature, axis=1)
    return score


def fit_features(features: NDArray[np.floating], classes: NDArray[np.integer]) -> FeatureSpace:
    """Describe training features by a centre a class and one covariance, shrunk as Ledoit and Wolf do.

    Args:
        features: ``(N, D)``, e.g. pooled features before the class head, of training slices.
        classes: int ``(N,)``.

    Raises:
        ValueError: fewer than two slices.
    """
    if len(features) < 2:
        raise ValueError("features of two slices at least are needed")
    names, codes = np.unique(classes, return_inverse=True)
    values = np.asarray(features, float)
    centres = np.stack([values[codes == code].mean(axis=0) for code in range(len(names))])
    shared = LedoitWolf(assume_centered=True).fit(values - centres[codes])
    return FeatureSpace(centres, shared.precision_)


def distance(space: FeatureSpace, features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Squared Mahalanobis distance to the nearest class (Lee et al., NeurIPS 2018).

    Args:
        space: of :func:`fit_features`.
        features: ``(M, D)``.

    Returns:
        ``(M,)``, 0 or more; about D for slices like the training ones.
    """
    apart = np.asarray(features, float)[:, None] - space.centres
    squares = np.einsum("mcd,de,mce->mc", apart, space.precision, apart)
    nearest: NDArray[np.float64] = squares.min(axis=1)
    return nearest


def alarm_threshold(scores: NDArray[np.floating], alarms: float = 0.05) -> float:
    """The score above which at most a given share of slices like these are called strange.

    Args:
        scores: ``(N,)``, of validation slices, which the features were not fitted on.
        alarms: share of false alarms tolerated, 0 to 1.

    Returns:
        The ⌈(N + 1)(1 − alarms)⌉-th smallest, so that the promise holds for a new slice; infinite with too
        few slices.
    """
    rank = int(np.ceil((len(scores) + 1) * (1 - alarms) - 1e-9))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else float("inf")
