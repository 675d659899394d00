"""Paired tests agree with SciPy and statsmodels, and mind who a slice is of."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import contingency_tables
from statsmodels.stats.multitest import multipletests

from brainmtl.evaluation.paired import holm, mcnemar, paired_difference, wilcoxon

RANDOM = np.random.default_rng(5)
A = RANDOM.beta(6, 2, 40)
B = np.clip(A + RANDOM.normal(0.02, 0.06, 40), 0, 1)


def test_the_randomisation_test_agrees_with_every_swap():
    """Eight persons can swap names in 256 ways."""
    groups = np.arange(40) % 8
    sums = np.bincount(groups, A - B)
    swaps = np.array(list(product([-1, 1], repeat=8))) @ sums
    exact = np.mean(np.abs(swaps) >= abs(sums.sum()) - 1e-12)
    found = paired_difference(A, B, groups, resamples=4000)
    assert found.p == pytest.approx(exact, abs=0.03)
    assert (found.n, found.persons) == (40, 8)
    assert found.low < np.mean(A - B) < found.high


def test_the_randomisation_test_agrees_with_scipys():
    def mean(apart: np.ndarray, axis: int) -> np.ndarray:
        return apart.mean(axis=axis)

    theirs = stats.permutation_test(
        (A - B,), mean, permutation_type="samples", n_resamples=4000, vectorized=True, rng=1
    )
    assert paired_difference(A, B, resamples=4000).p == pytest.approx(theirs.pvalue, abs=0.02)


def test_runs_that_change_places():
    one, other = paired_difference(A, B), paired_difference(B, A)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low), abs=2e-3)
    assert one.p == other.p
    assert paired_difference(A, A).p == 1


def test_no_difference_alarms_as_often_as_the_level_says():
    random, alarms = np.random.default_rng(2), 0
    groups = np.repeat(range(25), 4)
    for _ in range(200):
        moods = np.repeat(random.normal(size=25), 4)
        a, b = random.normal(size=100) + moods, random.normal(size=100)
        alarms += paired_difference(a, b, groups, resamples=300).p <= 0.05
    assert 0.015 <= alarms / 200 <= 0.095


def test_wilcoxon_is_scipys_on_the_means_of_persons():
    groups = np.arange(40) % 13
    means = [np.mean((A - B)[groups == group]) for group in range(13)]
    expected = stats.wilcoxon(means)
    found = wilcoxon(A, B, groups)
    assert (found.statistic, found.p, found.n) == (expected.statistic, expected.pvalue, 13)
    assert wilcoxon(A, A).p == 1


RIGHT = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60).map(
    lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True))
)


@given(RIGHT)
def test_mcnemar_agrees_with_statsmodels(right):
    a, b = right
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    found = mcnemar(a, b)
    assert (found.only_a, found.only_b, found.n) == (table[0][1], table[1][0], len(a))
    assert found.p == pytest.approx(min(contingency_tables.mcnemar(table, exact=True).pvalue, 1))
    if found.only_a + found.only_b:
        theirs = contingency_tables.mcnemar(table, exact=False, correction=False)
        assert mcnemar(a, b, np.arange(len(a))).p == pytest.approx(theirs.pvalue)


def test_mcnemar_of_persons_who_repeat_themselves():
    a, b = np.array([1, 1, 1, 1, 0, 1], bool), np.array([0, 0, 0, 0, 1, 1], bool)
    alone = mcnemar(a, b, np.arange(6))
    assert mcnemar(np.tile(a, 5), np.tile(b, 5), np.tile(np.arange(6), 5)).p == pytest.approx(alone.p)
    assert mcnemar(np.tile(a, 5), np.tile(b, 5)).p < alone.p / 10


def test_mcnemar_of_persons_with_few_and_many_slices_is_what_their_swaps_say():
    """Persons' balances keep or change their sign, each as likely: the χ² is that of the slices' sum."""
    random = np.random.default_rng(2)
    groups = np.repeat(np.arange(120), random.integers(1, 15, 120))
    right = random.random((2, len(groups))) < [[0.9], [0.85]]
    sums = np.bincount(groups, right[0].astype(float) - right[1])
    swaps = random.choice([-1.0, 1.0], (20_000, 120)) @ sums
    exact = np.mean(np.abs(swaps) >= abs(sums.sum()) - 1e-9)
    alike = np.bincount(groups) == np.bincount(groups)[0]
    assert not alike.all()
    assert 0.001 < exact < 0.5
    assert mcnemar(*right, groups).p == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("number", [1, 2, 7, 30])
def test_holm_agrees_with_statsmodels(number):
    p = np.round(np.random.default_rng(number).random(number) ** 3, 2)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_other_slices():
    with pytest.raises(ValueError, match="of 40 slices, b of 39"):
        paired_difference(A, B[1:])
    with pytest.raises(ValueError, match="NaN"):
        wilcoxon(np.array([np.nan, 1]), np.ones(2))
