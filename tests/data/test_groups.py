"""Slices that show one person, or look alike, are one group."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from brainmtl.data.brisc import index_brisc
from brainmtl.data.groups import ALIKE, LARGEST, LARGEST_SHARE, correlation, group_slices, standard_thumbnails
from brainmtl.data.phantom import make_phantom


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("copies") / "set"
    make_phantom(root, slices=120, size=96, copies=True, seed=3)
    return root


def _pictures(folder: Path, fields: np.ndarray) -> pd.DataFrame:
    """Pictures of the fields' values, −1 to 1 on grey."""
    paths = []
    for number, field in enumerate(fields):
        paths.append(str(folder / f"{number:04}.png"))
        Image.fromarray(np.clip(128 + 30 * field, 0, 255).astype(np.uint8)).save(paths[-1])
    ids = [Path(path).stem for path in paths]
    return pd.DataFrame({"id": ids, "image": paths}).astype("string")


def _fields(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 32, 32))


def _nobody(table: pd.DataFrame) -> "pd.Series[str]":
    return pd.Series(pd.NA, index=table.index, dtype="string")


@pytest.mark.parametrize("persons", ["known", "unknown"])
def test_planted_copies_join_their_original(planted: Path, persons: str):
    table = index_brisc(planted)[0].set_index("id", drop=False)
    if persons == "unknown":
        table["group"] = group_slices(table, _nobody(table))
    copies = pd.read_csv(planted / "planted.csv")
    assert {"bytes", "pixels", "near", "person"} == set(copies["kind"])
    for row in copies[(copies["kind"] != "person") | (persons == "known")].itertuples():
        assert table["group"][row.a] == table["group"][row.b], row


def test_a_known_person_is_the_group(planted: Path):
    table = index_brisc(planted)[0].set_index("id")
    named = pd.read_csv(planted / "persons.csv", index_col="id")["person"]
    assert (table["group"][named.index] == named).all()
    assert table["group"].notna().all()


def test_unlike_pictures_stay_apart(tmp_path: Path):
    table = _pictures(tmp_path, _fields(20))
    assert group_slices(table, _nobody(table)).tolist() == [f"look-{name}" for name in table["id"]]


def test_mirrored_pictures_are_alike(tmp_path: Path):
    fields = _fields(3)
    table = _pictures(tmp_path, np.concatenate([fields, fields[:, :, ::-1]]))
    assert group_slices(table, _nobody(table)).tolist() == ["look-0000", "look-0001", "look-0002"] * 2


def test_a_look_alike_joins_the_person_it_is_most_like(tmp_path: Path):
    a, b, c = _fields(3)
    near_a, mix = a + 0.1 * c, a + 0.13 * b
    table = _pictures(tmp_path, np.stack([near_a, a, b, mix, c]))
    persons = pd.Series([pd.NA, "A", "B", "M", pd.NA], dtype="string")
    assert group_slices(table, persons).tolist() == ["A", "A", "B", "M", "look-0004"]


def test_a_chain_is_cut(tmp_path: Path):
    start, end = _fields(2)
    angles = np.linspace(0, np.pi / 2, 60)[:, None, None]
    chain = np.cos(angles) * start + np.sin(angles) * end
    table = _pictures(tmp_path, np.concatenate([chain, _fields(40, seed=1)]))
    score = correlation(*[standard_thumbnails(table["image"])[:60]] * 2)
    assert np.diag(score, 1).min() > ALIKE > score[0, -1]  # neighbours are alike, the ends are not
    sizes = group_slices(table, _nobody(table)).value_counts()
    assert sizes.max() <= max(LARGEST, LARGEST_SHARE * len(table))


def test_what_cannot_be_told_apart_is_not_cut(tmp_path: Path):
    table = _pictures(tmp_path, np.concatenate([_fields(1).repeat(3 * LARGEST, axis=0), _fields(5, seed=1)]))
    assert group_slices(table, _nobody(table)).value_counts().tolist() == [3 * LARGEST, 1, 1, 1, 1, 1]


def test_the_order_of_the_rows_does_not_matter(planted: Path):
    table = index_brisc(planted)[0]
    persons = table["group"].where(table["patient"].notna())

    def partition(rows: pd.DataFrame) -> set[frozenset[str]]:
        groups = group_slices(rows, persons[rows.index])
        return {frozenset(ids) for _, ids in rows["id"].groupby(groups)}

    shuffled = table.sample(frac=1, random_state=0)
    assert partition(shuffled) == partition(table)
    assert partition(shuffled.assign(image=shuffled["image"])) == partition(table.iloc[::-1])


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_correlation_is_pearsons_or_its_mirror_images(seed: int, many: int, more: int):
    a, b = np.split(_fields(many + more, seed), [many])
    found = correlation(_standard(a), _standard(b))
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            upright = np.corrcoef(one.ravel(), other.ravel())[0, 1]
            mirrored = np.corrcoef(one[:, ::-1].ravel(), other.ravel())[0, 1]
            assert found[i, j] == pytest.approx(max(upright, mirrored), abs=1e-5)
    assert pytest.approx(found, abs=1e-5) == correlation(_standard(b), _standard(a)).T


def _standard(fields: np.ndarray) -> np.ndarray:
    centred = fields - fields.mean(axis=(1, 2), keepdims=True)
    return (centred / np.linalg.norm(centred, axis=(1, 2), keepdims=True)).astype(np.float32)


def test_thumbnails_have_mean_0_and_length_1(phantom: pd.DataFrame):
    thumbnails = standard_thumbnails(phantom["image"])
    assert thumbnails.shape == (60, 32, 32)
    assert thumbnails.mean(axis=(1, 2)) == pytest.approx(0, abs=1e-6)
    assert (thumbnails**2).sum(axis=(1, 2)) == pytest.approx(1, abs=1e-5)


def test_a_blank_picture_is_like_nothing(tmp_path: Path):
    table = _pictures(tmp_path, np.zeros((2, 32, 32)))
    shutil.copy(table["image"][0], table["image"][1])
    assert correlation(*[standard_thumbnails(table["image"])] * 2).max() == 0
