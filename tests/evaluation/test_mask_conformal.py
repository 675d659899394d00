"""Margins are as wide as counted pixel by pixel, and cover persons never seen as promised."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brainmtl.evaluation.mask_conformal import (
    control_risk,
    dilate,
    fit_margin,
    held_out_margin,
    needed_margin,
)

MASKS = arrays(bool, (8, 9), elements=st.sampled_from([False, False, True]))


@settings(deadline=None)
@given(MASKS, MASKS, st.sampled_from([0.5, 0.95, 1.0]))
def test_a_margin_is_just_wide_enough(truth, prediction, covered):
    radius = needed_margin(truth, prediction, covered)
    if not truth.any():
        assert radius == 0
        return
    assert dilate(prediction, radius)[truth].mean() >= covered - 1e-12
    if radius > 0:
        assert dilate(prediction, np.nextafter(min(radius, 99), 0))[truth].mean() < covered
    assert math.isinf(radius) == (not prediction.any())


@given(MASKS, st.floats(0, 4))
def test_dilation_is_by_euclidean_distance(mask, radius):
    points = np.argwhere(mask)
    for place in np.ndindex(8, 9):
        near = len(points) > 0 and np.hypot(*(points - place).T).min() <= radius
        assert dilate(mask, radius)[place] == near


def test_nineteen_persons_are_needed_for_95_percent():
    assert fit_margin(np.arange(19.0), confidence=0.95).pixels == 18
    assert fit_margin(np.arange(18.0), confidence=0.95).pixels == math.inf
    assert fit_margin(np.arange(19.0), confidence=0.5).pixels == 9


def test_new_persons_are_covered_on_all_their_slices():
    """Margins are log-normal about each person's own; a new person is covered when the worst slice is."""
    random = np.random.default_rng(0)
    groups, covered = np.repeat(range(60), 5), []
    for _ in range(150):
        needed = np.exp(np.repeat(random.normal(size=60), 5) + random.normal(0, 0.5, 300))
        margin = fit_margin(needed, groups, confidence=0.9)
        worst = np.exp(random.normal(size=(200, 1)) + random.normal(0, 0.5, (200, 5))).max(axis=1)
        covered.append(np.mean(worst <= margin.pixels))
    assert margin.persons == 60
    assert 0.885 <= np.mean(covered) <= 0.925


def test_coverage_of_persons_left_out():
    """Persons differ by more than their slices do: left out whole, nine in ten are still covered."""
    random = np.random.default_rng(4)
    needed = np.exp(np.repeat(random.normal(size=300), 4) + random.normal(0, 0.5, 1200))
    found = held_out_margin(needed, np.repeat(range(300), 4), confidence=0.9)
    assert found.low < 0.9 < found.high
    assert found.high - found.low > 0.05
    assert held_out_margin(np.zeros(20)).value == 1


def test_risk_is_controlled_for_persons_never_seen():
    """A person misses max(0, u − λ) of a tumour, u uniform: the mean loss is (1 − λ)² / 2."""
    random, settings_ = np.random.default_rng(1), np.linspace(0, 1, 101)
    risks = []
    for _ in range(300):
        needs = np.repeat(random.random(40), 3)
        number = control_risk(np.maximum(0, needs[:, None] - settings_), np.repeat(range(40), 3), risk=0.1)
        risks.append((1 - settings_[number]) ** 2 / 2)
    assert 0.06 <= np.mean(risks) <= 0.1


def test_a_risk_that_cannot_be_kept():
    assert control_risk(np.zeros((9, 3)), None, risk=0.09) is None
    assert control_risk(np.zeros((10, 3)), None, risk=0.1) == 0
    with pytest.raises(ValueError, match="a loss rises"):
        control_risk(np.array([[0.1, 0.2]]), None, risk=0.1)
