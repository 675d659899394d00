"""A BRISC folder becomes a manifest, and what is wrong with one is said."""

import csv
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.data.brisc import index_brisc
from brainmtl.data.manifest import content_hash
from brainmtl.errors import InputError

CODES = {"gl": "glioma", "me": "meningioma", "pi": "pituitary", "no": "no_tumor"}


def _slice(root: Path, label: str, split: str = "train") -> Path:
    return sorted(root.glob(f"classification_task/{split}/{label}/*.jpg"))[0]


def _mask(root: Path, image: Path) -> Path:
    return root / "segmentation_task" / image.parent.parent.name / "masks" / f"{image.stem}.png"


def _refuses(root: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        index_brisc(root)
    assert caught.value.mend
    assert caught.value.exit_code == 3
    return caught.value


def test_every_row_says_what_its_file_name_says(phantom_root: Path, phantom: pd.DataFrame):
    assert len(phantom) == 60
    for row in phantom.itertuples():
        source, split, _, code, plane, _ = str(row.id).split("_")
        assert (row.source, row.split, row.label) == (source, split, CODES[code])
        assert str(row.plane).startswith(plane)
        image = phantom_root / "classification_task" / split / CODES[code] / f"{row.id}.jpg"
        assert Path(str(row.image)) == image.resolve()
        assert row.sha256 == hashlib.sha256(image.read_bytes()).hexdigest()
        with Image.open(image) as opened:
            assert (row.width, row.height) == opened.size
        assert pd.isna(row.mask) == (code == "no")
        if code != "no":
            mask = phantom_root / "segmentation_task" / split / "masks" / f"{row.id}.png"
            assert Path(str(row.mask)) == mask.resolve()
            assert row.mask_sha256 == hashlib.sha256(mask.read_bytes()).hexdigest()


def test_persons_are_groups_and_no_group_is_on_two_sides(phantom_root: Path, phantom: pd.DataFrame):
    persons = pd.read_csv(phantom_root / "persons.csv", index_col="id")
    assert (phantom["group"] == phantom["id"].map(persons["person"])).all()
    assert (phantom["patient"] == phantom["id"].map(persons["patient"])).all()
    assert (phantom.groupby("group")[["fold", "validation"]].nunique() == 1).all(axis=None)


def test_the_same_set_elsewhere_has_the_same_content(phantom: pd.DataFrame, published: Path):
    moved, warnings = index_brisc(published)
    assert content_hash(moved) == content_hash(phantom)
    assert warnings == []


def test_unchecked_files_are_warned_of(phantom: pd.DataFrame, folder: Path):
    table, warnings = index_brisc(folder)
    assert content_hash(table) == content_hash(phantom)
    assert len(warnings) == 1
    assert "no manifest.csv" in warnings[0]


def test_unlisted_and_unused_files_are_warned_of(published: Path):
    image = _slice(published, "no_tumor")
    shutil.copy(image, image.with_name(image.name.replace("_train_0", "_train_9")))
    (image.parent / "notes.txt").touch()
    table, warnings = index_brisc(published)
    assert len(table) == 61
    assert "1 files are not in manifest.csv" in warnings[0]
    assert "1 files are not .jpg and were left out, e.g. notes.txt" in warnings[1]


def test_another_folder_is_refused(tmp_path: Path):
    error = _refuses(tmp_path)
    assert error.where == tmp_path
    assert "classification_task" in error.what


@pytest.mark.parametrize("listed", [True, False])
def test_a_mask_of_another_size(folder: Path, published: Path, listed: bool):
    root = published if listed else folder
    mask = _mask(root, _slice(root, "glioma"))
    with Image.open(mask) as opened:
        width, height = opened.size
        opened.resize((width + 1, height)).save(mask)
    if listed:
        _list_again(root)
    error = _refuses(root)
    assert (error.where, error.field) == (mask, "mask")
    assert error.what == f"the mask is {width + 1}×{height}, its slice {width}×{height}"


def _list_again(root: Path) -> None:
    """Publish the hashes of the files as they are now."""
    with (root / "manifest.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        content = (root / row["relative_path"].replace("\\", "/")).read_bytes()
        row["sha256"] = hashlib.sha256(content).hexdigest()
    with (root / "manifest.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (root / "manifest.csv.sha256").write_text(
        hashlib.sha256((root / "manifest.csv").read_bytes()).hexdigest()
    )


def test_a_mask_for_a_healthy_slice(folder: Path):
    mask = _mask(folder, _slice(folder, "no_tumor"))
    Image.new("L", (96, 96)).save(mask)
    error = _refuses(folder)
    assert (error.where, error.field) == (mask, "mask")
    assert "healthy" in error.what


def test_a_missing_mask(folder: Path):
    image = _slice(folder, "meningioma")
    mask = _mask(folder, image)
    mask.unlink()
    error = _refuses(folder)
    assert (error.where, error.field) == (image, "mask")
    assert str(mask) in str(error.mend)


def test_a_mask_without_a_slice(folder: Path):
    mask = _mask(folder, _slice(folder, "glioma"))
    stray = shutil.copy(mask, folder / "segmentation_task" / "test" / "masks" / mask.name)
    error = _refuses(folder)
    assert (error.where, error.field) == (Path(stray).resolve(), "mask")


@pytest.mark.parametrize(
    ("old", "new", "field", "what"),
    [
        ("_gl_", "_nt_", "label", "'nt' is not one of gl, me, pi, no"),
        ("_gl_", "_me_", "label", "its name says train/meningioma"),
        ("_train_", "_test_", "label", "its name says test/glioma"),
        ("_t1", "_t2", None, "not a BRISC file name"),
        ("_train_", "_validation_", None, "not a BRISC file name"),
    ],
)
def test_a_name_outside_the_vocabulary(folder: Path, old: str, new: str, field: str | None, what: str):
    image = _slice(folder, "glioma")
    renamed = image.rename(image.with_name(image.name.replace(old, new)))
    error = _refuses(folder)
    assert (error.where, error.field, error.what) == (renamed, field, what)


def test_a_plane_outside_the_vocabulary(folder: Path):
    image = _slice(folder, "glioma")
    *start, _, end = image.name.split("_")
    renamed = image.rename(image.with_name("_".join([*start, "ob", end])))
    error = _refuses(folder)
    assert (error.where, error.field, error.what) == (renamed, "plane", "'ob' is not one of ax, co, sa")


@pytest.mark.parametrize("kind", ["image", "mask"])
@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda content: b"", "the file is empty"),
        (lambda content: b"hello", "not a picture that can be read"),
        (lambda content: content[: len(content) // 2], "cannot be decoded"),
    ],
    ids=["zero bytes", "text", "truncated"],
)
def test_a_file_that_is_no_picture(folder: Path, kind: str, spoil, what: str):
    image = _slice(folder, "pituitary", "test")
    path = image if kind == "image" else _mask(folder, image)
    path.write_bytes(spoil(path.read_bytes()))
    error = _refuses(folder)
    assert error.where == path
    assert what in error.what


def test_a_published_file_that_is_no_picture(published: Path):
    image = _slice(published, "no_tumor")
    image.write_bytes(b"hello")
    _list_again(published)
    error = _refuses(published)
    assert (error.where, error.what) == (image, "not a picture that can be read")


@pytest.mark.parametrize("kind", ["image", "mask"])
def test_an_altered_file(published: Path, kind: str):
    image = _slice(published, "glioma")
    path = image if kind == "image" else _mask(published, image)
    with path.open("ab") as handle:
        handle.write(b"\0")
    error = _refuses(published)
    assert (error.where, error.field) == (path, kind)
    assert error.what == "1 files differ from their published SHA-256"


@pytest.mark.parametrize("kind", ["image", "mask"])
def test_a_missing_file(published: Path, kind: str):
    image = _slice(published, "glioma")
    path = image if kind == "image" else _mask(published, image)
    path.unlink()
    error = _refuses(published)
    assert (error.where, error.field) == (path, kind)
    assert error.what == "1 files that manifest.csv lists are missing"


def test_an_altered_listing(published: Path):
    with (published / "manifest.csv").open("a") as handle:
        handle.write("\n")
    error = _refuses(published)
    assert (error.where, error.what) == (published / "manifest.csv", "differs from its published SHA-256")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"name,hash\na,b\n", "a row lacks it"),
        (b"relative_path,sha256\na\n", "files that manifest.csv lists are missing"),
        (b"sha256\na\n", "a row lacks it"),
        (b"relative_path,sha256\n\xff\xfe,b\n", "not a CSV table"),
    ],
)
def test_a_broken_listing(published: Path, content: bytes, what: str):
    (published / "manifest.csv").write_bytes(content)
    (published / "manifest.csv.sha256").unlink()
    assert what in _refuses(published).what


def test_every_mask_is_read_at_its_threshold(phantom: pd.DataFrame):
    from brainmtl.imaging.mask import read_mask

    for row in phantom[phantom["mask"].notna()].itertuples():
        values = np.asarray(Image.open(str(row.mask)))
        assert ((values <= 10) | (values >= 246)).all()
        assert (read_mask(Path(str(row.mask)), (row.height, row.width)) == (values >= 246)).all()
