"""A packed set is the set at one size: the same slices, sides and masks, and it says what it lost."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.data.cache import open_cache
from brainmtl.data.formats import index_folder
from brainmtl.data.manifest import content_hash, read_manifest
from brainmtl.data.pack import pack
from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256

SIZE = 48
KEPT = ["id", "label", "plane", "source", "patient", "group", "split", "validation", "fold", "leaked"]


@pytest.fixture(scope="module")
def few(phantom: pd.DataFrame) -> pd.DataFrame:
    return phantom.iloc[::4].reset_index(drop=True)


@pytest.fixture(scope="module")
def packed(few: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed") / "set"
    pack(few, folder, SIZE)
    return folder


def test_sides_and_labels_stay_and_sizes_and_hashes_are_the_squares(few, packed):
    table = read_manifest(packed / "manifest.parquet")
    pd.testing.assert_frame_equal(table[KEPT], few[KEPT])
    assert (table[["width", "height"]] == SIZE).all().all()
    assert table["mask"].notna().tolist() == few["mask"].notna().tolist()
    assert table["sha256"].tolist() == [file_sha256(Path(path)) for path in table["image"]]
    masks = table.dropna(subset="mask")
    assert masks["mask_sha256"].tolist() == [file_sha256(Path(path)) for path in masks["mask"]]


def test_training_sees_the_same_squares_and_the_record_says_how_nearly(few, packed, tmp_path):
    true = open_cache(few, SIZE, home=tmp_path)
    cache = open_cache(read_manifest(packed / "manifest.parquet"), SIZE, home=tmp_path)
    assert np.array_equal(cache.masks, np.where(true.masks > 127, 255, 0))
    errors = np.abs(cache.images.astype(float) - true.images).mean(axis=(1, 2))
    loss = json.loads((packed / "pack.json").read_text())["loss"]
    assert loss["grey_error"] == pytest.approx(errors.mean(), abs=1e-4)
    assert loss["grey_error_worst"] == pytest.approx(errors.max(), abs=1e-4)
    assert 0 < loss["grey_error"] < 4
    assert loss["mask_dice"] == 1


def test_the_masks_at_native_size_are_as_near_as_it_says(few, packed):
    table = read_manifest(packed / "manifest.parquet")
    found = []
    for (_, row), path in zip(few.iterrows(), table["mask"], strict=True):
        if pd.notna(row["mask"]):
            side = max(row["width"], row["height"])
            back = Image.open(path).convert("L").resize((side, side), Image.Resampling.BILINEAR)
            left, top = (side - row["width"]) // 2, (side - row["height"]) // 2
            back = np.asarray(back.crop((left, top, left + row["width"], top + row["height"]))) > 127
            true = np.asarray(Image.open(row["mask"])) > 127
            found.append(2 * (back & true).sum() / (back.sum() + true.sum()))
    said = json.loads((packed / "pack.json").read_text())["loss"]["mask_dice_native"]
    assert said == pytest.approx(np.mean(found), abs=5e-3)
    assert 0.8 < said < 1


@pytest.mark.parametrize("quality", [20, 95])
def test_better_quality_costs_bytes_and_errs_less(few, tmp_path, packed, quality):
    usual = json.loads((packed / "pack.json").read_text())
    other = pack(few, tmp_path / "other", SIZE, quality=quality)
    assert (other["bytes"] > usual["bytes"]) == (quality > 90)
    assert (other["loss"]["grey_error"] < usual["loss"]["grey_error"]) == (quality > 90)


def test_a_lesion_too_small_for_the_square_is_counted(few, tmp_path):
    table = few[few["mask"].notna()].iloc[:2].reset_index(drop=True)
    dot = np.zeros((int(table["height"][0]), int(table["width"][0])), np.uint8)
    dot[40, 40] = 255
    Image.fromarray(dot).save(tmp_path / "dot.png")
    table.loc[0, "mask"] = str(tmp_path / "dot.png")
    assert pack(table, tmp_path / "set", SIZE)["loss"]["masks_vanished"] == 1


def test_it_may_move_and_stays_what_it_is(packed, tmp_path):
    before = content_hash(read_manifest(packed / "manifest.parquet"))
    moved = Path(shutil.copytree(packed, tmp_path / "moved", ignore=shutil.ignore_patterns("slices")))
    table = read_manifest(moved / "manifest.parquet")
    assert content_hash(table) == before
    assert all(Path(path).is_relative_to(moved) and Path(path).is_file() for path in table["image"])


def test_a_packed_set_is_indexed_like_any_other(packed, tmp_path):
    table, warnings = index_folder(packed, tmp_path / "pictures")
    pd.testing.assert_frame_equal(table, read_manifest(packed / "manifest.parquet"))
    assert warnings == []
    healthy = index_folder(packed, tmp_path / "pictures", without=["glioma", "meningioma", "pituitary"])[0]
    assert set(healthy["label"]) == {"no_tumor"}


def test_a_full_folder_is_left_alone_and_a_broken_slice_leaves_none(few, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(InputError, match="is not empty"):
        pack(few, tmp_path / "mine", SIZE)
    (tmp_path / "cut.jpg").write_bytes(Path(few["image"][0]).read_bytes()[:300])
    broken = few.assign(image=few["image"].mask(few.index == 5, str(tmp_path / "cut.jpg")))
    with pytest.raises(InputError, match="cut"):
        pack(broken, tmp_path / "set", SIZE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.jpg", "mine"]
