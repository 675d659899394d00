"""Risk against coverage, by counting; thresholds that keep their promise in a simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from brainmtl.evaluation.selective import abstention, aurc, excess_aurc, risk_coverage, worst_of_each

SAMPLES = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=30).map(
    lambda pairs: tuple(np.array(column, float) for column in zip(*pairs, strict=True))
)


@given(SAMPLES)
def test_the_curve_counts(sample):
    certainty, loss = sample
    curve = risk_coverage(certainty, loss)
    for coverage, risk, threshold in zip(curve.coverage, curve.risk, curve.threshold, strict=True):
        answered = certainty >= threshold
        assert (coverage, risk) == (pytest.approx(answered.mean()), pytest.approx(loss[answered].mean()))
    assert curve.coverage[-1] == 1
    assert (np.diff(curve.coverage) > 0).all()


@given(SAMPLES)
def test_the_area_is_the_mean_over_shuffled_ties(sample):
    certainty, loss = sample
    random = np.random.default_rng(0)
    areas = []
    for _ in range(400):
        shuffled = random.permutation(len(loss))
        order = shuffled[np.argsort(-certainty[shuffled], kind="stable")]
        areas.append(np.mean(np.cumsum(loss[order]) / np.arange(1, len(loss) + 1)))
    assert aurc(certainty, loss) == pytest.approx(np.mean(areas), abs=0.1)


@given(SAMPLES, st.integers(0, 10**6))
def test_weights_are_repeats(sample, seed):
    certainty, loss = sample
    weights = np.random.default_rng(seed).integers(0, 4, (3, len(loss)))
    weights[:, 0] = 1
    expected = [aurc(np.repeat(certainty, times), np.repeat(loss, times)) for times in weights]
    assert aurc(certainty, loss, weights.astype(float)) == pytest.approx(np.array(expected, float))


def test_areas_of_hand_made_slices():
    loss = np.array([0, 0, 1.0])
    assert aurc(np.array([3, 2, 1]), loss) == pytest.approx(1 / 9)
    assert aurc(np.array([1, 2, 3]), loss) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert aurc(np.ones(3), loss) == pytest.approx(1 / 3)
    assert excess_aurc(np.array([3, 2, 1]), loss) == pytest.approx(0)
    assert excess_aurc(np.ones(3), loss) == pytest.approx(1 / 3 - 1 / 9)


def test_a_threshold_is_bounded_by_clopper_and_pearson():
    certainty = np.linspace(1, 0, 200)
    wrong = np.zeros(200, bool)
    wrong[150:] = True
    found = abstention(certainty, wrong, risk=0.05)
    answered = certainty >= found.threshold
    theirs = stats.binomtest(int(wrong[answered].sum()), int(answered.sum()), alternative="less")
    assert found.bound == pytest.approx(theirs.proportion_ci(0.95).high)
    assert found.bound <= 0.05
    assert found.coverage == answered.mean() >= 0.75


@given(SAMPLES, st.integers(0, 10**6), st.integers(0, 6))
def test_persons_who_get_a_wrong_answer_are_counted(sample, seed, threshold):
    certainty, wrong = sample[0], sample[1].astype(bool)
    persons = np.random.default_rng(seed).integers(0, 5, len(wrong))
    surest, ever = worst_of_each(certainty, wrong, persons)
    hurt = {person for person in persons if (wrong & (certainty >= threshold))[persons == person].any()}
    asked = {person for person in persons if (certainty >= threshold)[persons == person].any()}
    assert np.count_nonzero(ever & (surest >= threshold)) == len(hurt)
    assert len(hurt) <= np.count_nonzero(surest >= threshold) <= len(asked)


def test_one_sure_mistake_among_many_spoils_no_rule():
    """One of 1,000 is wrong, and that is the surest of all."""
    wrong = np.arange(1000) == 0
    found = abstention(np.linspace(1, 0, 1000), wrong, risk=0.05)
    assert (found.coverage, found.risk) == (1, 0.001)
    assert found.bound == pytest.approx(stats.binomtest(1, 1000, alternative="less").proportion_ci(0.95).high)


def test_a_rule_that_would_answer_fewer_than_a_quarter_is_none():
    wrong = np.arange(1000) >= 200
    assert abstention(np.linspace(1, 0, 1000), wrong, risk=0.05).coverage == 0


def test_too_few_slices_are_never_safe():
    """Nine right answers leave 28 % possible."""
    found = abstention(np.linspace(1, 0, 9), np.zeros(9, bool), risk=0.05)
    assert (found.threshold, found.coverage) == (np.inf, 0)


def test_promises_are_kept_in_a_simulation():
    """The chance of error falls with certainty u as (1 − u) / 2; from t on, it is (1 − t) / 4 on average."""
    random, broken = np.random.default_rng(3), 0
    for _ in range(300):
        certainty = random.random(400)
        wrong = random.random(400) < (1 - certainty) / 2
        found = abstention(certainty, wrong, risk=0.1, confidence=0.9)
        broken += (1 - found.threshold) / 4 > 0.1
    assert broken / 300 <= 0.13
