"""Neighbours are those the set knows of, of one side, and the slice itself where none is known."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainmtl.data.neighbours import beside, has_neighbour, known_places
from brainmtl.data.phantom import make_phantom
from brainmtl.errors import InputError

PLACES = st.lists(
    st.tuples(
        st.sampled_from(["train", "test"]),
        st.sampled_from(["one", "two"]),
        st.none() | st.sampled_from("ab"),
        st.none() | st.integers(0, 6),
    ),
    min_size=1,
    max_size=12,
)


def listed(places) -> tuple[pd.DataFrame, np.ndarray]:
    sides, source, series, position = zip(*places, strict=True)
    table = pd.DataFrame({"source": source, "series": series, "position": position})
    return table.astype({"series": "string", "position": "Int32"}), np.array(sides, dtype=object)


@given(places=PLACES, reach=st.integers(0, 3))
def test_a_neighbour_is_the_first_slice_so_many_places_away_in_the_stack(places, reach):
    table, sides = listed(places)
    around = beside(table, sides, reach)
    assert around.shape == (len(places), 2 * reach + 1)
    for row, (side, source, series, position) in enumerate(places):
        for step, found in zip(range(-reach, reach + 1), around[row], strict=True):
            alike = [
                other
                for other, place in enumerate(places)
                if None not in (series, position) and place == (side, source, series, position + step)
            ]
            assert found == (alike[0] if alike and step else row)
    strangers = [
        row for row in range(len(places)) if len(set(around[row])) == 1 and around[row, reach] == row
    ]
    assert has_neighbour(around).sum() == len(places) - len(strangers)


def test_a_phantom_person_knows_its_stack(tmp_path: Path, phantom_root: Path, phantom: pd.DataFrame):
    """The places along the stack are told by the plan of the drawing."""
    around = beside(phantom, phantom["split"].to_numpy(dtype=object), 1)
    with (phantom_root / "persons.csv").open(newline="") as handle:
        person = {row["id"]: row["person"] for row in csv.DictReader(handle)}
    assert 10 < has_neighbour(around).sum() < len(phantom)
    for row, (before, own, after) in enumerate(around):
        assert own == row
        for other in {before, after} - {row}:
            one, two = phantom.iloc[row], phantom.iloc[other]
            assert person[one["id"]] == person[two["id"]]
            assert (one["plane"], one["split"]) == (two["plane"], two["split"])
        if after != row:
            assert around[after, 0] == row


def test_copies_of_phantoms_know_no_place(tmp_path: Path):
    from brainmtl.data.brisc import index_brisc

    make_phantom(tmp_path / "set", slices=60, size=64, copies=True)
    table, _ = index_brisc(tmp_path / "set")
    with (tmp_path / "set" / "planted.csv").open(newline="") as handle:
        copies = {row["a"] for row in csv.DictReader(handle) if row["kind"] != "person"}
    assert set(table["id"][table["series"].isna()]) == copies


def test_in_brisc_they_are_figshare_s(tmp_path: Path):
    shipped = pd.read_csv(
        Path(__file__).parents[2] / "src/brainmtl/data/tables/brisc2025_persons.csv", dtype="string"
    )
    planes = {"ax": "axial", "co": "coronal", "sa": "sagittal"}
    ids = pd.concat([shipped["brisc_stem"], pd.Series(["stranger_ax_t1"], dtype="string")])
    table = pd.DataFrame({"id": ids.to_numpy(), "plane": [planes[one[-5:-3]] for one in ids]})
    places = known_places(table, tmp_path)
    assert places.iloc[-1].isna().all()
    assert places["position"].iloc[:-1].tolist() == shipped["figshare_index"].astype(int).tolist()
    stacks = shipped.groupby([shipped["patient_id"], table["plane"].iloc[:-1], shipped["mirrored"]])
    assert places["series"].iloc[:-1].groupby(stacks.ngroup()).nunique().max() == 1
    assert places["series"].nunique() == stacks.ngroups
    side = np.array(["all"] * len(table), dtype=object)
    around = beside(table.assign(source="brisc2025", **places), side, 1)
    assert has_neighbour(around).sum() == 4193
    assert int(((around[:, 0] != around[:, 1]) & (around[:, 2] != around[:, 1])).sum()) == 2331


def test_a_set_may_say_so_itself(tmp_path: Path):
    (tmp_path / "persons.csv").write_text(
        "id,patient,person,series,position\na,P,P,P-axial,3\nb,P,P,P-axial,4\n"
    )
    places = known_places(pd.DataFrame({"id": ["b", "x", "a"]}), tmp_path)
    assert places["series"].fillna("-").tolist() == ["P-axial", "-", "P-axial"]
    assert places["position"].fillna(-1).tolist() == [4, -1, 3]
    (tmp_path / "persons.csv").write_text("id,patient,person,series,position\na,P,P,P-axial,top\n")
    with pytest.raises(InputError, match="position: not a whole number"):
        known_places(pd.DataFrame({"id": ["a"]}), tmp_path)
