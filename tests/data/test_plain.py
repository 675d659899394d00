"""Plain folders with an index.csv."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest

from brainmtl.data.neighbours import beside
from brainmtl.data.plain import COLUMNS, index_plain
from brainmtl.errors import InputError
from brainmtl.imaging.mask import write_mask
from brainmtl.imaging.picture import write_picture

LISTING = """id,image,mask,label,patient,person,plane,split,source,age
a,images/1.png,masks/1.png,glioma,007,P7,axial,train,here,3
b,images/2.png,,no_tumor,8,,,test,,4
,images/3.png,masks/3.png,,,,coronal,,,
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    for number in range(1, 4):
        pixels = np.random.default_rng(number).integers(0, 256, (20 + number, 30), np.uint8)
        write_picture(folder / f"images/{number}.png", pixels)
        write_mask(folder / f"masks/{number}.png", pixels > 200)
    (folder / "index.csv").write_text(LISTING)
    return folder


def test_every_cell_is_kept_and_every_default_filled(root: Path):
    table, warnings = index_plain(root)
    assert table["id"].tolist() == ["a", "b", "3"]
    assert table["label"].fillna("-").tolist() == ["glioma", "no_tumor", "-"]
    assert table["plane"].fillna("-").tolist() == ["axial", "-", "coronal"]
    assert table["patient"].fillna("-").tolist() == ["007", "8", "-"]
    assert table["group"].tolist()[:2] == ["P7", "8"]
    assert table["split"].tolist() == ["train", "test", "train"]
    assert table["source"].tolist() == ["here", "mine", "mine"]
    assert table["mask"].notna().tolist() == [True, False, True]
    assert table["height"].tolist() == [21, 22, 23]
    assert warnings == ["1 slices name no patient; they are grouped by their looks"]


def test_the_documented_example_is_one_and_the_documented_columns_are_all(tmp_path: Path):
    page = (Path(__file__).parents[2] / "docs/data.md").read_text()
    listing = page.split("```\n")[1]
    rows = list(csv.DictReader(io.StringIO(listing)))
    for row in rows:
        write_picture(
            tmp_path / row["image"], np.random.default_rng(len(row)).integers(0, 256, (20, 20), np.uint8)
        )
        if row["mask"]:
            write_mask(tmp_path / row["mask"], np.eye(20, dtype=bool))
    (tmp_path / "index.csv").write_text(listing)
    table, _ = index_plain(tmp_path)
    assert table["group"].tolist() == [row["patient"] for row in rows]
    assert table["label"].fillna("").tolist() == [row["label"] for row in rows]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)))
    assert sorted(named) == sorted(COLUMNS)


def test_a_place_in_a_series_is_kept(root: Path):
    listing = "image,series,position\nimages/1.png,S,4\nimages/2.png,S,5\nimages/3.png,,\n"
    (root / "index.csv").write_text(listing)
    table, _ = index_plain(root)
    assert table["series"].fillna("-").tolist() == ["S", "S", "-"]
    assert table["position"].fillna(-1).tolist() == [4, 5, -1]
    sides = table["split"].to_numpy(dtype=object)
    assert beside(table, sides, 1).tolist() == [[0, 0, 1], [0, 1, 1], [2, 2, 2]]
    (root / "index.csv").write_text(listing.replace("4", "first"))
    with pytest.raises(InputError, match=r"position: not a whole number"):
        index_plain(root)


def test_only_the_images_need_be_listed(root: Path):
    (root / "index.csv").write_text("image\nimages/2.png\nimages/1.png\n")
    table, _ = index_plain(root)
    assert table["id"].tolist() == ["2", "1"]
    assert table[["mask", "label", "plane", "patient"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("text", "field", "what"),
    [
        ("id,mask\n1,2\n", "image", "column is missing"),
        ("image,label\nimages/1.png,glioma\n,glioma\n", "image", "row 2 is empty"),
        ("image,label\nimages/1.png,tumour\n", "label", "row 1: 'tumour' is not one of glioma"),
        ("image,plane\nimages/1.png,ax\n", "plane", "row 1: 'ax' is not one of axial"),
        ("image,split\nimages/1.png,dev\n", "split", "row 1: 'dev' is not one of train, test"),
        ("image\n../mine2/1.png\n", "image", "outside the folder"),
        ("image\n/etc/passwd\n", "image", "outside the folder"),
        ("image,mask\nimages/1.png,../1.png\n", "mask", "outside the folder"),
        ("", None, "not a CSV table"),
        ("image,id\nimages/1.png,x\nimages/2.png,x\n", "id", "'x' occurs more than once"),
        ("image,label,mask\nimages/1.png,no_tumor,masks/1.png\n", "mask", "healthy slice"),
    ],
)
def test_a_flawed_listing_is_named(root: Path, text: str, field: str | None, what: str):
    (root / "index.csv").write_text(text)
    with pytest.raises(InputError, match=what) as caught:
        index_plain(root)
    assert (caught.value.where, caught.value.field) == (root / "index.csv", field)
    assert caught.value.mend


def test_flawed_files_are_named(root: Path):
    write_mask(root / "masks/3.png", np.zeros((20, 30), bool))
    with pytest.raises(InputError, match="mask is 30×20, its slice 30×23") as caught:
        index_plain(root)
    assert caught.value.where == root / "masks/3.png"
    (root / "images/2.png").unlink()
    with pytest.raises(InputError, match="no such file"):
        index_plain(root)
    (root / "index.csv").unlink()
    with pytest.raises(InputError, match="no such file") as caught:
        index_plain(root)
    assert caught.value.where == root / "index.csv"
