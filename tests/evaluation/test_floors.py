"""The floors find the most alike slice, and score what it would have said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.evaluation.floors import floors, nearest


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8, 8))


def square(left: int) -> np.ndarray:
    mask = np.zeros((12, 12), bool)
    mask[2:6, left : left + 4] = True
    return mask


EMPTY = np.zeros((12, 12), bool)
TRAIN = {
    "thumbnails": noise(4),
    "labels": np.array(["glioma", "meningioma", "no_tumor", None], object),
    "masks": np.stack([square(0), square(4), EMPTY, EMPTY]),
}


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12))
def test_nearest_has_the_highest_correlation(seed, train, test):
    a, b = noise(train, seed), noise(test, seed + 1)
    table = np.corrcoef(a.reshape(train, -1), b.reshape(test, -1))[:train, train:]
    found = nearest(a, b)
    assert table[found, range(test)] == pytest.approx(table.max(axis=0), abs=1e-5)


def test_brightness_and_contrast_do_not_matter_but_mirroring_does():
    train = (noise(30) * 20 + 128).clip(0, 255).astype(np.uint8)
    assert (nearest(train, train * 0.3 + 40) == np.arange(30)).all()
    assert (nearest(train, train[:, :, ::-1]) == np.arange(30)).mean() < 0.5


def test_floors_of_known_neighbours():
    near = [0, 1, 2, 2]
    test = {
        "thumbnails": TRAIN["thumbnails"][near] + 0.1 * noise(4, 1),
        "labels": np.array(["glioma", "pituitary", "no_tumor", None], object),
        "masks": np.stack([square(2), square(4), EMPTY, EMPTY]),
    }
    found = floors(train=TRAIN, test=test)
    ends = {"low": pytest.approx(0.2077, abs=1e-4), "high": pytest.approx(0.9385, abs=1e-4)}  # Wilson, 2 of 3
    assert found["nearest_neighbour_accuracy"] == {"value": pytest.approx(2 / 3), "n": 3} | ends
    nothing = {"low": None, "high": None}
    assert found["nearest_mask_dice"] == {"value": pytest.approx((0.5 + 1) / 2), "n": 2} | nothing
    one_person = floors(train=TRAIN, test=test | {"groups": np.zeros(4)})["nearest_neighbour_accuracy"]
    assert one_person["high"] - one_person["low"] > ends["high"].expected - ends["low"].expected


def test_a_mask_is_copied_from_the_nearest_slice_that_has_one():
    test = {"thumbnails": TRAIN["thumbnails"][2:3], "labels": np.array(["glioma"]), "masks": square(0)[None]}
    alike = nearest(TRAIN["thumbnails"][:2], test["thumbnails"])[0]
    found = floors(train=TRAIN, test=test)
    assert found["nearest_neighbour_accuracy"]["value"] == 0
    assert found["nearest_mask_dice"]["value"] == (1, 0)[alike]


def test_nothing_to_compare_with():
    none = {name: values[:0] for name, values in TRAIN.items()}
    unknown = {
        "nearest_neighbour_accuracy": {"value": None, "low": None, "high": None, "n": 0},
        "nearest_mask_dice": {"value": None, "low": None, "high": None, "n": 0},
    }
    assert floors(train=none, test=TRAIN) == unknown
    assert floors(train=TRAIN, test=none) == unknown
    with pytest.raises(ValueError, match="train_thumbnails is empty"):
        nearest(none["thumbnails"], TRAIN["thumbnails"])
