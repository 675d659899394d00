"""Slices of one person are alike: who belongs together, and what that does to the error of a mean."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def cluster_codes(groups: NDArray[Any] | None, slices: int) -> NDArray[np.int64]:
    """Number the persons.

    Args:
        groups: ``(N,)``, whoever a slice is of; null where that is unknown and the slice stands alone; none
            where all do.
        slices: N.

    Returns:
        int64 ``(N,)``, 0 to G − 1.

    Raises:
        ValueError: there are not N.
    """
    if groups is None:
        return np.arange(slices)
    if len(groups) != slices:
        raise ValueError(f"groups are of {len(groups)} slices, not {slices}")
    codes = np.asarray(pd.factorize(groups)[0], np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(np.count_nonzero(alone))
    return codes


def cluster_means(values: NDArray[np.floating], groups: NDArray[Any] | None = None) -> NDArray[np.float64]:
    """The mean of each person's slices.

    Args:
        values: ``(N,)``.
        groups: ``(N,)``; default: each slice on its own.

    Returns:
        ``(G,)``.
    """
    codes = cluster_codes(groups, len(values))
    means: NDArray[np.float64] = np.bincount(codes, values) / np.bincount(codes)
    return means


def cluster_error(values: NDArray[np.floating], groups: NDArray[Any] | None = None) -> float:
    """Standard error of the mean when whole persons were sampled: the sandwich estimate, times G / (G − 1).

    With one slice a person it is the textbook's s / √N. Liang and Zeger, Biometrika 73:13 (1986).

    Args:
        values: ``(N,)``.
        groups: ``(N,)``; default: each slice on its own.

    Returns:
        In the units of the values; NaN for fewer than two persons.
    """
    codes = cluster_codes(groups, len(values))
    sums = np.bincount(codes, values - np.mean(values)) if len(values) else np.zeros(0)
    persons = len(sums)
    if persons < 2:
        return float("nan")
    return float(np.sqrt(persons / (persons - 1) * np.sum(sums**2)) / len(values))


def degrees(influence: NDArray[np.floating]) -> float:
    """Degrees of freedom of an error that comes from how far each person moves a number.

    Satterthwaite's, with the variance of the squares taken from themselves (Pan and Wall, Statistics in
    Medicine 21:1429, 2002): G − 1 and fewer where a few persons weigh most.

    Args:
        influence: ``(G,)``, G ≥ 2, about 0.

    Returns:
        1 to G − 1.
    """
    squares = np.asarray(influence, float) ** 2
    persons, total = len(squares), float(np.sum(squares))
    spread = float(np.sum(squares**2)) - total**2 / persons
    return float(np.clip(2 * total**2 / spread, 1, persons - 1)) if spread > 0 else persons - 1.0
