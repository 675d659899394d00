"""Tests of variances against an analysis of variance, a correlation and inverted tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from brainmtl.evaluation.variance import brown_forsythe, f_test, pitman_morgan

SEEDS = st.integers(0, 10**6)


def pair(seed: int, number: int = 9) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    a = random.normal(size=number)
    return a, a * 0.6 + random.normal(0, 1.5, number)


@given(SEEDS)
def test_brown_forsythe_is_an_analysis_of_variance_of_distances(seed):
    a, b = pair(seed)
    expected = stats.f_oneway(*(np.abs(one - np.median(one)) for one in (a, b)))
    found = brown_forsythe(a, b)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert found.ratio == pytest.approx(a.var(ddof=1) / b.var(ddof=1))


@given(SEEDS)
def test_pitman_morgan_is_the_correlation_of_sums_and_differences(seed):
    a, b = pair(seed)
    assert pitman_morgan(a, b).p == pytest.approx(stats.pearsonr(a + b, a - b).pvalue, abs=1e-9)


@pytest.mark.parametrize("test", [f_test, pitman_morgan])
@given(seed=SEEDS)
def test_the_ends_of_the_interval_are_where_p_is_the_level(test, seed):
    a, b = pair(seed)
    found = test(a, b)
    for end in (found.low, found.high):
        assert test(a / np.sqrt(end), b).p == pytest.approx(0.05, abs=1e-6)
    assert found.low < found.ratio < found.high


def test_f_of_hand_made_values():
    """Variances 4 and 1 with 2 degrees each: F is 4, and P(F > 4) = 1 / (1 + 4)."""
    found = f_test(np.array([0.0, 2, 4]), np.array([1.0, 2, 3]))
    assert (found.ratio, found.p) == pytest.approx((4, 2 / 5))


def test_no_pairs():
    with pytest.raises(ValueError, match="not three pairs"):
        pitman_morgan(np.zeros(2), np.zeros(2))
