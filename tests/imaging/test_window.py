"""Windows against pydicom's own; scans without one against the percentile they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing

from brainmtl.imaging.window import TOP, Window, robust_window, to_grey


def by_pydicom(values: np.ndarray, window: Window) -> np.ndarray:
    shown = Dataset()
    shown.WindowCenter, shown.WindowWidth, shown.VOILUTFunction = window.centre, window.width, window.curve
    shown.PhotometricInterpretation, shown.BitsStored, shown.PixelRepresentation = "MONOCHROME2", 16, 0
    return apply_windowing(values, shown) / 65_535 * 255


@pytest.mark.parametrize("curve", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@given(centre=st.integers(0, 4000), width=st.integers(2, 5000))
def test_windows_are_dicoms(curve, centre, width):
    values = np.linspace(0, 5000, 501).astype(np.uint16)
    window = Window(centre, width, curve)
    grey = to_grey(values.astype(np.float32), window)
    assert np.abs(grey - by_pydicom(values, window)).max() <= 0.51
    assert (
        to_grey(values.astype(np.float32), window, inverted=True).astype(int) + grey
    ).tolist() == pytest.approx([255] * 501, abs=1)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 1e4), st.floats(-1e3, 1e3))
def test_a_scan_is_shown_alike_whatever_its_scale(seed, scale, offset):
    """Offsets in units of the scale: further from zero, float32 itself cannot tell the greys apart."""
    values = np.random.default_rng(seed).gamma(2, size=(4, 40, 40)).astype(np.float32)
    grey = to_grey(values, robust_window(list(values)))
    assert abs(np.percentile(grey, 99.9) - TOP) <= 1
    assert np.percentile(grey, 0.1) <= 1
    other = ((values.astype(np.float64) + offset) * scale).astype(np.float32)
    assert np.abs(to_grey(other, robust_window(list(other))).astype(int) - grey).max() <= 2


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 1e4), st.floats(-1e3, 1e3))
def test_a_scan_is_shown_alike_where_low_values_are_bright(seed, scale, offset):
    values = np.random.default_rng(seed).gamma(2, size=(4, 40, 40)).astype(np.float32)
    grey = to_grey(values, robust_window(list(values)))
    other = ((offset - values.astype(np.float64)) * scale).astype(np.float32)
    assert np.abs(to_grey(other, robust_window(list(other), True), True).astype(int) - grey).max() <= 2


def test_all_slices_share_one_window():
    dark, bright = np.full((20, 20), 10, np.float32), np.full((20, 20), 1000, np.float32)
    dark[0, 0] = 0
    window = robust_window([dark, bright])
    assert to_grey(dark, window).max() < 5
    assert to_grey(bright, window).min() > 200


@pytest.mark.parametrize("value", [0, -5, 1e6])
def test_a_scan_of_one_value_is_black(value):
    values = np.full((3, 20, 20), value, np.float32)
    assert not to_grey(values, robust_window(list(values))).any()
    assert not to_grey(values, robust_window(list(values), True), True).any()


def test_a_few_bright_voxels_on_black_are_seen():
    values = np.zeros((1, 100, 100), np.float32)
    values[0, 0, :5] = 9
    assert to_grey(values, robust_window(list(values))).max() >= 200


def test_what_is_no_number_is_black_and_changes_nothing():
    values = np.random.default_rng(0).random((2, 30, 30)).astype(np.float32)
    holed = values.copy()
    holed[0, 0] = np.nan
    grey = to_grey(holed, robust_window(list(holed)))
    assert not grey[0, 0].any()
    assert not to_grey(holed, robust_window(list(holed)), inverted=True)[0, 0].any()
    assert not to_grey(np.full((2, 2), np.nan, np.float32), robust_window([holed * np.nan])).any()
