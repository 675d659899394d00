"""Two runs on the same slices: is one better, and by how much?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from brainmtl.evaluation.bootstrap import RESAMPLES, mean_interval
from brainmtl.evaluation.clusters import cluster_codes, cluster_means


@dataclass(frozen=True)
class Difference:
    """By how much one run is better than another.

    Attributes:
        value: mean of a − b.
        low: lower end of its 95 % interval.
        high: upper end.
        p: two-sided.
        n: slices.
        persons: whom they are of.
    """

    value: float
    low: float
    high: float
    p: float
    n: int
    persons: int


@dataclass(frozen=True)
class SignedRank:
    """What a signed-rank test says.

    Attributes:
        statistic: of the test.
        p: two-sided.
        n: pairs that it looked at.
    """

    statistic: float
    p: float
    n: int


@dataclass(frozen=True)
class Disagreement:
    """On which slices only one of two runs is right.

    Attributes:
        only_a: slices on which only the first is.
        only_b: slices on which only the second is.
        p: two-sided.
        n: slices.
    """

    only_a: int
    only_b: int
    p: float
    n: int


def paired_difference(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    groups: NDArray[Any] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """The mean difference, its interval by the bootstrap over persons, and a randomisation test.

    The test asks how often so large a mean difference, either way, would come about were the two runs' names
    drawn anew for each person (Fisher 1935; all of a person's slices change names together).

    Args:
        a: ``(N,)``, e.g. the Dice of each slice by one run.
        b: ``(N,)``, of the same slices by another.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.
        resamples: of the bootstrap, and of the test.
        seed: of both.

    Raises:
        ValueError: the two are not of the same slices, or a value is NaN.
    """
    apart = _apart(a, b)
    interval = mean_interval(apart, groups, resamples=resamples, seed=seed)
    codes = cluster_codes(groups, len(apart))
    sums = np.bincount(codes, apart)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (resamples, len(sums)))
    as_large = np.abs(signs @ sums) >= abs(sums.sum()) - 1e-12 * np.abs(sums).sum()
    p = (np.count_nonzero(as_large) + 1) / (resamples + 1)
    return Difference(interval.value, interval.low, interval.high, float(p), len(apart), len(sums))


def wilcoxon(
    a: NDArray[np.floating], b: NDArray[np.floating], groups: NDArray[Any] | None = None
) -> SignedRank:
    """Wilcoxon's signed-rank test, on the mean difference of each person (Biometrics Bulletin 1:80, 1945).

    Args:
        a: ``(N,)``.
        b: ``(N,)``, of the same slices.
        groups: ``(N,)``, the person of each slice; default: each slice stands alone.

    Returns:
        Without any difference, p = 1. Pairs that agree are ranked and then dropped (Pratt 1959).

    Raises:
        ValueError: the two are not of the same slices, or a value is NaN.
    """
    means = cluster_means(_apart(a, b), groups)
    if not means.any():
        return SignedRank(0.0, 1.0, len(means))
    found = stats.wilcoxon(means, zero_method="pratt")
    return SignedRank(float(found.statistic), float(found.pvalue), len(means))


def mcnemar(
    right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], groups: NDArray[Any] | None = None
) -> Disagreement:
    """Test whether two runs are right equally often: McNemar's exact test, or its χ² over persons.

    Args:
        right_a: bool ``(N,)``, whether the first is right.
        right_b: bool ``(N,)``, the second, of the same slices.
        groups: ``(N,)``, the person of each slice. Where given: the squared sum of the persons' balances
            over the sum of their squares, χ² with one degree of freedom: Obuchowski's test (Statistics in
            Medicine 17:1495, 1998) with the variance under the hypothesis (Yang, Sun and Hardin, Biometrical
            Journal 52:638, 2010). Persons count by their slices, as in an accuracy; with one slice a person
            this is McNemar's own χ² (Psychometrika 12:153, 1947).

    Raises:
        ValueError: the two are not of the same slices.
    """
    apart = _apart(np.asarray(right_a, float), np.asarray(right_b, float))
    only_a, only_b = int((apart > 0).sum()), int((apart < 0).sum())
    if only_a + only_b == 0:
        return Disagreement(0, 0, 1.0, len(apart))
    if groups is None:
        p = stats.binomtest(only_a, only_a + only_b).pvalue
    else:
        balances = np.bincount(cluster_codes(groups, len(apart)), apart)
        squares = np.sum(balances**2)
        p = stats.chi2.sf(apart.sum() ** 2 / squares, 1) if squares else 1.0
    return Disagreement(only_a, only_b, float(p), len(apart))


def holm(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """Adjust the p-values of a table so that any false alarm at all is as rare as the level says.

    Holm, Scandinavian Journal of Statistics 6:65 (1979).

    Args:
        p: ``(K,)``.

    Returns:
        ``(K,)``, in the same order, at most 1.
    """
    order = np.argsort(p)
    steps = np.asarray(p, float)[order] * (len(p) - np.arange(len(p)))
    adjusted: NDArray[np.float64] = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def _apart(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    if len(a) != len(b):
        raise ValueError(f"a is of {len(a)} slices, b of {len(b)}: they must be the same ones")
    apart: NDArray[np.float64] = np.asarray(a, float) - np.asarray(b, float)
    if np.isnan(apart).any():
        raise ValueError("a value is NaN: leave out what one of the two lacks")
    return apart
