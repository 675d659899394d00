"""Is one method steadier than another? Tests of variances, over folds or seeds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats


@dataclass(frozen=True)
class Spread:
    """Two spreads beside each other.

    Attributes:
        ratio: the variance of a over that of b.
        low: lower end of its 95 % interval; NaN where the test gives none.
        high: upper end.
        statistic: of the test.
        p: two-sided.
        n: values of a; and of b, where they are paired.
    """

    ratio: float
    low: float
    high: float
    statistic: float
    p: float
    n: int


def brown_forsythe(a: NDArray[np.floating], b: NDArray[np.floating]) -> Spread:
    """Levene's test about the medians: holds up where values are not normal (JASA 69:364, 1974).

    Args:
        a: ``(N,)``, N ≥ 2, e.g. the accuracy of each fold.
        b: ``(M,)``, M ≥ 2.
    """
    found = stats.levene(a, b, center="median")
    return Spread(_ratio(a, b), np.nan, np.nan, float(found.statistic), float(found.pvalue), len(a))


def f_test(a: NDArray[np.floating], b: NDArray[np.floating], level: float = 0.95) -> Spread:
    """The ratio of two variances against F: right for independent, normal values only.

    Args:
        a: ``(N,)``, N ≥ 2.
        b: ``(M,)``, M ≥ 2.
        level: of the interval.
    """
    ratio, law = _ratio(a, b), stats.f(len(a) - 1, len(b) - 1)
    p = 2 * min(law.cdf(ratio), law.sf(ratio))
    low, high = (ratio / law.ppf((1 + sign * level) / 2) for sign in (1, -1))
    return Spread(ratio, float(low), float(high), ratio, min(float(p), 1.0), len(a))


def pitman_morgan(a: NDArray[np.floating], b: NDArray[np.floating], level: float = 0.95) -> Spread:
    """Compare the variances of pairs, such as two methods on the same folds.

    Variances are equal where sums and differences do not correlate (Pitman, Biometrika 31:9; Morgan, the
    same, 31:13, 1939).

    Args:
        a: ``(N,)``, N ≥ 3.
        b: ``(N,)``, on the same folds.
        level: of the interval.

    Raises:
        ValueError: they are no pairs, or fewer than three.
    """
    if len(a) != len(b) or len(a) < 3:
        raise ValueError(f"{len(a)} and {len(b)} values are not three pairs or more")
    ratio, freedom = _ratio(a, b), len(a) - 2
    tied = float(np.corrcoef(a, b)[0, 1])
    statistic = (ratio - 1) * np.sqrt(freedom / (4 * ratio * max(1 - tied**2, 1e-300)))
    p = 2 * stats.t.sf(abs(statistic), freedom)
    bend = 1 + 2 * (1 - tied**2) * stats.t.ppf((1 + level) / 2, freedom) ** 2 / freedom
    root = np.sqrt(bend**2 - 1)
    return Spread(
        ratio, float(ratio * (bend - root)), float(ratio * (bend + root)), float(statistic), float(p), len(a)
    )


def _ratio(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    return float(np.var(a, ddof=1) / np.var(b, ddof=1))
