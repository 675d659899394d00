"""Drawn tumours sit where their kind does."""

import numpy as np
import pytest

from brainmtl.data.phantom_grid import Grid
from brainmtl.data.phantom_head import draw_anatomy, outline
from brainmtl.data.phantom_tumour import Site, cut_tumour, draw_tumour, paint_tumour, push
from brainmtl.labels import PLANES, TUMOURS

GRID = Grid.of(160)


def _grown(kind, seed: int, plane, drift: float = 0.0):
    anatomy = draw_anatomy(np.random.default_rng(seed))
    shape = outline(anatomy, plane, GRID, low=False)
    tumour = draw_tumour(kind, np.random.default_rng([seed, 7]))
    image = np.full(GRID.x.shape, 0.4, np.float32)
    site = cut_tumour(tumour, plane, drift, shape)
    return paint_tumour(image, tumour, site, anatomy, shape, GRID) > 0, image, shape, site


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", TUMOURS)
def test_it_is_in_the_head_and_about_as_large_as_its_site(kind, seed: int, plane):
    mask, _, shape, site = _grown(kind, seed, plane)
    area = mask.sum() * GRID.pixel**2
    assert 0.2 < area / (np.pi * site.radius**2) < 1.6
    assert (shape.head[mask] > 0.02).all()


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("seed", range(8))
def test_each_kind_keeps_its_place(seed: int, plane):
    glioma, _, shape, _ = _grown("glioma", seed, plane)
    assert (shape.cavity[glioma] > 0.015).all()
    meningioma, _, shape, _ = _grown("meningioma", seed, plane)
    assert shape.cavity[meningioma].min() < 0.01
    assert (shape.cavity[meningioma] > -0.015).all()
    pituitary, _, shape, _ = _grown("pituitary", seed, plane)
    distance = np.hypot(GRID.x[pituitary].mean() - shape.sella[0], GRID.y[pituitary].mean() - shape.sella[1])
    assert distance < 0.15


def test_gliomas_are_uneven_and_meningiomas_even():
    uneven = {
        kind: np.median(
            [image[mask].std() for mask, image, *_ in (_grown(kind, seed, "axial") for seed in range(12))]
        )
        for kind in TUMOURS
    }
    assert uneven["glioma"] > 2 * uneven["pituitary"]
    assert uneven["glioma"] > 2 * uneven["meningioma"]


@pytest.mark.parametrize("kind", TUMOURS)
def test_it_is_smaller_away_from_its_middle(kind):
    sites = [_grown(kind, 2, "coronal", drift)[3].radius for drift in (0, 0.5, 1)]
    assert sites == sorted(sites, reverse=True)
    assert sites[2] == pytest.approx(sites[0] * np.sqrt(0.5))


def test_the_brain_is_pushed_outwards_near_a_tumour_and_nowhere_else():
    site = Site(0.2, -0.1, 0.15)
    pushed = push(GRID, site)
    before = np.hypot(GRID.x - site.x, GRID.y - site.y)
    after = np.hypot(pushed.x - site.x, pushed.y - site.y)
    assert (after <= before + 1e-6).all()  # each pixel shows what lay further in
    assert (before - after)[before > 1].max() < 1e-3
    ring = np.abs(before - 0.2) < 0.02
    assert (before - after)[ring].mean() > 0.02
