"""The copies in BRISC 2025, found without knowing them, against the map that knows them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.copies.compare import compare_slices
from brainmtl.data.copies.pairs import find_pairs
from brainmtl.data.copies.series import find_series
from brainmtl.data.groups import group_slices
from brainmtl.data.leaks import find_leaks
from brainmtl.data.persons import known_persons
from brainmtl.data.revision import revise_splits
from brainmtl.data.shipped import shipped_table

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def compared(brisc: pd.DataFrame) -> pd.DataFrame:
    return compare_slices(brisc)


@pytest.fixture(scope="module")
def pairs(brisc: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    return find_pairs(brisc, compared=compared)


@pytest.fixture(scope="module")
def figshare() -> pd.DataFrame:
    """By slice: the number of the Figshare slice it is, and whether it is mirrored."""
    return shipped_table("brisc2025_persons.csv").set_index("brisc_stem")


def _same_slice(figshare: pd.DataFrame) -> set[frozenset[str]]:
    rows = figshare.reset_index()[["brisc_stem", "figshare_index"]]
    both = rows.merge(rows, on="figshare_index")
    both = both[both["brisc_stem_x"] < both["brisc_stem_y"]]
    return set(map(frozenset, both[["brisc_stem_x", "brisc_stem_y"]].to_numpy()))


def _test_slices(pairs: pd.DataFrame, kinds: list[str]) -> set[str]:
    some = pairs[pairs["kind"].isin(kinds) & pairs["across_splits"]]
    return {name for name in {*some["a"], *some["b"]} if "_test_" in name}


def test_7_files_and_101_pictures_of_the_test_are_in_train(pairs: pd.DataFrame):
    assert len(_test_slices(pairs, ["bytes"])) == 7
    assert len(_test_slices(pairs, ["bytes", "pixels"])) == 101


def test_134_pictures_occur_more_than_once(pairs: pd.DataFrame):
    first: dict[str, str] = {}
    for row in pairs[pairs["kind"] != "near"].itertuples():
        first.setdefault(row.b, first.get(row.a, row.a))
    assert len(set(first.values())) == 134
    assert len({*first, *first.values()}) == 278


def test_the_shipped_leaks_are_what_the_files_show(brisc: pd.DataFrame, pairs: pd.DataFrame):
    found = find_leaks(brisc, pairs).set_index("id")
    shipped = shipped_table("brisc2025_leaks.csv").set_index("id")
    assert set(found.index) == set(shipped.index)
    columns = ["other", "kind", "transform"]
    pd.testing.assert_frame_equal(found.loc[shipped.index, columns], shipped[columns], check_dtype=False)
    assert found.index.str.contains("_test_").sum() == 572


@pytest.mark.parametrize("across", [True, False])
def test_the_pairs_are_those_of_the_map(
    brisc: pd.DataFrame, pairs: pd.DataFrame, figshare: pd.DataFrame, across: bool
):
    known = pairs["a"].isin(figshare.index) & pairs["b"].isin(figshare.index)
    found = set(map(frozenset, pairs.loc[known & (pairs["across_splits"] == across), ["a", "b"]].to_numpy()))
    split = brisc.set_index("id")["split"]
    truth = {pair for pair in _same_slice(figshare) if (len({split[name] for name in pair}) == 2) == across}
    assert len(truth) == (476 if across else 1189)
    assert len(found & truth) >= 0.97 * len(truth)
    assert len(found & truth) >= 0.99 * len(found)


def test_the_mirrored_are_said_to_be_mirrored(pairs: pd.DataFrame, figshare: pd.DataFrame):
    known = pairs[pairs["a"].isin(figshare.index) & pairs["b"].isin(figshare.index)]
    one, other = (known[end].map(figshare["mirrored"]).to_numpy() for end in ("a", "b"))
    assert (one != other).sum() > 1600
    assert (known["transform"] == np.where(one != other, "mirror", "none")).mean() > 0.999


def test_two_of_three_tumour_slices_of_the_test_are_in_train(pairs: pd.DataFrame):
    shown = _test_slices(pairs, ["bytes", "pixels", "near"])
    tumours = {name for name in shown if "_no_" not in name}
    assert 560 <= len(tumours) <= 575  # 565 by the map, by pixels, and by eye


def test_series_show_one_person(brisc: pd.DataFrame, compared: pd.DataFrame, figshare: pd.DataFrame):
    series = find_series(brisc, compared=compared)
    person = series["id"].map(figshare["person_id"])
    known = series[person.notna()].assign(person=person)
    commonest = known.groupby("series")["person"].transform(lambda names: names.mode().iloc[0])
    assert (commonest == known["person"]).mean() > 0.97
    assert series["series"].value_counts().max() <= 60


def test_the_shipped_groups_are_what_the_files_say(
    brisc_root: Path, brisc: pd.DataFrame, compared: pd.DataFrame
):
    _, persons = known_persons(brisc["id"], brisc_root)
    groups = group_slices(brisc, persons, compared=compared)
    assert (groups == brisc["group"]).all()
    frozen = brisc[["id", "group", "validation", "fold"]]
    pd.testing.assert_frame_equal(revise_splits(frozen, groups), frozen, check_dtype=False)


def test_no_copy_of_an_unknown_slice_is_in_another_group(brisc: pd.DataFrame, pairs: pd.DataFrame):
    group = brisc.set_index("id")["group"]
    assert (pairs["a"].map(group) == pairs["b"].map(group)).all()
