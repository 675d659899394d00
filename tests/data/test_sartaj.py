"""SARTAJ's folders become a manifest."""

from pathlib import Path

import numpy as np
import pytest

from brainmtl.data.sartaj import index_sartaj
from brainmtl.errors import InputError
from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.picture import write_picture

NAMES = {
    "Training/glioma_tumor": ["gg (1).png", "gg (2).png"],
    "Training/no_tumor": ["image(1).png", "image (1).png", "1.png"],
    "Testing/glioma_tumor": ["image(1).png"],
    "Testing/pituitary_tumor": ["image.png", "image(2).png"],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    seed = 0
    for folder, names in NAMES.items():
        for name in names:
            seed += 1
            pixels = np.random.default_rng(seed).integers(0, 256, (20, 24 + seed), np.uint8)
            write_picture(tmp_path / "sartaj" / folder / name, pixels)
    return tmp_path / "sartaj"


def test_split_and_class_come_from_the_folders(root: Path):
    table, warnings = index_sartaj(root)
    assert len(table) == 8
    assert table["id"].is_unique
    assert table["mask"].isna().all()
    assert table["patient"].isna().all()
    for row in table.itertuples():
        path = Path(row.image)
        assert (row.split == "train") == (path.parent.parent.name == "Training")
        assert path.parent.name.removesuffix("_tumor") == ("no" if row.label == "no_tumor" else row.label)
        assert row.sha256 == file_sha256(path)
    assert set(table["source"]) == {"sartaj"}
    assert len(warnings) == 1
    assert "Testing/glioma_tumor" in warnings[0]


def test_what_is_no_picture_is_left_out_and_counted(root: Path):
    (root / "Training/no_tumor/Thumbs.db").write_text("")
    table, warnings = index_sartaj(root)
    assert len(table) == 8
    assert any(warning.startswith("1 files are no pictures") for warning in warnings)


def test_a_copy_across_the_split_is_a_leak_and_keeps_its_group(root: Path):
    there = root / "Training/no_tumor/image(1).png"
    here = root / "Testing/no_tumor/copy.png"
    here.parent.mkdir()
    here.write_bytes(there.read_bytes())
    table, _ = index_sartaj(root)
    copies = table[table["sha256"] == file_sha256(here)]
    assert len(copies) == 2
    assert copies["leaked"].all()
    assert copies["group"].nunique() == copies["fold"].nunique() == 1
    assert not table.drop(copies.index)["leaked"].any()


def test_one_split_may_be_missing(root: Path, tmp_path: Path):
    (root / "Testing").rename(tmp_path / "elsewhere")
    table, warnings = index_sartaj(root)
    assert set(table["split"]) == {"train"}
    assert warnings == []


def test_an_unknown_folder_is_named(root: Path):
    (root / "Training/no_tumor").rename(root / "Training/notumor")
    with pytest.raises(InputError, match="'notumor' is not one of") as caught:
        index_sartaj(root)
    assert caught.value.where == root / "Training/notumor"


def test_a_spoilt_picture_is_named(root: Path):
    path = root / "Training/no_tumor/1.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match="decoded") as caught:
        index_sartaj(root)
    assert caught.value.where == path


def test_an_empty_folder_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="no Training"):
        index_sartaj(tmp_path)
