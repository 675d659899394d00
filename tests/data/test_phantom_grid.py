"""Depths, paint and noise of the drawing board."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.data.phantom_grid import SPAN, Grid, noise_field, paint

SIZE = 101


@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.1, 0.6), st.floats(0, 7))
@settings(max_examples=30, deadline=None)
def test_depth_into_a_circle_is_the_distance_to_its_edge(x: float, y: float, radius: float, turn: float):
    grid = Grid.of(SIZE)
    expected = radius - np.hypot(grid.x - x, grid.y - y)
    assert grid.ellipse(x, y, radius, radius, turn) == pytest.approx(expected, abs=1e-5)


@given(st.floats(0.1, 0.6), st.floats(0.1, 0.6), st.floats(-4, 4), st.sampled_from([2.0, 2.6, 3.0, 4.0]))
@settings(max_examples=30, deadline=None)
def test_an_ellipse_is_turned_clockwise_and_has_its_half_axes(
    rx: float, ry: float, turn: float, power: float
):
    grid = Grid.of(SIZE)
    u = np.cos(turn) * grid.x + np.sin(turn) * grid.y
    v = -np.sin(turn) * grid.x + np.cos(turn) * grid.y
    expected = (np.abs(u / rx) ** power + np.abs(v / ry) ** power) < 1
    found = grid.ellipse(0, 0, rx, ry, turn, power)
    clear = np.abs(found) > 1e-5
    assert ((found > 0) == expected)[clear].all()


def test_edges_are_soft_over_the_blur():
    grid = Grid.of(SIZE)
    depth = np.array([-1, -0.05, 0, 0.05, 1], np.float32)
    assert grid.soft(depth, 0.2) == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert set(grid.soft(np.array([-grid.pixel, grid.pixel], np.float32)).tolist()) == {0, 1}
    assert grid.pixel == pytest.approx(2 * SPAN / (SIZE - 1), rel=1e-4)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (-1.1, 0.3), (1.14, -1.14), (3, 0)])
def test_a_window_holds_all_within_reach(x: float, y: float):
    grid = Grid.of(SIZE)
    near = (np.abs(grid.x - x) <= 0.2) & (np.abs(grid.y - y) <= 0.2)
    window = grid.near(x, y, 0.2)
    held = np.zeros_like(near)
    held[window] = True
    assert not (near & ~held).any()
    assert (grid.cut(window).x == grid.x[window]).all()


def test_paint_covers_its_share():
    image = np.array([0.2, 0.2, 0.2])
    paint(image, np.array([0, 0.5, 1]), 1.0)
    assert image == pytest.approx([0.2, 0.6, 1.0])


def test_noise_is_standard_and_seeded():
    field = noise_field(np.random.default_rng(0), SIZE, 20)
    assert field.shape == (SIZE, SIZE)
    assert field.std() == pytest.approx(1, abs=1e-3)
    assert abs(field.mean()) < 0.2
    assert (noise_field(np.random.default_rng(0), SIZE, 20) == field).all()
    coarse = noise_field(np.random.default_rng(0), SIZE, 5)
    assert np.abs(np.diff(coarse)).mean() < 0.5 * np.abs(np.diff(field)).mean()
