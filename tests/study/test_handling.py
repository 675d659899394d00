"""What happens to pictures, against closed forms."""

import numpy as np
import pytest
from scipy import ndimage

from brainmtl.study import handling


def chance() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(1).random((80, 64)), 3)
    return np.rint(255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)


def test_lower_quality_loses_more(pixels):
    lost = [
        np.abs(handling.jpeg(pixels, quality, chance()).astype(int) - pixels).mean()
        for quality in (90, 30, 5)
    ]
    assert lost == sorted(lost)
    assert lost[-1] > 2


def test_a_smaller_picture_keeps_its_shape_and_its_mean(pixels):
    small = handling.resize(pixels, 0.5, chance())
    assert small.shape == (40, 32)
    assert small.mean() == pytest.approx(pixels.mean(), abs=1)


def test_what_is_cut_out_lies_in_the_picture(pixels):
    cut = handling.crop(pixels, 0.25, chance())
    assert cut.shape == (60, 48)
    windows = np.lib.stride_tricks.sliding_window_view(pixels, cut.shape)
    assert (windows == cut).all(axis=(2, 3)).any()


def test_a_turn_and_its_opposite_are_each_other_s_mirror(pixels):
    square = pixels[:64]
    turned = handling.rotate(square, 20, chance())
    either = [ndimage.rotate(square.astype(float), sign * 20, reshape=False, order=1) for sign in (-1, 1)]
    assert min(np.abs(turned - one)[8:-8, 8:-8].mean() for one in either) < 2


def test_writing_touches_corners_alone(pixels):
    large = np.kron(pixels, np.ones((4, 4), np.uint8))
    written = handling.burn_text(large, 8, chance()) != large
    assert written.any()
    assert not written[80:240].any()


def test_from_zero_up_everything_is_inverted(pixels):
    np.testing.assert_array_equal(handling.invert(pixels, 0, chance()), 255 - pixels)


def test_dark_pixels_stay_where_only_bright_ones_are_inverted(pixels):
    changed = handling.invert(pixels, 0.6, chance()) != pixels
    assert changed[pixels >= 153].all()
    assert not changed[pixels < 153].any()
