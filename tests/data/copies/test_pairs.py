"""Copies planted among slices are found, and nothing else is."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from brainmtl.data.brisc import index_brisc
from brainmtl.data.copies.compare import compare_slices
from brainmtl.data.copies.orientation import ORIENTATIONS
from brainmtl.data.copies.pairs import find_pairs
from brainmtl.data.copies.thumbnails import read_thumbnails
from brainmtl.data.copies.verify import SAME
from brainmtl.data.phantom import make_phantom
from brainmtl.errors import InputError

Change = Callable[[np.ndarray], np.ndarray]


def jpeg(quality: int) -> Change:
    def change(pixels: np.ndarray) -> np.ndarray:
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=quality)
        return np.asarray(Image.open(buffer))

    return change


def resize(factor: float) -> Change:
    def change(pixels: np.ndarray) -> np.ndarray:
        size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))

    return change


def _crop(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape
    return pixels[height // 33 :, : width - width // 25]


CHANGES = {
    "JPEG at 30": jpeg(30),
    "half the size, then JPEG": lambda pixels: jpeg(70)(resize(0.5)(pixels)),
    "one and a half times the size": resize(1.5),
    "brighter": lambda pixels: np.clip(pixels * 1.25 + 8, 0, 255).astype(np.uint8),
    "darker": lambda pixels: (pixels * 0.6).astype(np.uint8),
    "cropped": _crop,
    "padded": lambda pixels: np.pad(pixels, ((3, 7), (5, 2))),
    "mirrored, then JPEG": lambda pixels: jpeg(60)(np.fliplr(pixels)),
    "turned, padded and resized": lambda pixels: resize(1.3)(np.pad(np.rot90(pixels), ((4, 4), (0, 6)))),
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Phantoms, and the copies planted among them."""
    root = tmp_path_factory.mktemp("copies") / "set"
    make_phantom(root, slices=240, size=128, copies=True, seed=5)
    copies = pd.read_csv(root / "planted.csv")
    return index_brisc(root)[0], copies[copies["kind"] != "person"]


def test_the_planted_copies_are_found_and_nothing_else(planted: tuple[pd.DataFrame, pd.DataFrame]):
    table, copies = planted
    assert {*zip(copies["kind"], copies["transform"], strict=True)} == {
        ("bytes", "none"),
        ("pixels", "none"),
        ("near", "none"),
        ("near", "mirror"),
    }
    assert _facts(find_pairs(table)) == _facts(copies)


def _facts(pairs: pd.DataFrame) -> set[tuple]:
    return {
        (frozenset((row.a, row.b)), row.kind, row.transform, bool(row.across_splits))
        for row in pairs.itertuples()
    }


def test_pairs_are_in_the_order_of_the_table(planted: tuple[pd.DataFrame, pd.DataFrame]):
    table = planted[0].sample(frac=1, random_state=0)
    place = pd.Series(range(len(table)), table["id"])
    pairs = find_pairs(table)
    first, second = place[pairs["a"]].to_numpy(), place[pairs["b"]].to_numpy()
    assert (first < second).all()
    assert (np.diff(first) >= 0).all()
    assert _facts(pairs) == _facts(planted[1])
    assert pairs["score"].between(SAME, 1).all()


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_copy_is_found(name: str, originals: list[np.ndarray], manifest):
    chosen = originals[::3]
    table = manifest([*originals, *(CHANGES[name](pixels) for pixels in chosen)])
    pairs = find_pairs(table)
    expected = {(f"{3 * turn:04}", f"{len(originals) + turn:04}") for turn in range(len(chosen))}
    found = set(zip(pairs["a"], pairs["b"], strict=True))
    assert not found - expected
    assert len(found) >= (0.99 if "crop" not in name and "pad" not in name else 0.9) * len(expected)


@pytest.mark.parametrize(
    "change", [jpeg(30), resize(0.5), resize(0.75), lambda pixels: jpeg(60)(np.fliplr(pixels))]
)
def test_a_changed_copy_of_a_small_slice_is_found(change: Change, originals: list[np.ndarray], manifest):
    small = [resize(0.6)(pixels) for pixels in originals]
    assert max(max(pixels.shape) for pixels in small) < 128
    pairs = find_pairs(manifest([*small, *(change(pixels) for pixels in small[::3])]))
    expected = {(f"{3 * turn:04}", f"{len(small) + turn:04}") for turn in range(len(small[::3]))}
    found = set(zip(pairs["a"], pairs["b"], strict=True))
    assert not found - expected
    assert len(found) >= 0.9 * len(expected)


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=lambda each: each.name)
def test_a_turned_copy_says_how(orientation, originals: list[np.ndarray], manifest):
    table = manifest([*originals[:12], *(orientation.turn(pixels) for pixels in originals[:4])])
    pairs = find_pairs(table)
    assert list(zip(pairs["a"], pairs["b"], strict=True)) == [(f"{n:04}", f"{12 + n:04}") for n in range(4)]
    assert (pairs["transform"] == orientation.name).all()
    assert (pairs["kind"] == ("bytes" if orientation.name == "none" else "near")).all()
    assert pairs["score"].min() > 0.99


def test_a_slice_is_what_a_viewer_shows(originals: list[np.ndarray], manifest, tmp_path: Path):
    table = manifest(originals[:6])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # the file is to be turned by a quarter, clockwise
    lying = Image.fromarray(np.ascontiguousarray(np.rot90(originals[0])))
    lying.save(tmp_path / "lying.png", exif=exif)
    table.loc[6] = ["lying", str(tmp_path / "lying.png"), "test", "other"]
    assert find_pairs(table).to_dict("records") == [
        {
            "a": "0000",
            "b": "lying",
            "kind": "pixels",
            "transform": "none",
            "score": 1.0,
            "across_splits": True,
        }
    ]


def test_every_two_of_several_copies_are_a_pair(originals: list[np.ndarray], manifest):
    mirrored = np.fliplr(originals[0])
    table = manifest([mirrored, originals[0], originals[1], originals[0], mirrored])
    pairs = find_pairs(table)
    facts = {(row.a[-1], row.b[-1]): (row.kind, row.transform) for row in pairs.itertuples()}
    same, turned = ("bytes", "none"), ("near", "mirror")
    assert facts == {
        ("0", "1"): turned,
        ("0", "3"): turned,
        ("0", "4"): same,
        ("1", "3"): same,
        ("1", "4"): turned,
        ("3", "4"): turned,
    }


def test_a_blank_picture_is_like_nothing_but_itself(originals: list[np.ndarray], manifest):
    blank = np.zeros((64, 64), np.uint8)
    pairs = find_pairs(manifest([*originals[:3], blank, blank, np.zeros((70, 64), np.uint8)]))
    assert pairs[["a", "b", "kind"]].to_numpy().tolist() == [["0003", "0004", "bytes"]]


def test_one_slice_has_no_copy(originals: list[np.ndarray], manifest):
    assert find_pairs(manifest(originals[:1])).empty


def test_a_table_already_compared_is_not_read_again(planted: tuple[pd.DataFrame, pd.DataFrame]):
    table = planted[0].iloc[:60]
    seen: list[tuple[int, int]] = []
    compared = compare_slices(table, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 60) for done in range(1, 61)]
    pd.testing.assert_frame_equal(
        find_pairs(table.assign(image="nowhere"), compared=compared), find_pairs(table)
    )


def test_slices_already_decoded_are_not_read_again(planted: tuple[pd.DataFrame, pd.DataFrame]):
    table, seen = planted[0].iloc[:60], []
    found = compare_slices(
        table.assign(image="nowhere"),
        thumbnails=read_thumbnails(table["image"]),
        progress=lambda done, total: seen.append((done, total)),
    )
    pd.testing.assert_frame_equal(found, compare_slices(table))
    done, total = seen[-1]
    assert done == total >= len(found)


def test_a_file_that_cannot_be_read_is_named(originals: list[np.ndarray], manifest):
    table = manifest(originals[:3])
    Path(table["image"][1]).write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"0001\.png: not a picture"):
        find_pairs(table)


def test_slices_of_one_person_are_told_from_copies(tmp_path: Path):
    make_phantom(tmp_path / "set", slices=240, size=128, seed=1, copies=True)
    planted = pd.read_csv(tmp_path / "set" / "planted.csv")
    found = find_pairs(index_brisc(tmp_path / "set")[0])
    copied = planted[planted["kind"] != "person"]
    assert {frozenset(pair) for pair in found[["a", "b"]].to_numpy()} == {
        frozenset(pair) for pair in copied[["a", "b"]].to_numpy()
    }
