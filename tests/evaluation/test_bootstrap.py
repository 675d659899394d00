"""The bootstrap is SciPy's where slices stand alone, a loop's where persons are drawn, and it covers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from brainmtl.evaluation.bootstrap import FEWEST, bootstrap, draws, left_out, mean_interval
from brainmtl.evaluation.clusters import cluster_codes
from brainmtl.evaluation.weighted import mean, median

SKEWED = np.random.default_rng(3).beta(6, 1.2, 60)


def ends(interval) -> tuple[float, float]:
    return interval.low, interval.high


def widened(level: float, influence: np.ndarray) -> float:
    """The level at which percentiles have Student's tails (Hesterberg 2015; Pan and Wall 2002)."""
    n = len(influence)
    freedom = 2 * n / (stats.kurtosis(influence, fisher=False) - 1)
    tail = np.sqrt(n / (n - 1)) * stats.t.ppf((1 - level) / 2, min(freedom, n - 1))
    return 1 - 2 * stats.norm.cdf(tail)


@pytest.mark.parametrize(
    ("ours", "theirs", "persons"), [(mean, np.mean, 12), (mean, np.mean, 60), (median, np.median, 60)]
)
def test_agrees_with_scipys(ours, theirs, persons):
    some = SKEWED[:persons]
    (found,) = bootstrap(lambda weights: ours(some, weights), persons, resamples=8000)
    influence = np.array([theirs(np.delete(some, one)) for one in range(persons)])
    expected = stats.bootstrap(
        (some,),
        theirs,
        n_resamples=8000,
        confidence_level=widened(0.95, influence - influence.mean()),
        method="BCa",
        random_state=np.random.default_rng(0),
        axis=-1,
    ).confidence_interval
    assert found.value == pytest.approx(theirs(some))
    assert ends(found) == pytest.approx((expected.low, expected.high), abs=0.06 / np.sqrt(persons))


def test_numbers_share_the_draws():
    values = np.stack([SKEWED, 2 * SKEWED + 1], axis=-1)
    one, two = bootstrap(lambda weights: weights @ values / weights.sum(-1, keepdims=True), 60, resamples=500)
    assert np.multiply(2, ends(one)) + 1 == pytest.approx(ends(two))


def test_persons_are_drawn_whole():
    groups = np.array(["a", "b", "a", "c", None, "b"], object)
    codes = cluster_codes(groups, 6)
    weights = np.concatenate(list(draws(codes, 300, seed=1)))
    assert weights.shape == (300, 6)
    assert (weights[:, [0, 1]] == weights[:, [2, 5]]).all()
    assert (weights[:, [0, 1, 3, 4]].sum(axis=1) == 4).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(6), abs=0.2)
    assert (np.concatenate(list(left_out(codes))).sum(axis=0) == 3).all()


def test_large_tables_are_drawn_in_pieces(monkeypatch):
    whole = mean_interval(SKEWED, resamples=300)
    monkeypatch.setattr("brainmtl.evaluation.bootstrap.CHUNK", 60 * 7)
    assert 0 < ends(mean_interval(SKEWED, resamples=300))[0] < whole.value
    assert sum(len(part) for part in draws(np.arange(60), 300, 0)) == 300
    assert sum(len(part) for part in left_out(np.arange(60))) == 60


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 25), st.integers(1, 25))
def test_an_interval_holds_its_value(seed, slices, persons):
    random = np.random.default_rng(seed)
    found = mean_interval(
        random.choice([0, 0.5, 1], slices), random.integers(persons, size=slices), resamples=99
    )
    assert np.isnan(found.low) == np.isnan(found.high)
    assert np.isnan(found.low) or found.low <= found.value <= found.high


def test_persons_seen_twice_widen_and_narrow_nothing():
    once = mean_interval(SKEWED, np.arange(60))
    twice = mean_interval(np.tile(SKEWED, 2), np.tile(np.arange(60), 2))
    assert ends(twice) == pytest.approx(ends(once))


def test_where_resampling_is_blind_there_are_no_ends():
    assert np.isnan(mean_interval(np.ones(50)).low)
    assert np.isnan(mean_interval(SKEWED, np.arange(60) % (FEWEST - 1)).low)
    assert np.isfinite(mean_interval(SKEWED, np.arange(60) % FEWEST).low)
    assert np.isnan(mean_interval(np.zeros(0)).value)
    rarely = np.full(60, np.nan)
    rarely[0] = 1
    assert np.isnan(mean_interval(rarely).high)


def test_the_seed_says_it_all():
    assert mean_interval(SKEWED, seed=4) == mean_interval(SKEWED, seed=4) != mean_interval(SKEWED, seed=5)


def test_few_persons_are_wide_as_students_t_is():
    """Normal means of twelve persons: a percentile interval alone would be a fifth narrower."""
    values = stats.norm.ppf((np.arange(12) + 0.5) / 12)
    found = mean_interval(values, resamples=20000)
    freedom = min(11, 2 * 12 / (stats.kurtosis(values, fisher=False) - 1))
    expected = stats.t.interval(0.95, freedom, scale=stats.sem(values))
    assert ends(found) == pytest.approx(expected, rel=0.05)
    assert found.high > 1.15 * stats.norm.ppf(0.975) * values.std() / np.sqrt(12)


def test_one_person_who_weighs_most_leaves_no_end_beyond_the_samples():
    found = mean_interval(np.array([0.0, 0.01, 0.02, 0.03, 0.04, 50.0]))
    assert 0 < found.low < found.value < found.high <= 50


def test_coverage_of_a_simulation():
    """Forty persons, four slices each: drawn whole they cover 95 %, drawn apart far less."""
    random = np.random.default_rng(11)
    groups = np.repeat(range(40), 4)
    held, apart = np.zeros(150, bool), np.zeros(150, bool)
    for number in range(150):
        values = np.repeat(random.gamma(2, 1, 40), 4) + random.normal(0, 0.5, 160)
        whole, alone = (mean_interval(values, who, resamples=400) for who in (groups, None))
        held[number], apart[number] = (one.low <= 2 <= one.high for one in (whole, alone))
    assert 0.89 <= held.mean() <= 0.99
    assert apart.mean() < 0.85
