"""No difference found is not no difference: tests that two runs are equal within a stated margin."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, stats

from brainmtl.evaluation.clusters import cluster_codes, cluster_error

ALPHA = 0.05


@dataclass(frozen=True)
class Equivalence:
    """Whether two runs differ by less than a margin.

    Attributes:
        value: mean of a − b.
        low: lower end of its interval at the level 1 − 2α, by default 90 %.
        high: upper end; the runs are equivalent where both ends lie within the margin.
        p: the greater of the two one-sided tests'.
        margin: as stated.
        equivalent: p < α.
        power: the chance of finding equivalence, had the runs been exactly equal.
        n: slices.
        persons: whom they are of.
    """

    value: float
    low: float
    high: float
    p: float
    margin: float
    equivalent: bool
    power: float
    n: int
    persons: int


def tost(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    margin: float,
    groups: NDArray[Any] | None = None,
    alpha: float = ALPHA,
) -> Equivalence:
    """Two one-sided paired t tests (Schuirmann, J Pharmacokinetics and Biopharmaceutics 15:657, 1987).

    Args:
        a: ``(N,)``, e.g. the Dice of each slice by one run.
        b: ``(N,)``, of the same slices by another.
        margin: the least difference that would matter, in the units of a and b; stated before looking.
        groups: ``(N,)``, the person of each slice: the error is then clustered, with G − 1 degrees of
            freedom; default: each slice stands alone, and this is the textbook's test.
        alpha: 0 to 0.5.

    Raises:
        ValueError: the two are not of the same slices, there are fewer than two persons, or no margin.
    """
    if len(a) != len(b):
        raise ValueError(f"a is of {len(a)} slices, b of {len(b)}: they must be the same ones")
    if not margin > 0:
        raise ValueError(f"margin must be above 0, not {margin}")
    apart = np.asarray(a, float) - np.asarray(b, float)
    persons = int(cluster_codes(groups, len(apart)).max(initial=-1)) + 1
    if persons < 2:
        raise ValueError("equivalence needs two persons at least")
    mean, error = float(apart.mean()), max(cluster_error(apart, groups), 1e-300)
    p = float(stats.t.sf((margin - abs(mean)) / error, persons - 1))
    half = float(stats.t.isf(alpha, persons - 1)) * error
    power = tost_power(error, persons - 1, margin, alpha=alpha)
    return Equivalence(mean, mean - half, mean + half, p, margin, p < alpha, power, len(apart), persons)


def tost_power(
    error: float, freedom: float, margin: float, difference: float = 0.0, alpha: float = ALPHA
) -> float:
    """The chance that :func:`tost` finds equivalence, integrated over the estimated error (Phillips 1990).

    Args:
        error: the true standard error of the mean difference, e.g. SD / √N.
        freedom: degrees of freedom, N − 1, or persons − 1.
        margin: as stated, above 0.
        difference: the true one.
        alpha: of the test.

    Returns:
        0 to 1.
    """
    critical = float(stats.t.isf(alpha, freedom))
    widest = margin / (error * critical)

    def within(estimated: float) -> float:
        room = margin - critical * estimated * error
        inside = stats.norm.cdf((room - difference) / error) - stats.norm.cdf((-room - difference) / error)
        density = stats.chi.pdf(estimated * math.sqrt(freedom), freedom) * math.sqrt(freedom)
        return float(inside * density)

    spread = 12 / math.sqrt(2 * freedom)
    start, end = max(0.0, 1 - spread), min(widest, 1 + spread)
    return float(np.clip(integrate.quad(within, start, end)[0], 0, 1)) if end > start else 0.0
