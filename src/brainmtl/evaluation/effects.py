"""What each of several choices, tried together, does to a result."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from brainmtl.evaluation.bootstrap import LEVEL, Interval


def main_effects(
    levels: NDArray[np.bool_], values: NDArray[np.floating], level: float = LEVEL
) -> list[Interval]:
    """By least squares, how much a result is higher with each choice than without it, the others held.

    The intervals are Student's, from the scatter that the effects leave: chance of the seed, and choices that
    work on each other (Box, Hunter and Hunter, Statistics for Experimenters, 2005, ch. 5).

    Args:
        levels: bool ``(T, F)``, which trial had which choice.
        values: ``(T,)``, of the trials, finite.
        level: 0 to 1.

    Returns:
        F intervals; without ends where no scatter is left, NaN where the trials cannot tell choices apart.
    """
    trials, factors = levels.shape
    design = np.column_stack([np.ones(trials), levels])
    if trials <= factors or np.linalg.matrix_rank(design) <= factors:
        return [Interval(math.nan, math.nan, math.nan)] * factors
    found, *_ = np.linalg.lstsq(design, values)
    free = trials - factors - 1
    if free < 1:
        return [Interval(float(value), math.nan, math.nan) for value in found[1:]]
    variance = np.sum((values - design @ found) ** 2) / free
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    half = stats.t.ppf((1 + level) / 2, free) * errors
    return [
        Interval(float(value), float(value - reach), float(value + reach))
        for value, reach in zip(found[1:], half[1:], strict=True)
    ]
