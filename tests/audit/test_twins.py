"""Masks of copies agree wholly when they are the same however a slice was turned, and as Dice says else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.audit.masks import check_masks
from brainmtl.audit.twins import agreement, laid, mask_dice, undone

TURNS = {
    "none": lambda m: m,
    "mirror": np.fliplr,
    "flip": np.flipud,
    "rot90": np.rot90,
    "rot180": lambda m: np.rot90(m, 2),
    "rot270": lambda m: np.rot90(m, 3),
    "transpose": np.transpose,
    "transverse": lambda m: np.rot90(m, 2).T,
}


@pytest.fixture
def blot() -> np.ndarray:
    """A mask that no turn leaves as it is."""
    mask = np.zeros((40, 60), bool)
    mask[5:20, 8:14] = mask[15:20, 8:30] = True
    return mask


@pytest.mark.parametrize("transform", TURNS)
def test_a_turn_is_numpy_s_and_is_undone(blot, transform):
    turned = TURNS[transform](blot)
    assert (laid(blot, transform, turned.shape) == turned).all()
    assert (laid(turned, undone(transform), blot.shape) == blot).all()


@pytest.mark.parametrize("transform", TURNS)
def test_turned_copies_agree_wholly(blot, transform, tmp_path):
    masks = {"a": blot, "b": TURNS[undone(transform)](blot)}
    for name, mask in masks.items():
        Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / f"{name}.png")
    paths = pd.Series({name: str(tmp_path / f"{name}.png") for name in masks})
    pairs = pd.DataFrame({"a": ["a"], "b": ["b"], "transform": [transform]})
    assert mask_dice(pairs, paths, paths).tolist() == [1.0]
    if transform not in ("none", "transpose"):
        assert mask_dice(pairs.assign(transform="none"), paths, paths)[0] < 0.6


def test_another_size_and_missing_masks(make_table):
    small, large = np.zeros((32, 32), np.uint8), np.zeros((64, 64), np.uint8)
    small[8:16, 8:16] = 255
    large[16:32, 16:48] = 255
    table = make_table(
        [
            {"id": "small", "mask": small},
            {"id": "large", "mask": large, "pixels": large},
            {"id": "none"},
            {"id": "empty", "mask": np.zeros((32, 32), np.uint8)},
        ]
    )
    masks = table.set_index("id")["mask"]
    pairs = pd.DataFrame(
        [("small", "large"), ("small", "none"), ("empty", "small"), ("small", "empty")], columns=["a", "b"]
    ).assign(transform="none")
    assert mask_dice(pairs, masks, masks).tolist() == pytest.approx(
        [2 * 64 / (64 + 128), np.nan, np.nan, 0], nan_ok=True
    )


def test_masks_already_read_are_not_read_again(make_table):
    mask = np.zeros((32, 32), np.uint8)
    mask[8:16, 8:20] = 255
    table = make_table([{"id": "one", "mask": mask}, {"id": "other", "mask": np.roll(mask, 3, axis=1)}])
    masks = table.set_index("id")["mask"]
    pairs = pd.DataFrame({"a": ["one"], "b": ["other"], "transform": "none"})
    areas = check_masks(table).areas
    for path in masks:
        Path(path).unlink()
    assert mask_dice(pairs, masks, masks, areas=areas).tolist() == [pytest.approx(9 / 12)]


def test_agreement_is_a_mean_by_class_and_side():
    values = pd.Series([1.0, 0.8, 0.4, np.nan])
    labels = pd.Series(["glioma", "glioma", "pituitary", "pituitary"])
    found = agreement(values, labels, pd.Series([True, False, True, True]))
    assert found["all"]["dice"]["value"] == pytest.approx(2.2 / 3)
    assert found["all"]["dice"]["n"] == 3
    assert found["across"]["dice_by_label"]["pituitary"]["value"] == pytest.approx(0.4)
    assert found["within"]["dice_by_label"].keys() == {"glioma"}
    assert (found["within"]["below_half"], found["across"]["below_half"]) == (0, 1)
