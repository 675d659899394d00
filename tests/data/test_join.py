"""Data sets joined: unique ids, and a slice that is in two of them stays on one side."""

import numpy as np
import pandas as pd
import pytest

from brainmtl.data.join import join_manifests
from brainmtl.data.manifest import COLUMNS
from brainmtl.errors import InputError


@pytest.fixture
def other(phantom: pd.DataFrame) -> pd.DataFrame:
    """Another set that shares twelve slices with the phantoms, and has one id of another of them."""
    other = phantom.iloc[:12].copy()
    other["source"] = "other"
    other["id"] = [f"o{number}" for number in range(11)] + [phantom["id"].iloc[30]]
    other["group"] = [f"g{number}" for number in range(12)]
    other["split"] = np.where(other["split"] == "test", "train", "test")
    return other


def test_every_slice_is_kept_once(phantom: pd.DataFrame, other: pd.DataFrame):
    table, warnings = join_manifests([phantom, other])
    assert len(table) == len(phantom) + len(other)
    assert list(table.columns) == list(COLUMNS)
    assert table["id"].is_unique
    clash = phantom["id"].iloc[30]
    assert set(table["id"]) - set(phantom["id"]) == {
        f"{phantom['source'].iloc[0]}_{clash}",
        f"other_{clash}",
        *(f"o{number}" for number in range(11)),
    }
    kept = ["image", "mask", "label", "plane", "source", "patient", "split", "sha256"]
    both = pd.concat([phantom, other], ignore_index=True)
    pd.testing.assert_frame_equal(table[kept], both[kept])
    assert any(warning.startswith("2 ids") for warning in warnings)
    assert any("overlap" in warning for warning in warnings)


def test_a_slice_in_both_sets_is_on_one_side(phantom: pd.DataFrame, other: pd.DataFrame):
    table, _ = join_manifests([phantom, other])
    by_picture = table.groupby("sha256")
    assert (by_picture[["group", "fold", "validation"]].nunique() == 1).all(axis=None)
    shared = table["sha256"].isin(other["sha256"])
    assert table.loc[shared, "leaked"].all()


def test_what_was_together_stays_together(phantom: pd.DataFrame, other: pd.DataFrame):
    strangers = other.assign(group=["one", "two"] * 6)
    table, _ = join_manifests([phantom, strangers])
    assert table.iloc[len(phantom) :]["group"].nunique() <= 2
    assert (
        table.groupby(pd.concat([phantom["group"], strangers["group"]]).to_numpy())["group"].nunique() == 1
    ).all()


def test_a_person_of_two_sets_is_one(phantom: pd.DataFrame):
    half = len(phantom) // 2
    first = phantom.iloc[:half].assign(patient="X1", group="X")
    second = phantom.iloc[half:].assign(patient="X2", group="X", source="other")
    assert join_manifests([first, second])[0]["group"].nunique() == 1


def test_the_order_of_sets_changes_no_side(phantom: pd.DataFrame, other: pd.DataFrame):
    one, _ = join_manifests([phantom, other])
    two, _ = join_manifests([other, phantom])
    two = two.set_index("id").loc[one["id"]]
    for name in ("group", "leaked"):
        assert (pd.factorize(one[name])[0] == pd.factorize(two[name])[0]).all()


def test_a_set_is_not_joined_with_itself(phantom: pd.DataFrame):
    with pytest.raises(InputError, match="two manifests"):
        join_manifests([phantom, phantom])
