"""How unlike the slices that it knows a slice is to a network: what is fitted, and when to raise an alarm."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupKFold

from brainmtl.evaluation.clusters import cluster_codes
from brainmtl.inference.familiarity import FeatureSpace, distance

AXES = 16
FOLDS = 5


def fit_features(features: NDArray[np.floating], axes: int = AXES) -> FeatureSpace:
    """Describe features by their mean, the axes along which they vary most, and one variance for the rest.

    Each feature is first divided by its standard deviation. Probabilistic principal components (Tipping and
    Bishop 1999). One centre for all classes told strangers as well as one a class did, and asks for no label.

    Args:
        features: ``(N, D)``, N and D ≥ 2, e.g. the means of an encoder's feature maps.
        axes: how many at most; with few slices, half as many as they could span.

    Raises:
        ValueError: there are too few slices, or they are all alike.
    """
    values = np.asarray(features, float)
    if min(values.shape) < 2:
        raise ValueError("two features of two slices at least are needed")
    spread = values.std(axis=0)
    if not spread.max() > 0:
        raise ValueError("all slices have the same features")
    mean, scale = values.mean(axis=0), np.maximum(spread, 1e-3 * spread.max())
    kept = max(1, min(axes, (len(values) - 1) // 2, values.shape[1] - 1))
    found = PCA(kept, svd_solver="full").fit((values - mean) / scale)
    rest = max(float(found.noise_variance_), 1e-6)
    numbers = (mean, scale, found.components_, np.maximum(found.explained_variance_, rest), rest)
    return FeatureSpace(*(np.asarray(number, np.float32) for number in numbers))


def held_out_distance(
    features: NDArray[np.floating], groups: NDArray[Any] | None = None, axes: int = AXES
) -> NDArray[np.float64]:
    """The distance of each slice from the features of other persons: persons are dealt into five folds.

    Args:
        features: ``(N, D)``.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.
        axes: of :func:`fit_features`.

    Returns:
        ``(N,)``, squared.

    Raises:
        ValueError: all slices are of one person, or :func:`fit_features` refuses.
    """
    codes = cluster_codes(groups, len(features))
    persons = int(codes.max(initial=-1)) + 1
    if persons < 2:
        raise ValueError("slices of two persons at least are needed")
    found = np.empty(len(features))
    for seen, left in GroupKFold(min(FOLDS, persons)).split(codes, groups=codes):
        found[left] = distance(fit_features(features[seen], axes), features[left])
    return found


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
