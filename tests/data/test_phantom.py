"""A phantom set is BRISC's in form, the same from the same seed, and told apart only by its tumours."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from brainmtl.data.brisc import index_brisc
from brainmtl.data.manifest import summary
from brainmtl.data.phantom import make_phantom
from brainmtl.data.thumbnails import standard_thumbnails
from brainmtl.errors import InputError
from brainmtl.imaging.mask import read_mask

BRISC_COLUMNS = (
    "relative_path,filename,task,split,index,tumor_code,tumor_label,plane_code,plane_label,sequence,is_mask,"
    "linked_image,width,height,file_size_bytes,sha256"
)


def _digests(root: Path) -> dict[str, str]:
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _grey(path: str) -> np.ndarray:
    return np.asarray(Image.open(path).convert("L"))


@pytest.fixture(scope="module")
def many_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("many") / "set"
    make_phantom(root, slices=320, size=96, seed=1)
    return root


@pytest.fixture(scope="module")
def many(many_root: Path) -> pd.DataFrame:
    return index_brisc(many_root)[0]


@pytest.fixture(scope="module")
def copies_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("copies") / "set"
    make_phantom(root, slices=96, size=96, seed=2, copies=True)
    return root


@pytest.mark.parametrize("copies", [False, True])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, copies: bool):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        make_phantom(tmp_path / name, slices=24, size=64, seed=seed, copies=copies)
    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")
    same = set(_digests(tmp_path / "a").values()) & set(_digests(tmp_path / "c").values())
    assert same == set()


def test_it_is_laid_out_as_brisc_is(phantom_root: Path, phantom: pd.DataFrame):
    tumours = phantom[phantom["label"] != "no_tumor"]
    for row in tumours.itertuples():
        twin = phantom_root / "segmentation_task" / row.split / "images" / Path(row.image).name
        assert twin.read_bytes() == Path(row.image).read_bytes()
    assert len(list(phantom_root.glob("segmentation_task/*/images/*"))) == len(tumours)
    for split, numbers in phantom["id"].str.split("_").str[2].groupby(phantom["split"]):
        assert sorted(numbers) == [f"{number:05d}" for number in range(1, len(numbers) + 1)], split


def test_its_listing_is_true(phantom_root: Path):
    text = (phantom_root / "manifest.csv").read_bytes()
    assert (
        phantom_root / "manifest.csv.sha256"
    ).read_text() == f"{hashlib.sha256(text).hexdigest()}  manifest.csv\n"
    assert text.decode().splitlines()[0] == BRISC_COLUMNS
    rows = list(csv.DictReader(text.decode().splitlines()))
    listed = {row["relative_path"].replace("\\", "/"): row for row in rows}
    found = {name: digest for name, digest in _digests(phantom_root).items() if "_task/" in name}
    assert {name: row["sha256"] for name, row in listed.items()} == found
    for name, row in listed.items():
        with Image.open(phantom_root / name) as image:
            assert (int(row["width"]), int(row["height"])) == image.size
        assert int(row["file_size_bytes"]) == (phantom_root / name).stat().st_size
        assert row["filename"] == Path(name).name
        assert row["is_mask"] == str(name.endswith(".png"))
        if row["linked_image"]:
            assert row["linked_image"].replace("\\", "/") in listed


@pytest.mark.parametrize(("slices", "test"), [(8, 1), (60, 10), (600 // 4, 25)])
def test_one_slice_in_six_is_for_the_test_and_classes_are_equal(tmp_path: Path, slices: int, test: int):
    make_phantom(tmp_path / "set", slices=slices, size=64)
    table = index_brisc(tmp_path / "set")[0]
    assert table["split"].value_counts().to_dict() == {"train": slices - test, "test": test}
    for counts in summary(table).values():
        counts.pop("masks")
        assert max(counts.values()) - min(counts.values()) <= 1


def test_a_person_has_several_slices_one_class_and_one_split(many: pd.DataFrame):
    by_person = many.groupby("group")
    assert (by_person[["label", "split"]].nunique() == 1).all(axis=None)
    assert by_person.size().between(1, 6).all()
    assert by_person.size().mean() > 2.5
    assert (by_person["plane"].nunique() > 1).mean() > 0.5


def test_masks_have_the_noise_of_brisc(many: pd.DataFrame):
    values = np.concatenate([np.asarray(Image.open(path)).ravel() for path in many["mask"].dropna()])
    found = set(np.unique(values).tolist())
    assert found <= {*range(11), *range(246, 256)}
    assert found > {0, 1, 5, 250, 255}


def test_every_tumour_is_a_few_solid_pieces_inside_the_head(many: pd.DataFrame):
    for row in many[many["mask"].notna()].itertuples():
        mask = read_mask(Path(row.mask), (row.height, row.width))
        pieces, count = ndimage.label(mask)
        largest = np.bincount(pieces.ravel())[1:].max()
        assert largest > 0.8 * mask.sum()
        assert count <= 5
        assert 0.001 < mask.mean() < 0.08
        edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
        assert not edge.any()


@pytest.fixture(scope="module")
def inside(many: pd.DataFrame) -> pd.DataFrame:
    """What a look inside the masks gives."""
    rows = []
    for row in many.itertuples():
        if pd.isna(row.mask):
            rows.append((0.0,) * 5)
            continue
        pixels, mask = _grey(row.image).astype(float), read_mask(Path(row.mask))
        y, x = (places.mean() / length for places, length in zip(np.nonzero(mask), mask.shape, strict=True))
        grey = pixels[mask]
        rows.append(
            (mask.mean(), grey.mean() / pixels[pixels > 30].mean(), grey.std() / grey.mean(), abs(x - 0.5), y)
        )
    return pd.DataFrame(rows, columns=["area", "brightness", "unevenness", "aside", "down"], index=many.index)


def test_the_kinds_differ_by_look_and_place(many: pd.DataFrame, inside: pd.DataFrame):
    kind = inside.groupby(many["label"]).median()
    assert kind["unevenness"]["glioma"] > 2 * kind["unevenness"]["meningioma"]
    assert kind["brightness"]["meningioma"] > 1.15
    assert kind["aside"]["pituitary"] < 0.07 < kind["aside"]["meningioma"]
    assert kind["area"]["pituitary"] < 0.6 * kind["area"]["meningioma"]


def test_a_look_inside_the_mask_tells_the_class(many: pd.DataFrame, inside: pd.DataFrame):
    assert _accuracy(many, inside) > 0.93


def test_files_do_not_tell_the_class(many: pd.DataFrame):
    rows = []
    for row in many.itertuples():
        with Image.open(row.image) as image:
            shape = (row.width, row.height, row.width / row.height, image.mode == "RGB")
        rows.append((*shape, Path(row.image).stat().st_size, row.plane == "axial", row.plane == "sagittal"))
    assert many[["width", "height"]].drop_duplicates().shape[0] > 5
    assert 0.02 < (many["width"] != many["height"]).mean() < 0.3
    assert 0.3 < np.mean([row[3] for row in rows]) < 0.7
    assert _accuracy(many, pd.DataFrame(rows)) < 0.4


def test_brightness_does_not_tell_the_class(many: pd.DataFrame):
    rows = []
    for path in many["image"]:
        pixels = _grey(path)
        rows.append((pixels.mean(), pixels.std(), *np.percentile(pixels, [50, 90, 99])))
    assert np.std([row[0] for row in rows]) > 0.2 * np.mean([row[0] for row in rows])
    assert _accuracy(many, pd.DataFrame(rows)) < 0.45


def test_the_nearest_thumbnail_of_another_person_does_not_tell_the_class(many: pd.DataFrame):
    thumbnails = standard_thumbnails(many["image"])
    score = np.einsum("aij,bij->ab", thumbnails, thumbnails)
    group, label = many["group"].to_numpy(dtype=str), many["label"].to_numpy(dtype=str)
    score[group[:, None] == group[None]] = -1
    assert (label[score.argmax(axis=1)] == label).mean() < 0.45


def _accuracy(table: pd.DataFrame, features: pd.DataFrame) -> float:
    """Of a random forest, over people it has not seen."""
    label = table["label"].to_numpy(dtype=str)
    found = cross_val_predict(
        RandomForestClassifier(100, random_state=0),
        features.to_numpy(dtype=float),
        label,
        groups=table["group"].to_numpy(dtype=str),
        cv=StratifiedGroupKFold(4, shuffle=True, random_state=0),
    )
    return float((found == label).mean())


def test_planted_copies_are_what_the_list_says(copies_root: Path):
    table = index_brisc(copies_root)[0].set_index("id")
    listed = pd.read_csv(copies_root / "planted.csv")
    assert list(listed.columns) == ["a", "b", "kind", "transform", "across_splits"]
    named = set(pd.read_csv(copies_root / "persons.csv")["id"])
    for row in listed.itertuples():
        a, b = table.loc[row.a], table.loc[row.b]
        assert row.across_splits == (a["split"] != b["split"])
        assert a["label"] == b["label"]
        assert {row.b} <= named
        if row.kind == "person":
            assert a["patient"] == b["patient"]
            continue
        assert row.a not in named
        assert (a["sha256"] == b["sha256"]) == (row.kind == "bytes")
        one, other = _grey(a["image"]), _grey(b["image"])
        assert (one.shape == other.shape and (one == other).all()) == (row.kind in ("bytes", "pixels"))
        turned = other[:, ::-1] if row.transform == "mirror" else other
        assert np.corrcoef(one.ravel(), turned.ravel())[0, 1] > 0.99
        if pd.notna(a["mask"]):
            mask, true = read_mask(Path(a["mask"])), read_mask(Path(b["mask"]))
            assert (mask == (true[:, ::-1] if row.transform == "mirror" else true)).all()


def test_every_kind_of_copy_is_planted_within_and_across_the_splits(copies_root: Path):
    listed = pd.read_csv(copies_root / "planted.csv")
    found = set(zip(listed["kind"], listed["transform"], listed["across_splits"], strict=True))
    kinds = [("bytes", "none"), ("pixels", "none"), ("near", "none"), ("near", "mirror")]
    assert found == {(*kind, across) for kind in kinds for across in (True, False)} | {
        ("person", "none", True)
    }


def test_without_copies_no_two_files_are_alike(phantom_root: Path, phantom: pd.DataFrame):
    assert not (phantom_root / "planted.csv").exists()
    assert phantom["sha256"].is_unique
    assert len({_grey(path).tobytes() for path in phantom["image"]}) == len(phantom)


def test_progress_counts_the_slices(tmp_path: Path):
    calls: list[int] = []
    make_phantom(tmp_path / "set", slices=9, size=64, progress=calls.append)
    assert calls == list(range(1, 10))


@pytest.mark.parametrize(("slices", "copies", "fewest"), [(7, False, 8), (23, True, 24), (-1, False, 8)])
def test_too_few_slices_are_refused(tmp_path: Path, slices: int, copies: bool, fewest: int):
    with pytest.raises(InputError, match=f"slices: {slices} slices are too few .at least {fewest}"):
        make_phantom(tmp_path / "set", slices=slices, copies=copies)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.txt").write_text("years of work")
    for root in (tmp_path / "set", tmp_path / "set" / "thesis.txt"):
        with pytest.raises(InputError, match="is not an empty folder") as caught:
            make_phantom(root, slices=8, size=64)
        assert caught.value.where == root
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "thesis.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path):
    (tmp_path / "set").mkdir()
    make_phantom(tmp_path / "set", slices=8, size=64)
    assert len(index_brisc(tmp_path / "set")[0]) == 8


def test_an_interrupt_leaves_nothing(tmp_path: Path):
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_phantom(tmp_path / "set", slices=8, size=64, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_no_room_is_said_and_nothing_is_left(no_room):
    code = """
from pathlib import Path
from brainmtl.data.phantom import make_phantom
from brainmtl.errors import InputError
try:
    make_phantom(Path("set"), slices=24, size=256)
except InputError as error:
    print(error, list(Path().iterdir()))
"""
    said = no_room(code)
    assert "set: cannot be written: " in said
    assert said.endswith("[]\n")
