"""How far a share of slices can be trusted: 0 of 140 is not 0 %."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from brainmtl.evaluation.bootstrap import LEVEL, Interval
from brainmtl.evaluation.clusters import cluster_codes, cluster_error, degrees


def wilson(hits: float, trials: float, level: float = LEVEL, freedom: float = math.inf) -> Interval:
    """Wilson's score interval (JASA 22:209, 1927).

    Args:
        hits: 0 to ``trials``.
        trials: more than 0; need not be whole, as an effective number seldom is.
        level: 0 to 1.
        freedom: degrees of freedom, where how many trials there are was estimated.

    Raises:
        ValueError: no trials, or more hits than those.
    """
    if not 0 <= hits <= trials or trials <= 0:
        raise ValueError(f"{hits} of {trials} is no share")
    z = float(stats.t.ppf((1 + level) / 2, freedom))
    share, spread = hits / trials, z * z / trials
    centre = share + spread / 2
    half = math.sqrt(spread * (share * (1 - share) + spread / 4))
    low, high = ((centre + sign * half) / (1 + spread) for sign in (-1, 1))
    return Interval(share, min(max(low, 0.0), share), max(min(high, 1.0), share))


def design_effect(hits: NDArray[np.floating], groups: NDArray[Any] | None = None) -> float:
    """How many times the variance of a share grows because whole persons were sampled; never below 1.

    At 0 and 100 % no data can show it, and it is taken as 1. Kish, Survey Sampling (1965).

    Args:
        hits: 0 or 1, ``(N,)``, N ≥ 1.
        groups: ``(N,)``; default: each slice on its own.

    Returns:
        1 to N.
    """
    n, share = len(hits), float(np.mean(hits))
    if cluster_codes(groups, n).max() == 0:
        return float(n)
    if share in (0.0, 1.0):
        return 1.0
    return float(np.clip(cluster_error(hits, groups) ** 2 * (n - 1) / (share * (1 - share)), 1, n))


def rate_interval(
    hits: NDArray[np.floating], groups: NDArray[Any] | None = None, level: float = LEVEL
) -> Interval:
    """Wilson's interval on as many independent slices as the persons are worth (Korn and Graubard 1998).

    The normal quantile becomes Student's, because what persons are worth is estimated: with the degrees of
    freedom of the persons' influence, over the square of the excess's share of the variance, as the binomial
    rest of it is known. There are G − 1 at most. Without excess the interval is the plain one.

    Args:
        hits: 0 or 1, ``(N,)``.
        groups: ``(N,)``; default: each slice on its own.
        level: 0 to 1.

    Returns:
        All NaN without a slice.
    """
    if not len(hits):
        return Interval(math.nan, math.nan, math.nan)
    share, effect = float(np.mean(hits)), design_effect(hits, groups)
    worth = len(hits) / effect
    found = wilson(share * worth, worth, level, _degrees(hits, groups, effect))
    return Interval(share, min(found.low, share), max(found.high, share))


def _degrees(hits: NDArray[np.floating], groups: NDArray[Any] | None, effect: float) -> float:
    codes = cluster_codes(groups, len(hits))
    persons = int(codes.max()) + 1
    if effect == 1 or persons == 1:
        return math.inf
    influence = np.bincount(codes, hits - np.mean(hits))
    return min(persons - 1, degrees(np.asarray(influence, float)) / (1 - 1 / effect) ** 2)
