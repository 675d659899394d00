"""Components are SciPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from brainmtl.imaging.components import find_components

SHAPES = array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=9)


def labelled(masks: np.ndarray) -> np.ndarray:
    """The stack with the number of its component in each pixel, from 1, painted run by run."""
    found = find_components(masks)
    painted = np.zeros(masks.shape, int)
    runs = zip(found.slices, found.rows, found.starts, found.stops, found.numbers, strict=True)
    for slice_, row, start, stop, number in runs:
        painted[slice_, row, start:stop] = number + 1
    assert found.count == painted.max(initial=0)
    return painted


def same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether two labellings differ in their numbers alone."""
    pairs = np.unique(np.stack([ours.ravel(), theirs.ravel()]), axis=1)
    return pairs.shape[1] == len(np.unique(ours)) == len(np.unique(theirs))


@given(arrays(bool, SHAPES))
def test_any_stack(masks):
    theirs, count = ndimage.label(masks, np.ones((3, 3, 3)))
    assert same(labelled(masks), theirs)
    assert find_components(masks).count == count


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.6), st.integers(0, 2))
def test_what_percolates(seed, share, smooth):
    """Shares at which components are many, large or winding."""
    noise = ndimage.uniform_filter(np.random.default_rng(seed).random((7, 31, 29)), 2 * smooth + 1)
    masks = noise < np.quantile(noise, share)
    theirs, count = ndimage.label(masks, np.ones((3, 3, 3)))
    assert same(labelled(masks), theirs)
    assert find_components(masks).count == count


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)))
def test_a_slice_is_a_stack_of_one(mask):
    theirs, _ = ndimage.label(mask, np.ones((3, 3)))
    assert same(labelled(mask[None])[0], theirs)


@pytest.mark.parametrize("gap", [0, 1])
def test_a_spiral_is_one_component(gap):
    """Two arms that meet at the middle alone, or a pixel short of it."""
    mask = np.zeros((1, 41, 41), bool)
    for ring in range(0, 20, 2):
        mask[0, ring, ring : 41 - ring] = mask[0, ring : 41 - ring, 40 - ring] = True
        mask[0, 40 - ring, ring : 41 - ring] = mask[0, ring + 2 : 41 - ring, ring] = True
        mask[0, ring + 2, ring : ring + 2] = True
    mask[0, 10, 10 : 10 + gap] = False
    _, count = ndimage.label(mask[0], np.ones((3, 3)))
    assert find_components(mask).count == count


def test_opposite_edges_do_not_touch():
    masks = np.zeros((2, 3, 4), bool)
    masks[0, 0, 3] = masks[0, 1, 0] = True  # the end of a row and the start of the next
    assert find_components(masks).count == 2
    masks[:] = False
    masks[0, 2, 3] = masks[1, 0, 0] = True  # the end of a slice and the start of the next
    assert find_components(masks).count == 2
