"""Intervals by resampling whole persons, for any number that weighted slices add up to."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from brainmtl.evaluation.clusters import cluster_codes, degrees
from brainmtl.evaluation.weighted import Weights, mean

LEVEL = 0.95
RESAMPLES = 2000
FEWEST = 5
"""With fewer persons than these a bootstrap says nothing."""
CHUNK = 2_000_000
"""Weights held at once."""

Statistic = Callable[[Weights], NDArray[np.float64]]
"""Weights ``(R, N)`` → numbers ``(R, K)``, or ``(R,)`` where K is 1."""


@dataclass(frozen=True)
class Interval:
    """A number and how far it can be trusted.

    Attributes:
        value: as measured.
        low: lower end; NaN where there is none.
        high: upper end; NaN where there is none.
    """

    value: float
    low: float
    high: float


def draws(codes: NDArray[np.int64], resamples: int, seed: int) -> Iterator[Weights]:
    """Draw persons with replacement, as many as there are, and say how often each slice then counts.

    Args:
        codes: int ``(N,)``, the person of each slice, 0 to G − 1.
        resamples: how many times.
        seed: of the draws.

    Yields:
        ``(r, N)``, until there have been ``resamples`` rows.
    """
    random, persons = np.random.default_rng(seed), int(codes.max()) + 1
    for rows in _chunks(resamples, len(codes)):
        drawn = random.integers(persons, size=(rows, persons), dtype=np.int32)
        drawn += np.arange(rows, dtype=np.int32)[:, None] * persons
        times = np.bincount(drawn.ravel(), minlength=rows * persons).reshape(rows, persons)
        yield times.astype(float)[:, codes]


def left_out(codes: NDArray[np.int64]) -> Iterator[Weights]:
    """Leave each person out once.

    Args:
        codes: int ``(N,)``, the person of each slice, 0 to G − 1.

    Yields:
        ``(g, N)``, until there have been G rows.
    """
    start = 0
    for rows in _chunks(int(codes.max()) + 1, len(codes)):
        yield (codes[None] != np.arange(start, start + rows)[:, None]).astype(float)
        start += rows


def bootstrap(
    statistic: Statistic,
    slices: int,
    groups: NDArray[Any] | None = None,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> list[Interval]:
    """Bias-corrected and accelerated intervals from resampled persons (Efron, JASA 82:171, 1987).

    Their tails are Student's, because a percentile interval of few persons is too narrow (Hesterberg, The
    American Statistician 69:371, 2015), with the degrees of freedom of the persons' influence. All K numbers
    share the draws. An interval always holds its value. It has no ends where there are fewer than
    :data:`FEWEST` persons, where more than half of the resamples leave the number undefined, or where all of
    them agree, which shows no certainty but that resampling is blind there.

    Args:
        statistic: what to measure.
        slices: N, at least 1.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.
        resamples: R.
        level: 0 to 1.
        seed: of the draws.

    Returns:
        K intervals.
    """
    codes = cluster_codes(groups, slices)
    values = _table(statistic, np.ones((1, slices)))[0]
    if codes.max() + 1 < FEWEST:
        return [Interval(float(value), math.nan, math.nan) for value in values]
    samples = np.concatenate([_table(statistic, weights) for weights in draws(codes, resamples, seed)])
    without = np.concatenate([_table(statistic, weights) for weights in left_out(codes)])
    columns = zip(values, samples.T, without.T, strict=True)
    return [_accelerated(float(value), sample, jack, level) for value, sample, jack in columns]


def mean_interval(
    values: NDArray[np.floating],
    groups: NDArray[Any] | None = None,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """The mean with its :func:`bootstrap` interval.

    Args:
        values: ``(N,)``.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.
        resamples: how many.
        level: 0 to 1.
        seed: of the draws.

    Returns:
        All NaN without a slice.
    """
    if not len(values):
        return Interval(math.nan, math.nan, math.nan)
    (found,) = bootstrap(
        lambda weights: mean(values, weights),
        len(values),
        groups,
        resamples=resamples,
        level=level,
        seed=seed,
    )
    return found


def _chunks(rows: int, slices: int) -> Iterator[int]:
    most = max(1, CHUNK // slices)
    yield from (min(most, rows - start) for start in range(0, rows, most))


def _table(statistic: Statistic, weights: Weights) -> NDArray[np.float64]:
    return statistic(weights).reshape(len(weights), -1)


def _accelerated(
    value: float, samples: NDArray[np.float64], without: NDArray[np.float64], level: float
) -> Interval:
    known, jack = samples[np.isfinite(samples)], without[np.isfinite(without)]
    blind = Interval(value, math.nan, math.nan)
    if not math.isfinite(value) or len(known) * 2 < len(samples) or len(jack) < FEWEST:
        return blind
    if np.ptp(known) <= 1e-12 * max(1.0, abs(value)):
        return blind
    influence, persons = jack.mean() - jack, len(jack)
    far = stats.t.ppf((1 + level) / 2, degrees(influence)) * math.sqrt(persons / (persons - 1))
    z = np.array([-far, far])
    below = (np.mean(known < value) + np.mean(known <= value)) / 2
    if 0 < below < 1:
        shift = stats.norm.ppf(below)
        pace = 1 - _acceleration(influence) * (shift + z)  # at 0 and beyond, the end is the farthest
        z = shift + (shift + z) / np.maximum(pace, 1e-9)
    low, high = np.quantile(known, stats.norm.cdf(z))
    return Interval(value, min(float(low), value), max(float(high), value))


def _acceleration(influence: NDArray[np.float64]) -> float:
    scale = np.sum(influence**2) ** 1.5
    return float(np.sum(influence**3) / (6 * scale)) if scale > 0 else 0.0
