"""Intervals over folds and seeds against SciPy's and closed forms."""

import numpy as np
import pytest
from scipy import stats

from brainmtl.evaluation.bootstrap import mean_interval
from brainmtl.evaluation.repeats import apart_interval, fold_interval, seed_and_slice_interval

FOLDS = np.array([0.951, 0.962, 0.944, 0.958, 0.949])


def test_seeds_have_students_interval():
    found = fold_interval(FOLDS)
    expected = stats.ttest_1samp(FOLDS, 0).confidence_interval(0.95)
    assert (found.value, found.low, found.high) == pytest.approx((FOLDS.mean(), *expected))


def test_folds_overlap():
    """Five folds: 1/5 + 1/4 instead of 1/5, so 1.5 times as wide."""
    wide, plain = fold_interval(FOLDS, test_share=0.2), fold_interval(FOLDS)
    assert wide.high - wide.low == pytest.approx(1.5 * (plain.high - plain.low))


def test_two_methods_on_folds_of_their_own_have_welchs_interval():
    other = np.array([0.91, 0.94, 0.92, 0.95])
    found = apart_interval(FOLDS, other)
    expected = stats.ttest_ind(FOLDS, other, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    assert found.value == pytest.approx(FOLDS.mean() - other.mean())


def test_two_methods_on_overlapping_folds_are_known_less_well():
    """Five folds each: the variance of both means is 1/5 + 1/4 instead of 1/5."""
    other = FOLDS - 0.1
    wide, plain = apart_interval(FOLDS, other, test_share=0.2), apart_interval(FOLDS, other)
    assert wide.high - wide.low == pytest.approx(1.5 * (plain.high - plain.low))


def test_folds_that_agree_leave_no_doubt():
    found = apart_interval(np.full(3, 0.9), np.full(3, 0.8))
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))


def test_one_run_shows_no_spread():
    assert np.isnan(fold_interval(FOLDS[:1]).low)
    assert np.isnan(seed_and_slice_interval(FOLDS[None]).low)


def test_seeds_that_agree_leave_the_slices_and_the_other_way_round():
    random = np.random.default_rng(0)
    slices, seeds = random.normal(size=80), random.normal(size=12)
    groups = np.arange(80) % 30
    same = seed_and_slice_interval(np.tile(slices, (4, 1)), groups)
    alone = mean_interval(slices, groups)
    assert (same.low, same.high) == pytest.approx((alone.low, alone.high), abs=0.05)
    flat = seed_and_slice_interval(np.tile(seeds[:, None], (1, 80)))
    assert flat.high - flat.low == pytest.approx(2 * 1.96 * seeds.std() / np.sqrt(12), rel=0.1)


def test_both_chances_add_up():
    random = np.random.default_rng(1)
    values = random.normal(size=(30, 1)) + random.normal(0, 2, (1, 120))
    found = seed_and_slice_interval(values, resamples=3000)
    error = np.sqrt(values.mean(axis=1).var() / 30 + values.mean(axis=0).var() / 120)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(error, rel=0.1)
