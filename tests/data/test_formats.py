"""Which data set a folder is."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.formats import index_folder
from brainmtl.errors import InputError
from brainmtl.imaging.picture import write_picture


@pytest.fixture
def sartaj(tmp_path: Path) -> Path:
    root = tmp_path / "sets" / "sartaj"
    for number, folder in enumerate(["Training/no_tumor", "Training/glioma_tumor", "Testing/no_tumor"]):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 30), np.uint8)
        write_picture(root / folder / "1.png", pixels)
    return root


@pytest.fixture
def plain(sartaj: Path) -> Path:
    root = sartaj.parent / "plain"
    shutil.copytree(sartaj / "Training", root / "pictures")
    (root / "index.csv").write_text("image,label\npictures/no_tumor/1.png,no_tumor\n")
    return root


def test_each_layout_is_known(phantom_root: Path, phantom, sartaj: Path, plain: Path, tmp_path: Path):
    table, _ = index_folder(phantom_root, tmp_path / "pictures")
    pd.testing.assert_frame_equal(table, phantom)
    assert set(index_folder(sartaj, tmp_path / "pictures")[0]["source"]) == {"sartaj"}
    assert set(index_folder(plain, tmp_path / "pictures")[0]["source"]) == {"plain"}


def test_a_folder_around_one_set_will_do_and_around_two_will_not(sartaj: Path, tmp_path: Path):
    (sartaj.parent / "README.md").write_text("read me")
    assert len(index_folder(sartaj.parent, tmp_path / "pictures")[0]) == 3
    shutil.copytree(sartaj, sartaj.parent / "again")
    with pytest.raises(InputError, match="2 data sets in it: again, sartaj") as caught:
        index_folder(sartaj.parent, tmp_path / "pictures")
    assert caught.value.where == sartaj.parent


def test_an_unknown_layout_is_named_with_the_known_ones(tmp_path: Path):
    (tmp_path / "holiday").mkdir()
    with pytest.raises(InputError, match="known layout") as caught:
        index_folder(tmp_path / "holiday", tmp_path / "pictures")
    assert caught.value.where == tmp_path / "holiday"
    for name in ("classification_task", "Training", ".mat", "index.csv"):
        assert name in str(caught.value.mend)
    with pytest.raises(InputError, match="no such folder"):
        index_folder(tmp_path / "nowhere", tmp_path / "pictures")


def test_classes_are_left_out(sartaj: Path, tmp_path: Path):
    table, _ = index_folder(sartaj, tmp_path / "pictures", without=["glioma"])
    assert table["label"].tolist() == ["no_tumor", "no_tumor"]
    with pytest.raises(InputError, match="'gliom' is no class"):
        index_folder(sartaj, tmp_path / "pictures", without=["gliom"])
    with pytest.raises(InputError, match="no slice is left"):
        index_folder(sartaj, tmp_path / "pictures", without=["glioma", "no_tumor"])


def test_of_equal_files_the_test_slice_is_kept(sartaj: Path, tmp_path: Path):
    shutil.copy(sartaj / "Testing/no_tumor/1.png", sartaj / "Training/no_tumor/0.png")
    shutil.copy(sartaj / "Testing/no_tumor/1.png", sartaj / "Training/no_tumor/2.png")
    everything, warnings = index_folder(sartaj, tmp_path / "pictures")
    assert len(everything) == 5
    assert "2 files are copies of others; --distinct leaves them out" in warnings
    table, warnings = index_folder(sartaj, tmp_path / "pictures", distinct=True)
    assert len(table) == 3
    assert table["sha256"].is_unique
    assert (table["split"] == "test").sum() == 1
    assert not any("copies" in warning for warning in warnings)
