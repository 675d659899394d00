"""The share of colour, of pictures whose coloured part is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brainmtl.imaging.colour import colour_share


@given(rows=st.integers(0, 256))
def test_the_coloured_part_of_a_picture(rows):
    pixels = np.full((256, 300, 3), 90, np.uint8)
    pixels[:rows] = (200, 120, 40)
    assert colour_share(Image.fromarray(pixels)) == pytest.approx(rows / 256, abs=1 / 64)


@given(seed=st.integers(0, 2**32 - 1), mode=st.sampled_from(["L", "RGB", "RGBA", "P", "CMYK", "1", "I", "F"]))
def test_grey_has_none_in_any_mode(seed, mode):
    grey = np.random.default_rng(seed).integers(0, 256, (64, 80)).astype(np.uint8)
    assert colour_share(Image.fromarray(grey).convert(mode)) == 0
