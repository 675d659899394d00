"""Averages of slices that count once, more often, or not at all, over many samples at a time."""

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
"""``(..., N)``: how often each of N slices counts. Whatever is made of it is ``(...)``."""


def once(weights: Weights | None, slices: int) -> Weights:
    """The weights given, or each slice once.

    Args:
        weights: ``(..., N)``, or none.
        slices: N.

    Raises:
        ValueError: they are not N.
    """
    if weights is None:
        return np.ones(slices)
    if weights.shape[-1] != slices:
        raise ValueError(f"weights are of {weights.shape[-1]} slices, not {slices}")
    return weights


def ratio(top: NDArray[np.floating], bottom: NDArray[np.floating]) -> NDArray[np.float64]:
    """One weighted sum over another; NaN where the lower one is 0.

    Args:
        top: ``(...)``.
        bottom: ``(...)``, 0 or more.
    """
    top, bottom = np.asarray(top, float), np.asarray(bottom, float)
    share = np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)
    return np.asarray(share)[()]


def mean(values: NDArray[np.floating], weights: Weights | None = None) -> NDArray[np.float64]:
    """Weighted mean.

    Args:
        values: ``(N,)``; NaN where a slice is not in it.
        weights: ``(..., N)``; default: each slice once.

    Returns:
        ``(...)``; NaN where no slice counts.
    """
    weights = once(weights, len(values))
    known = ~np.isnan(values)
    return ratio(weights @ np.where(known, values, 0.0), weights @ known.astype(float))


def median(values: NDArray[np.floating], weights: Weights | None = None) -> NDArray[np.float64]:
    """Median of the values, each as often as its weight says; between two middle ones, their mean.

    Args:
        values: ``(N,)``; NaN where a slice is not in it.
        weights: whole numbers ``(..., N)``; default: each slice once.

    Returns:
        ``(...)``; NaN where no slice counts.
    """
    weights = once(weights, len(values))
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
    if not len(order):
        return np.full(weights.shape[:-1], np.nan)
    ranked, passed = values[order], np.cumsum(weights[..., order], axis=-1)
    half = passed[..., -1:] / 2
    lower, upper = (passed >= half).argmax(axis=-1), (passed > half).argmax(axis=-1)
    middle: NDArray[np.float64] = (ranked[lower] + ranked[upper]) / 2
    return np.where(half[..., 0] > 0, middle, np.nan)
