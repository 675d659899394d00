"""The square and its exact inverse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from brainmtl.imaging.square import from_square, to_square

FITS = st.sampled_from(["pad", "stretch"])
SIDES = st.integers(16, 300)


def disc(height: int, width: int, row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.ogrid[:height, :width]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


@st.composite
def discs(draw):
    """A disc well inside a slice, at least three pixels wide on the square."""
    height, width = draw(st.integers(64, 300)), draw(st.integers(64, 300))
    size = draw(st.integers(64, 320))
    coarse = max(height, width) / size
    least = max(4.0, 3.0 * coarse)
    radius = draw(st.floats(least, max(least, min(height, width) / 4)))
    margin = radius + 2 * coarse
    row = draw(st.floats(margin, max(margin, height - 1 - margin)))
    column = draw(st.floats(margin, max(margin, width - 1 - margin)))
    return disc(height, width, row, column, radius), size


def round_trip(mask: np.ndarray, size: int, fit) -> np.ndarray:
    square = to_square(mask.astype(np.uint8) * 255, size, fit)
    return from_square(square.astype(np.float32) / 255, *mask.shape, fit)


@given(height=SIDES, width=SIDES, size=SIDES, fit=FITS)
def test_shapes_and_types(height, width, size, fit):
    square = to_square(np.full((height, width), 9, np.uint8), size, fit)
    assert (square.shape, square.dtype) == ((size, size), np.uint8)
    native = from_square(np.full((size, size), 0.5, np.float32), height, width, fit)
    assert (native.shape, native.dtype) == ((height, width), np.float32)
    assert np.allclose(native, 0.5, atol=1e-6)


@given(case=discs(), fit=FITS)
def test_a_blob_comes_back_to_its_place(case, fit):
    mask, size = case
    back = round_trip(mask, size, fit)
    there, here = (np.array(ndimage.center_of_mass(array)) for array in (mask.astype(float), back))
    assert np.abs(there - here).max() <= 0.5


@given(case=discs(), fit=FITS)
def test_a_mask_comes_back_nearly_whole(case, fit):
    mask, size = case
    back = round_trip(mask, size, fit) >= 0.5
    radius = np.sqrt(mask.sum() / np.pi)
    shifted_rim = max(mask.shape) / size  # as if the rim had moved by one pixel of the square
    assert (mask & back).sum() / (mask | back).sum() >= 1 - min(0.9, 2 * max(shifted_rim, 1) / radius)


@given(height=SIDES, width=SIDES, seed=st.integers(0, 99))
def test_at_its_own_size_nothing_is_resampled(height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    square = to_square(pixels, max(height, width), "pad")
    assert (from_square(square.astype(np.float32), height, width, "pad") == pixels).all()
    assert square.sum(dtype=int) == pixels.sum(dtype=int)


@given(height=st.integers(64, 300), width=st.integers(64, 300), size=st.integers(64, 300))
def test_pad_keeps_the_aspect_and_centres(height, width, size):
    square = to_square(np.full((height, width), 255, np.uint8), size, "pad").astype(float) / 255
    scale = size / max(height, width)
    assert square.sum(axis=0).max() == pytest.approx(height * scale, abs=0.1 + size / 255)
    assert square.sum(axis=1).max() == pytest.approx(width * scale, abs=0.1 + size / 255)
    centre = np.array(ndimage.center_of_mass(square))
    assert np.abs(centre - (size - 1) / 2).max() <= 0.5 * scale + 0.1


def test_stretch_fills_the_square():
    assert (to_square(np.full((40, 90), 255, np.uint8), 64, "stretch") == 255).all()


@given(height=SIDES, width=SIDES, size=SIDES, fit=FITS, seed=st.integers(0, 99))
def test_enlarging_is_bilinear_between_pixel_centres(height, width, size, fit, seed):
    size = min(size, height, width)
    values = np.random.default_rng(seed).random((size, size), np.float32)
    spans = (max(height, width),) * 2 if fit == "pad" else (height, width)
    margins = [(span - side) // 2 for span, side in zip(spans, (height, width), strict=True)]
    grid = np.meshgrid(
        *(
            (np.arange(side) + margin + 0.5) * size / span - 0.5
            for side, margin, span in zip((height, width), margins, spans, strict=True)
        ),
        indexing="ij",
    )
    expected = ndimage.map_coordinates(values, grid, order=1, mode="nearest")
    assert np.abs(from_square(values, height, width, fit) - expected).max() <= 1e-3
