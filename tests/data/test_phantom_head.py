"""A drawn head has its parts in their places."""

import numpy as np
import pytest

from brainmtl.data.phantom_grid import Grid
from brainmtl.data.phantom_head import draw_anatomy, draw_head, outline
from brainmtl.labels import PLANES

GRID = Grid.of(128)
VIEWS = [(plane, False) for plane in PLANES] + [("axial", True)]


def _head(seed: int, plane, low: bool = False, *, chance: int = 0, drift: float = 0.0) -> np.ndarray:
    anatomy = draw_anatomy(np.random.default_rng(seed))
    shape = outline(anatomy, plane, GRID, low)
    return draw_head(anatomy, plane, shape, GRID, GRID, np.random.default_rng(chance), drift)


@pytest.mark.parametrize(("plane", "low"), VIEWS)
@pytest.mark.parametrize("seed", range(6))
def test_the_brain_is_in_the_skull_in_the_head_in_the_picture(seed: int, plane, low: bool):
    anatomy = draw_anatomy(np.random.default_rng(seed))
    shape = outline(anatomy, plane, GRID, low)
    head, cavity = shape.head > 0, shape.cavity > 0
    assert not (cavity & ~(shape.head > 0.5 * anatomy.scalp)).any()
    assert 0.15 < cavity.mean() < head.mean() < 0.75
    assert not head[0].any()
    assert not head[:, 0].any()
    assert not head[:, -1].any()
    for x, y in (shape.sella, shape.centre):
        row, column = (round((value + 1.15) / GRID.pixel) for value in (y, x))
        assert shape.cavity[row, column] > -0.03


@pytest.mark.parametrize(("plane", "low"), VIEWS)
def test_scalp_is_bright_bone_dark_and_brain_between(plane, low: bool):
    anatomy = draw_anatomy(np.random.default_rng(1))
    shape = outline(anatomy, plane, GRID, low)
    image = _head(1, plane, low)
    top = GRID.y < -0.3
    scalp = np.median(image[top & (np.abs(shape.head - anatomy.scalp / 2) < 0.015)])
    bone = np.median(image[top & (np.abs(shape.cavity + 0.15 * anatomy.skull) < 0.01)])
    brain = np.median(image[shape.cavity > 0.2])
    air = np.median(image[shape.head < -0.05])
    assert air < bone < brain < scalp


@pytest.mark.parametrize("plane", PLANES)
def test_neighbouring_slices_of_a_person_are_more_alike_than_distant_ones_or_other_persons(plane):
    def alike(a: np.ndarray, b: np.ndarray) -> float:
        brain = GRID.ellipse(0, -0.25, 0.4, 0.3) > 0
        return float(np.corrcoef(a[brain], b[brain])[0, 1])

    own, near, far, other = (
        _head(*how[:1], plane, drift=how[1]) for how in ((3, 0.0), (3, 0.1), (3, 0.9), (4, 0.0))
    )
    assert alike(own, near) > alike(own, far)
    assert alike(own, near) > alike(own, other)


def test_chance_of_the_slice_moves_only_the_distractors():
    own, other = _head(3, "coronal", chance=0), _head(3, "coronal", chance=1)
    assert 0 < (own != other).mean() < 0.25
