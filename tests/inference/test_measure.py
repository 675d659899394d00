"""Diameters against closed forms, brute force, SciPy's components and ITK's Feret diameter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage
from scipy.spatial.distance import pdist

from brainmtl.inference.measure import longest_diameter

MASKS = arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))
PIXELS = st.tuples(st.sampled_from([0.4, 1.0, 2.5]), st.sampled_from([0.5, 1.0]))


def brute(mask: np.ndarray, pixel: tuple[float, float]) -> float | None:
    """Every pair of side midpoints of every component that SciPy finds."""
    lesions, count = ndimage.label(mask, np.ones((3, 3)))
    found = []
    for number in range(1, count + 1):
        centres = np.argwhere(lesions == number)
        sides = np.concatenate([centres + side for side in ((-0.5, 0), (0.5, 0), (0, -0.5), (0, 0.5))])
        found.append(pdist(sides * pixel).max())
    return max(found, default=None)


@given(MASKS, PIXELS)
@settings(max_examples=200)
def test_equals_brute_force(mask, pixel):
    assert longest_diameter(mask, pixel) == (pytest.approx(brute(mask, pixel)) if mask.any() else None)


@pytest.mark.parametrize("length", [1, 2, 30])
def test_a_row_is_as_long_as_its_pixels(length):
    mask = np.zeros((5, 40), bool)
    mask[2, 3 : 3 + length] = True
    assert longest_diameter(mask, (0.5, 0.5)) == pytest.approx(0.5 * length)


def test_a_disc_is_twice_its_radius():
    rows, columns = np.ogrid[:201, :201]
    disc = (rows - 100) ** 2 + (columns - 100) ** 2 <= 70**2
    assert longest_diameter(disc, (0.5, 0.5)) == pytest.approx(70, abs=0.6)


def test_lesions_are_measured_one_by_one():
    mask = np.zeros((50, 50), bool)
    mask[0, 0:10] = mask[49, 40:50] = True
    assert longest_diameter(mask) == 10


def test_agrees_with_itk():
    sitk = pytest.importorskip("SimpleITK")
    noise = ndimage.gaussian_filter(np.random.default_rng(3).random((120, 160)), 6)
    mask = noise > np.quantile(noise, 0.9)
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing((0.5, 0.5))
    shapes = sitk.LabelShapeStatisticsImageFilter()
    shapes.ComputeFeretDiameterOn()
    shapes.Execute(sitk.ConnectedComponent(image, True))
    itk = max(shapes.GetFeretDiameter(label) for label in shapes.GetLabels())
    assert itk <= longest_diameter(mask, (0.5, 0.5)) <= itk + 0.71  # ITK measures from centre to centre
