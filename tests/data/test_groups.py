"""Slices that show one person, or look alike, are one group."""

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.brisc import index_brisc
from brainmtl.data.copies.compare import compare_slices
from brainmtl.data.groups import group_slices
from brainmtl.data.phantom import make_phantom


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Phantoms whose persons are known but for the copies; what is alike among them; the copies."""
    root = tmp_path_factory.mktemp("copies") / "set"
    make_phantom(root, slices=120, size=96, copies=True, seed=3)
    table = index_brisc(root)[0]
    named = pd.read_csv(root / "persons.csv", index_col="id")["person"]
    table["person"] = pd.array(named.reindex(table["id"]), dtype="string")
    return table, compare_slices(table), pd.read_csv(root / "planted.csv")


@pytest.mark.parametrize("known", [True, False])
def test_planted_copies_join_their_original(planted, known: bool):
    table, compared, copies = planted
    persons = table["person"] if known else _nobody(table)
    group = group_slices(table, persons, compared=compared).set_axis(table["id"])
    assert {"bytes", "pixels", "near", "person"} == set(copies["kind"])
    for row in copies[(copies["kind"] != "person") | known].itertuples():
        assert group[row.a] == group[row.b], row
    assert group.notna().all()


def _nobody(table: pd.DataFrame) -> "pd.Series[str]":
    return pd.Series(pd.NA, index=table.index, dtype="string")


def test_a_known_person_is_the_group(planted):
    table, compared, _ = planted
    group = group_slices(table, table["person"], compared=compared)
    known = table["person"].notna()
    assert (group[known] == table["person"][known]).all()


def test_strangers_stay_apart_and_are_named_by_their_first_slice():
    table = pd.DataFrame({"id": list("abcd")}, index=[3, 5, 7, 9], dtype="string")
    compared = pd.DataFrame({"a": [1], "b": [3], "kind": ["near"], "transform": ["none"], "score": [0.98]})
    group = group_slices(table, _nobody(table), compared=compared)
    assert group.to_dict() == {3: "look-a", 5: "look-b", 7: "look-c", 9: "look-b"}
    persons = pd.Series(["P", None, None, "Q"], index=table.index, dtype="string")
    group = group_slices(table, persons, compared=compared)
    assert group.to_dict() == {3: "P", 5: "Q", 7: "look-c", 9: "Q"}


def test_the_order_of_the_rows_does_not_matter(planted):
    table = planted[0]

    def partition(rows: pd.DataFrame) -> set[frozenset[str]]:
        groups = group_slices(rows, rows["person"])
        return {frozenset(ids) for _, ids in rows["id"].groupby(groups)}

    assert partition(table.sample(frac=1, random_state=0)) == partition(table)


def test_no_crowd_hangs_together_by_likeness_alone(planted):
    table = planted[0]
    rng = np.random.default_rng(0)
    pairs = np.sort(rng.integers(0, len(table), (2000, 2)), axis=1)
    crowd = pd.DataFrame(pairs[pairs[:, 0] < pairs[:, 1]], columns=["a", "b"])
    crowd = crowd.assign(kind="neighbour", transform="none", score=rng.uniform(0.7, 0.9, len(crowd)))
    sizes = group_slices(table, _nobody(table), compared=crowd).value_counts()
    assert 1 < sizes.max() <= 10
