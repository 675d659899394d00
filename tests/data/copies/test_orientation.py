"""The eight orientations are NumPy's flips and turns."""

import numpy as np
import pytest

from brainmtl.data.copies.orientation import BACK, ORIENTATIONS

BY_NUMPY = {
    "none": lambda picture: picture,
    "mirror": np.fliplr,
    "flip": np.flipud,
    "rot90": np.rot90,
    "rot180": lambda picture: np.rot90(picture, 2),
    "rot270": lambda picture: np.rot90(picture, 3),
    "transpose": np.transpose,
    "transverse": lambda picture: np.rot90(picture, 2).T,
}


@pytest.mark.parametrize("number", range(8))
def test_a_name_is_what_numpy_means_by_it(number: int):
    orientation = ORIENTATIONS[number]
    picture = np.arange(12).reshape(3, 4)
    turned = orientation.turn(picture)
    assert (turned == BY_NUMPY[orientation.name](picture)).all()
    assert (ORIENTATIONS[BACK[number]].turn(turned) == picture).all()


def test_there_are_eight_different_ones():
    picture = np.arange(9).reshape(3, 3)
    assert len({orientation.turn(picture).tobytes() for orientation in ORIENTATIONS}) == 8
    assert {orientation.name for orientation in ORIENTATIONS} == set(BY_NUMPY)


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=lambda each: each.name)
def test_a_box_turns_with_its_picture(orientation):
    picture = np.zeros((10, 10))
    picture[2:5, 1:8] = 1
    top, bottom, left, right = np.rint(orientation.turn_box(np.array([0.2, 0.5, 0.1, 0.8])) * 10).astype(int)
    turned = orientation.turn(picture)
    assert turned[top:bottom, left:right].all()
    assert turned.sum() == (bottom - top) * (right - left)
