"""Figshare as it is: its counts, its persons, and how its files hold a slice."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.data.figshare import index_figshare, person_of
from brainmtl.data.plain import index_plain
from brainmtl.data.splits import FOLDS, draw_splits, parts
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import read_picture

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def sample(real_set: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """51 of the original files."""
    return index_figshare(real_set("figshare2017_sample"), tmp_path_factory.mktemp("pictures"))[0]


@pytest.fixture(scope="module")
def whole(real_set: Callable[[str], Path]) -> pd.DataFrame:
    """All slices, at 128×128."""
    return index_plain(real_set("figshare2017_128"))[0]


def test_the_sample(sample: pd.DataFrame):
    assert len(sample) == 51
    assert sample["patient"].nunique() == 27
    assert sample["group"].nunique() == 26  # MR029209E and MR029209G
    assert sample["label"].value_counts().to_dict() == {"glioma": 19, "meningioma": 16, "pituitary": 16}
    small = sample[sample["width"] == 256]
    assert small["id"].tolist() == ["figshare_955"]
    assert set(sample["width"]) == set(sample["height"]) == {256, 512}
    assert sample["patient"].str.contains(r"\d[A-Z]$").any()


def test_masks_lie_where_the_files_outline_them(real_set: Callable[[str], Path], sample: pd.DataFrame):
    """``tumorBorder`` holds row and column of points in turn, as the viewer shows the slice."""
    root = real_set("figshare2017_sample")
    for row in sample.itertuples():
        with h5py.File(root / f"{row.id.removeprefix('figshare_')}.mat") as file:
            outline = file["cjdata/tumorBorder"][()].reshape(-1, 2)
        rows, columns = np.nonzero(read_mask(Path(row.mask)))
        first, last = outline.min(axis=0), outline.max(axis=0)
        np.testing.assert_allclose([rows.min(), columns.min()], first, atol=6)
        np.testing.assert_allclose([rows.max(), columns.max()], last, atol=6)


def test_the_two_forms_of_the_set_agree(sample: pd.DataFrame, whole: pd.DataFrame):
    other = whole.set_index("id")
    for row in sample.itertuples():
        twin = other.loc[row.id.removeprefix("figshare_")]
        assert (row.label, row.patient) == (twin["label"], twin["patient"])
        small = Image.fromarray(read_picture(Path(row.image)).pixels).resize((128, 128), Image.Resampling.BOX)
        there = read_picture(Path(twin["image"])).pixels
        assert np.corrcoef(np.asarray(small).ravel(), there.ravel())[0, 1] > 0.98
        mine = Image.fromarray(read_mask(Path(row.mask)).astype(np.uint8) * 255)
        marked = np.asarray(mine.resize((128, 128), Image.Resampling.BOX)) > 127
        theirs = read_mask(Path(twin["mask"]))
        assert 2 * (marked & theirs).sum() / (marked.sum() + theirs.sum()) > 0.9


def test_the_whole_set(whole: pd.DataFrame):
    assert len(whole) == 3064
    assert whole["label"].value_counts().to_dict() == {"glioma": 1426, "pituitary": 930, "meningioma": 708}
    assert whole["mask"].notna().all()
    assert whole["patient"].nunique() == 233
    assert (whole.groupby("patient")["label"].nunique() == 1).all()


def test_the_rule_of_persons_gives_the_persons_known(real_set: Callable[[str], Path], whole: pd.DataFrame):
    listed = pd.read_csv(real_set("figshare2017_128") / "index.csv", dtype="string")
    assert listed["person"].tolist() == [person_of(patient) for patient in listed["patient"]]
    assert listed["person"].nunique() == 209
    assert (whole.groupby(listed["person"].to_numpy())["group"].nunique() == 1).all()


@pytest.mark.parametrize("fold", range(FOLDS))
def test_patient_5fold_parts_no_person_and_is_balanced(whole: pd.DataFrame, fold: int):
    persons = whole["patient"].map(person_of)
    side = parts(whole, "patient-5fold", fold)
    assert (side.groupby(persons).nunique() == 1).all()
    share = whole[side == "test"]["label"].value_counts() / whole["label"].value_counts()
    assert share.between(0.1, 0.3).all()


def test_a_patients_numbers_lie_in_several_runs(whole: pd.DataFrame):
    numbers = whole["id"].astype(int)
    runs = numbers.groupby(whole["patient"]).apply(lambda them: int((them.diff() > 1).sum()) + 1)
    assert (runs > 1).sum() == 195


def test_random_folds_and_blocks_of_numbers_leak(whole: pd.DataFrame):
    """Share of the slices whose person is also in another fold."""
    persons = whole["patient"].map(person_of)
    blocks = pd.qcut(whole["id"].astype(int), FOLDS, labels=False).to_numpy()
    dealt = np.random.default_rng(0).permutation(len(whole)) % FOLDS
    for fold_of, share in ((blocks, 0.54), (dealt, 0.997)):
        met = [persons[fold_of == fold].isin(set(persons[fold_of != fold])) for fold in range(FOLDS)]
        assert pd.concat(met).mean() == pytest.approx(share, abs=0.005)


def test_the_shipped_folds_are_what_a_draw_gives(whole: pd.DataFrame):
    drawn = draw_splits(whole.drop(columns=["fold", "validation"]))
    assert drawn["fold"].tolist() == whole["fold"].tolist()
    assert drawn["validation"].tolist() == whole["validation"].tolist()
