"""Resampling many pictures at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from brainmtl.data.copies.resample import cut, sampling


def _smooth(count: int, side: int = 64, seed: int = 0) -> np.ndarray:
    rough = np.random.default_rng(seed).integers(0, 255, (count, 9, 9), dtype=np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(each).resize((side, side), Image.Resampling.BICUBIC)) for each in rough]
    ).astype(np.float32)


def test_the_whole_at_its_own_size_is_the_picture():
    pictures = _smooth(3)
    assert cut(pictures, np.tile(np.float32([0, 1, 0, 1]), (3, 1)), 64) == pytest.approx(pictures, abs=1e-3)


@pytest.mark.parametrize("side", [24, 64, 100])
def test_a_part_is_what_pillow_cuts(side: int):
    pictures = _smooth(4)
    boxes = np.float32([[0.1, 0.9, 0.2, 0.75], [0, 0.5, 0.5, 1], [0.3, 0.8, 0.05, 0.95], [0.25, 0.75, 0, 1]])
    for picture, box, found in zip(pictures, boxes * 64, cut(pictures, boxes, side), strict=True):
        pillow = Image.fromarray(picture).resize(
            (side, side), Image.Resampling.BICUBIC, box=(box[2], box[0], box[3], box[1])
        )
        inner = slice(side // 12, -side // 12)  # Pillow sees nothing of what lies outside the box
        assert np.abs(found - np.asarray(pillow))[inner, inner].max() < 4


@given(st.floats(-0.3, 0.4), st.floats(0.6, 1.3), st.integers(8, 80))
@settings(max_examples=50, deadline=None)
def test_an_even_picture_stays_even(low: float, high: float, target: int):
    weights = sampling(np.float32([low]), np.float32([high]), 64, target)
    assert weights.shape == (1, target, 64)
    assert weights.sum(axis=2) == pytest.approx(1, abs=1e-5)
