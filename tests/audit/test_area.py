"""A kept mask is the mask, and its square is the whole mask's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.audit.area import Area
from brainmtl.imaging.square import to_square

SIDES = [(32, 32), (64, 64), (24, 24), (50, 64), (33, 33)]


def _mask(shape: tuple[int, int], seed: int, boxes: int) -> np.ndarray:
    """Ragged boxes anywhere, also at the edges."""
    random, mask = np.random.default_rng(seed), np.zeros(shape, bool)
    for _ in range(boxes):
        top, left = (random.integers(-3, side) for side in shape)
        part = mask[max(0, top) : max(0, top) + 9, max(0, left) : max(0, left) + 13]
        part |= random.random(part.shape) < 0.8
    return mask


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SIDES), st.integers(0, 10**6), st.integers(0, 3))
def test_a_kept_mask_is_whole_again_and_its_square_is_the_same(shape, seed, boxes):
    mask = _mask(shape, seed, boxes)
    area = Area.of(mask)
    assert (area.whole() == mask).all()
    assert area.part().sum() == mask.sum()
    assert (area.square(8) == (to_square(mask.astype(np.uint8) * 255, 8) > 127)).all()


@pytest.mark.parametrize("shape", SIDES)
def test_a_full_and_an_empty_mask(shape):
    assert Area.of(np.ones(shape, bool)).square(8).sum() == to_square(np.ones(shape, np.uint8), 8).sum()
    assert not Area.of(np.zeros(shape, bool)).square(8).any()
    assert Area.of(np.zeros(shape, bool)).bits.size == 0
