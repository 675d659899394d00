"""A method is more than one run: intervals over folds and over seeds."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from brainmtl.evaluation.bootstrap import LEVEL, RESAMPLES, Interval, draws
from brainmtl.evaluation.clusters import cluster_codes
from brainmtl.evaluation.weighted import ratio


def fold_interval(values: NDArray[np.floating], test_share: float = 0.0, level: float = LEVEL) -> Interval:
    """The mean over folds or seeds with Student's interval, widened where training sets overlap.

    Folds share most of their training slices, so their spread alone is too small: the variance of the mean is
    s² · (1/K + test/train) (Nadeau and Bengio, Machine Learning 52:239, 2003).

    Args:
        values: ``(K,)``, one a fold or seed.
        test_share: share of the slices in a fold's test part, 1/K in a cross-validation; 0 for seeds, which
            makes it the textbook's interval.
        level: 0 to 1.

    Returns:
        No ends for fewer than two values.
    """
    number = len(values)
    if number < 2:
        return Interval(float(np.mean(values)) if number else math.nan, math.nan, math.nan)
    factor = 1 / number + test_share / (1 - test_share)
    half = stats.t.ppf((1 + level) / 2, number - 1) * math.sqrt(np.var(values, ddof=1) * factor)
    centre = float(np.mean(values))
    return Interval(centre, float(centre - half), float(centre + half))


def apart_interval(
    one: NDArray[np.floating],
    other: NDArray[np.floating],
    test_share: float = 0.0,
    level: float = LEVEL,
) -> Interval:
    """The difference of two means over folds or seeds that are not pairs, with Welch's interval.

    The variance of each mean is as in :func:`fold_interval`.

    Args:
        one: ``(K,)``, two values or more.
        other: ``(L,)``, likewise; its mean is subtracted.
        test_share: see :func:`fold_interval`.
        level: 0 to 1.
    """
    gap = float(np.mean(one) - np.mean(other))
    shares = [
        float(np.var(values, ddof=1)) * (1 / len(values) + test_share / (1 - test_share))
        for values in (one, other)
    ]
    total = sum(shares)
    if total == 0:
        return Interval(gap, gap, gap)
    freedom = total**2 / sum(
        share**2 / (len(values) - 1) for share, values in zip(shares, (one, other), strict=True)
    )
    half = float(stats.t.ppf((1 + level) / 2, freedom)) * math.sqrt(total)
    return Interval(gap, gap - half, gap + half)


def seed_and_slice_interval(
    values: NDArray[np.floating],
    groups: NDArray[Any] | None = None,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """The mean over seeds and slices, when both were a matter of chance: both are drawn anew, crosswise.

    Percentiles of the draws (Owen, Annals of Applied Statistics 1:386, 2007). With few seeds it is on the
    narrow side.

    Args:
        values: ``(S, N)``, a row a seed, on the same slices; no NaN.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.
        resamples: draws.
        level: 0 to 1.
        seed: of the draws.

    Returns:
        No ends for fewer than two seeds.
    """
    seeds, slices = values.shape
    if seeds < 2:
        return Interval(float(values.mean()), math.nan, math.nan)
    runs = np.concatenate(list(draws(np.arange(seeds), resamples, seed)))
    found, start = [], 0
    for weights in draws(cluster_codes(groups, slices), resamples, seed + 1):
        by_seed = ratio(weights @ values.T, np.repeat(weights.sum(axis=1)[:, None], seeds, axis=1))
        found.append(np.sum(by_seed * runs[start : start + len(weights)], axis=1) / seeds)
        start += len(weights)
    low, high = np.quantile(np.concatenate(found), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(values.mean()), float(low), float(high))
