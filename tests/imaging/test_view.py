"""Slices lie as a radiologist looks at them, whichever way they were stored, and go back exactly."""

import itertools

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from brainmtl.imaging.view import DISPLAY, PLANES, View, radiological

AXES = {"R": (-1, 0, 0), "L": (1, 0, 0), "A": (0, -1, 0), "P": (0, 1, 0), "I": (0, 0, -1), "S": (0, 0, 1)}
"""Letters for directions in DICOM's axes."""


@pytest.mark.parametrize(
    ("plane", "down", "right"), [("axial", "P", "L"), ("coronal", "I", "L"), ("sagittal", "I", "P")]
)
def test_what_scanners_store_stays_as_it_is(plane, down, right):
    """PS3.3, C.7.6.2.1.1, and the usual display: right on the left, face up or to the left, head up."""
    assert radiological(np.array(AXES[down], float), np.array(AXES[right], float)) == View(plane)


@pytest.mark.parametrize(
    "codes", ["".join(c) for c in itertools.permutations("RAS")] + ["LPS", "RPI", "PIR", "SLP"]
)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_every_storage_order_gives_the_same_picture(codes, axis):
    """nibabel reorients one marked volume; each slice across the same anatomical axis looks the same."""
    volume = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    lps = nibabel.orientations.axcodes2ornt("LPS")
    turned = nibabel.orientations.apply_orientation(
        volume, nibabel.orientations.ornt_transform(lps, nibabel.orientations.axcodes2ornt(codes))
    )
    letter = "LPS"[axis]
    across = next(place for place, code in enumerate(codes) if AXES[code][axis])
    if AXES[codes[across]][axis] < 0:
        turned = np.flip(turned, across)
    down, right = (code for place, code in enumerate(codes) if place != across)
    view = radiological(np.array(AXES[down], float), np.array(AXES[right], float))
    expected = {
        "L": volume.transpose(0, 2, 1)[:, ::-1],
        "P": volume.transpose(1, 2, 0)[:, ::-1],
        "S": volume.transpose(2, 1, 0),
    }
    assert view.plane == PLANES[axis]
    assert (view.upright(np.moveaxis(turned, across, 0)) == expected[letter]).all()


@given(
    arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=3, max_side=5)),
    st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_stored_undoes_upright(slices, transpose, flip_rows, flip_columns):
    view = View(None, transpose, flip_rows, flip_columns)
    assert (view.stored(view.upright(slices)) == slices).all()


@given(st.integers(0, 2**32 - 1), st.sampled_from(PLANES))
def test_a_tilt_of_less_than_45_degrees_changes_nothing(seed, plane):
    down, right = (np.array(direction, float) for direction in DISPLAY[plane])
    axis = np.random.default_rng(seed).normal(size=3)
    axis /= np.linalg.norm(axis)
    angle = np.radians(30)

    def tilt(v):  # Rodrigues' rotation
        return v * np.cos(angle) + np.cross(axis, v) * np.sin(angle) + axis * (axis @ v) * (1 - np.cos(angle))

    assert radiological(tilt(down), tilt(right)) == View(plane)
