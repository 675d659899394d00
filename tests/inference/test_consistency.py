"""What only too few slices show is dropped, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from brainmtl.inference.consistency import drop_stray


def stack(*slices: int, depth: int = 9) -> np.ndarray:
    masks = np.zeros((depth, 10, 10), bool)
    masks[list(slices), 2:5, 2:5] = True
    return masks


@pytest.mark.parametrize(
    ("slices", "step", "kept"),
    [
        ([4], 6.0, False),
        ([4, 5], 6.0, True),
        ([4], 20.0, False),
        ([2, 3, 4, 5], 1.0, False),
        ([2, 3, 4, 5, 6], 1.0, True),
        ([3, 4], 2.5, True),
        ([0], 1.0, True),
        ([8], 1.0, True),
    ],
)
def test_a_lesion_goes_through_two_slices_and_five_millimetres_or_reaches_an_end(slices, step, kept):
    masks = stack(*slices)
    assert (drop_stray(masks, step) == (masks if kept else False)).all()


def test_lesions_are_judged_one_by_one():
    masks = stack(3, 4)
    masks[6, 8, 8] = True
    assert (drop_stray(masks, 6.0) == stack(3, 4)).all()


def test_corners_connect():
    masks = np.zeros((5, 6, 6), bool)
    masks[1, 2, 2] = masks[2, 3, 3] = True
    assert (drop_stray(masks, 5.0) == masks).all()


@pytest.mark.parametrize("depth", [1, 2])
def test_too_few_slices_to_judge(depth):
    masks = stack(0, depth=depth)
    assert (drop_stray(masks, 1.0) == masks).all()


@given(arrays.arrays(bool, (6, 5, 5)), st.sampled_from([0.7, 1.0, 3.0, 6.0]))
def test_a_subset_that_is_stable_and_knows_no_up(masks, step):
    kept = drop_stray(masks, step)
    assert not (kept & ~masks).any()
    assert (drop_stray(kept, step) == kept).all()
    assert (drop_stray(masks[::-1], step)[::-1] == kept).all()
