"""Main effects agree with statsmodels' least squares, and with effects that are known."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.evaluation.effects import main_effects
from brainmtl.study.screen import screening_design


@given(st.integers(0, 10**6), st.integers(1, 9), st.sampled_from([0.9, 0.95, 0.99]))
def test_they_agree_with_statsmodels(seed, factors, level):
    levels = screening_design(factors)
    values = np.random.default_rng(seed).normal(0.8, 0.05, len(levels))
    fitted = sm.OLS(values, sm.add_constant(levels.astype(float))).fit()
    ends = fitted.conf_int(1 - level)
    for number, found in enumerate(main_effects(levels, values, level), start=1):
        assert found.value == pytest.approx(fitted.params[number], abs=1e-12)
        assert (found.low, found.high) == pytest.approx(tuple(ends[number]), abs=1e-12)


def test_they_agree_with_statsmodels_where_trials_failed():
    levels = np.delete(screening_design(5), [1, 4], axis=0)
    values = np.random.default_rng(3).normal(size=len(levels))
    fitted = sm.OLS(values, sm.add_constant(levels.astype(float))).fit()
    for number, found in enumerate(main_effects(levels, values), start=1):
        assert found.value == pytest.approx(fitted.params[number], abs=1e-12)
        assert math.isnan(found.low)  # six trials, six unknowns
        assert math.isnan(found.high)


@given(st.lists(st.floats(-1, 1), min_size=9, max_size=9))
def test_known_effects_are_found_exactly(known):
    levels = screening_design(9)
    found = main_effects(levels, 0.5 + levels @ np.array(known))
    assert [effect.value for effect in found] == pytest.approx(known, abs=1e-9)
    assert [effect.low for effect in found] == pytest.approx(known, abs=1e-6)


def test_choices_that_were_always_made_together_are_not_told_apart():
    levels = np.array([[0, 0], [1, 1], [0, 0], [1, 1]], bool)
    assert all(math.isnan(effect.value) for effect in main_effects(levels, np.arange(4.0)))


@pytest.mark.parametrize("trials", [0, 1, 3])
def test_too_few_trials_tell_nothing(trials):
    levels = screening_design(3)[:trials]
    found = main_effects(levels, np.zeros(trials))
    assert len(found) == 3
    assert all(math.isnan(effect.value) for effect in found)
