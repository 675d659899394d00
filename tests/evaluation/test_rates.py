"""Wilson's interval is that of SciPy and statsmodels; persons widen it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from brainmtl.evaluation.rates import design_effect, rate_interval, wilson

RATES = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(RATES, st.sampled_from([0.8, 0.95, 0.99]))
def test_agrees_with_scipy_and_statsmodels(rate, level):
    hits, n = rate
    found = wilson(hits, n, level)
    theirs = stats.binomtest(hits, n).proportion_ci(level, method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    others = proportion_confint(hits, n, alpha=1 - level, method="wilson")
    assert (found.low, found.high) == pytest.approx(others, abs=1e-9)
    assert found.low <= hits / n <= found.high


def test_none_of_140_is_not_none():
    found = rate_interval(np.zeros(140))
    assert (found.value, found.low, round(found.high, 3)) == (0, 0, 0.027)


def test_slices_apart_have_no_design_effect():
    hits = np.random.default_rng(0).random(90) < 0.2
    assert design_effect(hits.astype(float)) == pytest.approx(1)
    plain, ours = wilson(hits.sum(), 90), rate_interval(hits.astype(float))
    assert (ours.low, ours.high) == pytest.approx((plain.low, plain.high))


def test_persons_who_repeat_themselves_count_once():
    """Thirty persons, eight slices each, all alike: worth thirty slices, or nearly, with Student's t.

    Of their variance 7/8 are excess, and the kurtosis of a Bernoulli variable is 3 + (1 − 6pq)/pq.
    """
    persons = (np.arange(30) < 6).astype(float)
    found = rate_interval(np.repeat(persons, 8), np.repeat(range(30), 8))
    pq = 0.2 * 0.8
    freedom = 2 * 30 / (2 + (1 - 6 * pq) / pq) / (7 / 8) ** 2
    squared = stats.t.ppf(0.975, freedom) ** 2
    alone = proportion_confint(6, 30, alpha=stats.chi2.sf(squared, 1), method="wilson")
    assert (found.low, found.high) == pytest.approx(alone, abs=0.005)
    assert found.high - found.low > np.ptp(proportion_confint(6, 30, method="wilson"))


def test_one_person_is_one_slice():
    found = rate_interval(np.ones(12), np.zeros(12))
    assert (found.low, found.high) == pytest.approx((wilson(1, 1).low, 1))


def test_coverage_of_a_simulation():
    """Persons' own rates are Beta(1, 4), the mean is .2; the plain interval holds it less often."""
    random = np.random.default_rng(7)
    groups = np.repeat(range(40), 6)
    held = plain = 0
    for _ in range(300):
        hits = (random.random(240) < np.repeat(random.beta(1, 4, 40), 6)).astype(float)
        clustered, alone = rate_interval(hits, groups), rate_interval(hits)
        held += clustered.low <= 0.2 <= clustered.high
        plain += alone.low <= 0.2 <= alone.high
    assert 0.91 <= held / 300 <= 0.985
    assert plain / 300 < 0.88


@pytest.mark.parametrize(("hits", "trials"), [(3, 2), (-1, 2), (0, 0)])
def test_no_share(hits, trials):
    with pytest.raises(ValueError, match="is no share"):
        wilson(hits, trials)


def test_no_slices():
    assert np.isnan(rate_interval(np.zeros(0)).high)
