"""Overlays show the mask and leave the rest of the slice alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from brainmtl.imaging.overlay import MASK_COLOUR, OPACITY, TRUTH_COLOUR, draw_overlay

CROSS = ndimage.generate_binary_structure(2, 1)
SHAPES = st.tuples(st.integers(16, 48), st.integers(16, 48))


@st.composite
def slices(draw):
    shape = draw(SHAPES)
    return draw(arrays(np.uint8, shape)), draw(arrays(bool, shape)), draw(arrays(bool, shape))


@given(slices())
def test_outside_the_mask_the_slice_is_untouched(case):
    pixels, mask, _ = case
    overlay = draw_overlay(pixels, mask)
    assert overlay.shape == (*pixels.shape, 3)
    assert overlay.dtype == np.uint8
    assert (overlay[~mask] == pixels[~mask][:, None]).all()


@given(slices())
def test_outline_and_fill(case):
    pixels, mask, _ = case
    core = ndimage.binary_erosion(mask, CROSS)
    overlay = draw_overlay(pixels, mask)
    assert (overlay[mask & ~core] == MASK_COLOUR).all()
    blended = (1 - OPACITY) * pixels[core][:, None] + OPACITY * np.array(MASK_COLOUR)
    assert np.abs(overlay[core] - blended).max(initial=0) <= 0.51


@given(slices())
def test_the_truth_is_outlined_above_the_mask(case):
    pixels, mask, truth = case
    edge = truth & ~ndimage.binary_erosion(truth, CROSS)
    overlay = draw_overlay(pixels, mask, truth)
    assert (overlay[edge] == TRUTH_COLOUR).all()
    assert (overlay[~edge] == draw_overlay(pixels, mask)[~edge]).all()


@pytest.mark.parametrize(("side", "width"), [(64, 1), (400, 1), (1200, 3)])
def test_an_outline_stays_visible_on_a_large_slice(side, width):
    mask = np.zeros((side, side), bool)
    mask[20:-20, 20:-20] = True
    row = (draw_overlay(np.zeros((side, side), np.uint8), mask) == MASK_COLOUR).all(axis=2)[side // 2]
    assert row.sum() == 2 * width


def test_inputs_are_not_written_to():
    pixels, mask = np.full((16, 16), 7, np.uint8), np.ones((16, 16), bool)
    draw_overlay(pixels, mask, mask)
    assert (pixels == 7).all()
    assert mask.all()
