"""MATLAB files as Figshare has them become pictures and a manifest."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from PIL import Image
from scipy.io import savemat

from brainmtl.data.figshare import index_figshare, person_of, to_eight_bits
from brainmtl.errors import InputError
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import read_picture

HEIGHT, WIDTH = 40, 48


def slice_of(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 2041, (HEIGHT, WIDTH)).astype(np.int16)
    pixels[0, 0], pixels[0, 1] = 0, 2040
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[3:9, 20 : 22 + seed % 7] = 1
    return pixels, mask


def write_mat(path: Path, seed: int = 0, label: float = 2.0, patient: str = "MR1A", **other: object) -> None:
    pixels, mask = slice_of(seed)
    fields: dict[str, object] = {
        "image": pixels.T,
        "tumorMask": mask.T,
        "label": np.array([[label]]),
        "PID": np.array([[ord(letter)] for letter in patient], np.uint16),
        "tumorBorder": np.zeros((4, 1)),
    } | other
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, value in fields.items():
            if value is not None:
                file[f"cjdata/{name}"] = value


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Ten slices of five persons: 2.mat comes before 10.mat."""
    for number in range(1, 11):
        write_mat(
            tmp_path / "set" / f"{number}.mat",
            seed=number,
            label=1.0 + number % 3,
            patient=("MR1A", "MR1B", "777", "778", "MR9", "X5")[number % 6],
        )
    return tmp_path / "set"


def test_pictures_are_what_the_files_hold(root: Path, tmp_path: Path):
    table, warnings = index_figshare(root, tmp_path / "pictures")
    assert table["id"].tolist() == [f"figshare_{number}" for number in range(1, 11)]
    for number, row in zip(range(1, 11), table.itertuples(), strict=True):
        pixels, mask = slice_of(number)
        shown = read_picture(Path(row.image)).pixels
        assert shown.shape == (row.height, row.width) == (HEIGHT, WIDTH)
        np.testing.assert_allclose(shown, pixels / 2040 * 255, atol=0.51)
        np.testing.assert_array_equal(read_mask(Path(row.mask)), mask == 1)
    assert table["label"].tolist()[:3] == ["glioma", "pituitary", "meningioma"]
    assert set(table["source"]) == {"figshare2017"}
    assert set(table["split"]) == {"train"}
    assert not table["leaked"].any()
    assert warnings == ["10 of the set's 3064 slices"]


def test_a_file_s_number_is_its_place_among_its_patient_s(root: Path, tmp_path: Path):
    table, _ = index_figshare(root, tmp_path / "out")
    assert table["position"].tolist() == table["id"].str.removeprefix("figshare_").astype(int).tolist()
    assert table["series"].tolist() == table["patient"].tolist()


def test_repeat_examinations_are_one_person(root: Path, tmp_path: Path):
    table, _ = index_figshare(root, tmp_path / "pictures")
    assert set(table["patient"]) == {"MR1A", "MR1B", "777", "778", "MR9", "X5"}
    mr1 = table.loc[table["patient"].isin(["MR1A", "MR1B"]), "group"]
    assert mr1.nunique() == 1
    assert (table.groupby("group")["fold"].nunique() == 1).all()


@pytest.mark.parametrize(
    ("patient", "person"),
    [
        ("MR029209E", "MR029209"),
        ("MR029209G", "MR029209"),
        ("100360", "100360"),
        ("ABC", "ABC"),
        ("7a", "7a"),
    ],
)
def test_only_a_last_capital_behind_a_digit_is_an_examination(patient: str, person: str):
    assert person_of(patient) == person


@given(arrays.arrays(np.int16, (4, 5)))
@settings(deadline=None)
def test_scaling_spans_the_range_and_keeps_the_order(pixels: np.ndarray):
    scaled = to_eight_bits(pixels)
    assert scaled.dtype == np.uint8
    if pixels.min() < pixels.max():
        assert (scaled.min(), scaled.max()) == (0, 255)
    else:
        assert not scaled.any()
    ranked = scaled.ravel()[np.argsort(pixels.ravel(), kind="stable")]
    assert (np.diff(ranked.astype(int)) >= 0).all()


def test_scaling_is_as_of_any_deeper_picture(tmp_path: Path):
    pixels = np.random.default_rng(0).integers(5, 30_000, (40, 50)).astype(np.uint16)
    Image.fromarray(pixels).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(to_eight_bits(pixels), read_picture(tmp_path / "deep.png").pixels)


def test_the_four_folders_of_the_archives_are_one_set(root: Path, tmp_path: Path):
    for number in range(1, 6):
        deep = root / "brainTumorDataPublic_1-766" / f"{number}.mat"
        deep.parent.mkdir(exist_ok=True)
        (root / f"{number}.mat").rename(deep)
    (root / "other").mkdir()
    write_mat(root / "other" / "99.mat")
    table, _ = index_figshare(root, tmp_path / "pictures")
    assert len(table) == 10


@pytest.mark.parametrize("modern", [True, False])
def test_own_folds_that_part_nobody_are_taken(root: Path, tmp_path: Path, modern: bool):
    drawn, _ = index_figshare(root, tmp_path / "pictures")
    rank = {group: number for number, group in enumerate(drawn["group"].unique())}
    own = drawn["group"].map(rank).to_numpy() % 5 + 1
    _write_folds(root, own, modern)
    table, warnings = index_figshare(root, tmp_path / "pictures")
    assert table["fold"].tolist() == (own - 1).tolist()
    assert len(warnings) == 1


@pytest.mark.parametrize("modern", [True, False])
def test_own_folds_that_part_a_person_are_not(root: Path, tmp_path: Path, modern: bool):
    drawn, _ = index_figshare(root, tmp_path / "pictures")
    _write_folds(root, np.arange(10) % 5 + 1, modern)
    table, warnings = index_figshare(root, tmp_path / "pictures")
    assert table["fold"].tolist() == drawn["fold"].tolist()
    assert any("cvind.mat parts" in warning for warning in warnings)


def _write_folds(root: Path, folds: np.ndarray, modern: bool) -> None:
    if modern:
        with h5py.File(root / "cvind.mat", "w") as file:
            file["cvind"] = folds.astype(float)[None]
    else:
        savemat(root / "cvind.mat", {"cvind": folds.astype(float)[:, None]})


def _garbage(path: Path) -> None:
    path.write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))


def _cut_short(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (_garbage, None),
        (_cut_short, None),
        (lambda path: write_mat(path, label=4.0), "label"),
        (lambda path: write_mat(path, tumorMask=None), None),
        (lambda path: write_mat(path, PID=None), None),
        (lambda path: write_mat(path, PID=np.zeros((0, 1), np.uint16)), "PID"),
        (lambda path: write_mat(path, image=None), None),
        (lambda path: write_mat(path, tumorMask=np.zeros((5, 5), np.uint8)), "tumorMask"),
        (lambda path: write_mat(path, image=np.zeros((3, HEIGHT, WIDTH), np.int16)), "tumorMask"),
        (lambda path: write_mat(path, label=np.zeros((2, 2))), None),
    ],
)
def test_a_spoilt_file_is_named_and_nothing_written(
    root: Path, tmp_path: Path, spoil: Callable[[Path], None], field: str | None
):
    spoil(root / "7.mat")
    with pytest.raises(InputError) as caught:
        index_figshare(root, tmp_path / "pictures")
    assert (caught.value.where, caught.value.field) == (root / "7.mat", field)
    assert caught.value.mend
    assert not (tmp_path / "pictures").exists()


@pytest.mark.parametrize(
    ("folds", "what"), [(np.array([1.0, 2.0]), "2 folds, and a slice 10"), (np.full(10, 6.0), "not 1 to 5")]
)
def test_folds_that_do_not_fit_are_named(root: Path, tmp_path: Path, folds: np.ndarray, what: str):
    savemat(root / "cvind.mat", {"cvind": folds[:, None]})
    with pytest.raises(InputError, match=what) as caught:
        index_figshare(root, tmp_path / "pictures")
    assert caught.value.where == root / "cvind.mat"


def test_other_folds_files_are_named(root: Path, tmp_path: Path):
    savemat(root / "cvind.mat", {"other": np.ones((10, 1))})
    with pytest.raises(InputError, match="no folds"):
        index_figshare(root, tmp_path / "pictures")


def test_an_empty_folder_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"no <number>\.mat"):
        index_figshare(tmp_path, tmp_path / "pictures")


def test_it_can_be_indexed_again(root: Path, tmp_path: Path):
    first, _ = index_figshare(root, tmp_path / "pictures")
    again, _ = index_figshare(root, tmp_path / "pictures")
    pd.testing.assert_frame_equal(first, again)
