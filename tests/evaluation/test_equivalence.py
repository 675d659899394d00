"""Equivalence is found as statsmodels finds it, and as often as its power says."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from brainmtl.evaluation.equivalence import tost, tost_power

RANDOM = np.random.default_rng(8)
A = RANDOM.beta(6, 2, 50)
B = A + RANDOM.normal(0.005, 0.05, 50)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 0.5))
def test_agrees_with_statsmodels(seed, margin):
    random = np.random.default_rng(seed)
    a = random.normal(size=12)
    b = a + random.normal(0.05, 0.3, 12)
    found = tost(a, b, margin)
    assert found.p == pytest.approx(ttost_paired(a, b, -margin, margin)[0], abs=1e-9)
    assert found.equivalent == (-margin < found.low and found.high < margin) == (found.p < 0.05)


def test_persons_widen_as_statsmodels_says():
    groups = np.arange(50) % 9
    fit = sm.OLS(A - B, np.ones(50)).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = fit.conf_int(alpha=0.1)[0]
    found = tost(A, B, 0.05, groups)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert (found.n, found.persons) == (50, 9)


@pytest.mark.parametrize(("n", "difference"), [(8, 0.0), (20, 0.0), (20, 0.3), (20, 0.6)])
def test_power_is_how_often_it_is_found(n, difference):
    """At a true difference of the margin itself, that is at most α."""
    samples = np.random.default_rng(n).normal(difference, 1, (20000, n))
    error = samples.std(axis=1, ddof=1) / np.sqrt(n)
    found = np.abs(samples.mean(axis=1)) + stats.t.isf(0.05, n - 1) * error < 0.6
    assert tost_power(1 / np.sqrt(n), n - 1, 0.6, difference) == pytest.approx(found.mean(), abs=0.012)


def test_power_of_many_slices_is_the_normal_one():
    z = stats.norm.isf(0.05)
    expected = 2 * stats.norm.cdf(0.05 / 0.02 - z) - 1
    assert tost_power(0.02, 100_000, 0.05) == pytest.approx(expected, abs=1e-3)
    assert tost_power(0.02, 30, 1e-9) == pytest.approx(0, abs=1e-6)


def test_the_same_run_is_equivalent_to_itself():
    found = tost(A, A, 0.001)
    assert (found.value, found.equivalent) == (0, True)


@pytest.mark.parametrize(
    ("b", "margin", "groups", "message"),
    [(B[1:], 0.1, None, "the same ones"), (B, 0, None, "above 0"), (B, 0.1, np.zeros(50), "two persons")],
)
def test_what_cannot_be_tested(b, margin, groups, message):
    with pytest.raises(ValueError, match=message):
        tost(A, b, margin, groups)
