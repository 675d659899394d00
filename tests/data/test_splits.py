"""Splits that share no group, balanced, and frozen for BRISC."""

import warnings
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.data.splits import (
    FOLDS,
    VALIDATION_SHARE,
    draw_splits,
    frozen_splits,
    kept,
    parts,
    settle_splits,
)
from brainmtl.errors import InputError
from brainmtl.labels import CLASSES, PLANES


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 20),
                st.sampled_from([*CLASSES, None]),
                st.sampled_from([*PLANES, None]),
                st.sampled_from(["train", "train", "test"]),
            ),
            min_size=1,
            max_size=120,
        )
    )
    table = pd.DataFrame(rows, columns=["group", "label", "plane", "split"]).astype("string")
    return table.assign(id=[f"slice{number}" for number in range(len(table))])


@given(tables())
@settings(max_examples=60, deadline=None)
def test_no_group_is_on_two_sides(table: pd.DataFrame):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = draw_splits(table)
    by_group = drawn.groupby("group")
    assert (by_group["fold"].nunique() == 1).all()
    assert (by_group["validation"].nunique() == 1).all()
    assert set(drawn["fold"]) == set(range(min(FOLDS, table["group"].nunique())))
    assert drawn["validation"].any() == (table["group"].nunique() > 1)
    for fold in sorted(set(drawn["fold"])):
        side = parts(drawn, "patient-5fold", fold)
        assert (side.groupby(drawn["group"]).nunique() == 1).all()
        assert set(drawn.loc[side == "test", "fold"]) == {fold}
    official = parts(drawn)
    assert ((official == "test") == (drawn["split"] == "test")).all()
    learnt, held = (set(drawn.loc[official == name, "group"]) for name in ("train", "validation"))
    assert not learnt & held


@given(tables())
@settings(max_examples=10, deadline=None)
def test_it_is_drawn_alike_each_time_and_changes_nothing_else(table: pd.DataFrame):
    before = table.copy()
    drawn = draw_splits(table)
    pd.testing.assert_frame_equal(draw_splits(table), drawn)
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(drawn[table.columns], table)


def test_the_parts_are_balanced():
    rng = np.random.default_rng(0)
    count = 4000
    table = pd.DataFrame({"group": np.arange(count) // 4, "split": "train"}).astype("string")
    table["label"] = pd.array(rng.choice(CLASSES, count // 4).repeat(4), dtype="string")
    table["plane"] = pd.array(rng.choice(PLANES, count), dtype="string")
    drawn = draw_splits(table)
    strata = table["label"] + "/" + table["plane"]
    shares = pd.crosstab(strata, drawn["fold"], normalize="index")
    assert (shares - 1 / FOLDS).abs().max(axis=None) < 0.03
    held = drawn["validation"].groupby(strata).mean()
    assert (held - 1 / VALIDATION_SHARE).abs().max() < 0.03


def test_the_shipped_splits_share_no_group_and_are_whole():
    shipped = _shipped()
    assert len(shipped) == shipped["id"].nunique() == 6000
    assert (shipped.groupby("group")[["fold", "validation"]].nunique() == 1).all(axis=None)
    assert set(shipped["fold"]) == set(range(FOLDS))
    sizes = shipped["group"].value_counts()
    assert sizes[sizes.index.str.startswith("look-")].max() <= 0.01 * len(shipped)


def test_brisc_is_split_as_shipped_whatever_its_order():
    shipped = _shipped()
    shuffled = shipped[["id"]].sample(frac=1, random_state=0).reset_index(drop=True)
    filled = frozen_splits(shuffled.assign(group="", validation=pd.NA, fold=pd.NA, width=1))
    assert filled is not None
    assert filled["id"].tolist() == shuffled["id"].tolist()
    pd.testing.assert_frame_equal(
        filled.set_index("id")[list(shipped.columns[1:])].loc[shipped["id"]], shipped.set_index("id")
    )


def test_another_set_is_not_split_as_brisc(phantom: pd.DataFrame):
    assert frozen_splits(phantom) is None
    most = _shipped().iloc[:-1].assign(width=1)
    assert frozen_splits(most) is None


def test_figshares_persons_are_split_as_shipped_where_all_their_slices_are_there(phantom: pd.DataFrame):
    with (files("brainmtl.data") / "tables" / "figshare2017_splits.csv").open() as handle:
        shipped = pd.read_csv(handle, dtype={"group": "string"})
    assert (len(shipped), shipped["slices"].sum()) == (209, 3064)
    group = shipped["group"].repeat(shipped["slices"]).sample(frac=1, random_state=0)
    table = pd.DataFrame({"group": group, "label": "glioma", "plane": "axial"}).reset_index(drop=True)
    settled = settle_splits(table).drop_duplicates("group").set_index("group").loc[shipped["group"]]
    assert settled["fold"].tolist() == shipped["fold"].tolist()
    assert settled["validation"].tolist() == shipped["validation"].tolist()
    for other in (table.iloc[1:], phantom):
        pd.testing.assert_frame_equal(settle_splits(other), draw_splits(other))


def _shipped() -> pd.DataFrame:
    types = {"id": "string", "group": "string", "validation": "boolean", "fold": "Int8"}
    with (files("brainmtl.data") / "tables" / "brisc2025_splits.csv").open() as handle:
        return pd.read_csv(handle, dtype=types)


def test_a_wrong_fold_or_split_is_named(phantom: pd.DataFrame):
    with pytest.raises(InputError, match=r"data\.fold: there is no fold 5 \(0 to 4\)"):
        parts(phantom, "patient-5fold", 5)
    odd = phantom.copy()
    odd.loc[3, "split"] = "Testing"
    with pytest.raises(InputError, match="split: 'Testing' is not one of train, test"):
        parts(odd)
    assert set(parts(odd, "patient-5fold", 0)) == {"train", "validation", "test"}


@given(tables(), st.data())
@settings(max_examples=30, deadline=None)
def test_folds_are_drawn_from_what_is_no_test(table: pd.DataFrame, data: st.DataObject):
    drawn = draw_splits(table)
    fold = data.draw(st.sampled_from(sorted(set(drawn["fold"]))))
    side = parts(drawn, "folds", fold)
    assert ((side == "test") == (drawn["split"] == "test")).all()
    learning = drawn[side != "test"]
    assert set(learning.loc[side == "validation", "fold"]) <= {fold}
    assert fold not in set(learning.loc[side == "train", "fold"])
    assert (side[side != "test"].groupby(drawn["group"]).nunique() == 1).all()


def test_a_clean_training_set_lacks_the_copies_of_the_test(phantom: pd.DataFrame):
    official = parts(phantom)
    assert parts(phantom.assign(leaked=False), "official-clean-train").tolist() == official.tolist()
    leaked = pd.Series(np.arange(len(phantom)) % 3 == 0, index=phantom.index)
    clean = parts(phantom.assign(leaked=leaked.astype("boolean")), "official-clean-train")
    out = leaked & (phantom["split"] == "train")
    assert out.any()
    assert (clean[out] == "left_out").all()
    assert clean[~out].tolist() == official[~out].tolist()


def test_copies_nobody_has_looked_for_are_named(phantom: pd.DataFrame):
    unseen = phantom.assign(leaked=pd.array([pd.NA] * len(phantom), dtype="boolean"))
    with pytest.raises(InputError, match="leaked: nobody has looked"):
        parts(unseen, "official-clean-train")
    with pytest.raises(InputError, match=r"data\.fold: there is no fold 7"):
        parts(phantom, "folds", 7)


@pytest.mark.parametrize("protocol", ["official", "official-whole", "patient-5fold", "folds"])
def test_a_folder_left_out_is_for_nothing_and_moves_no_other_slice(phantom: pd.DataFrame, protocol):
    source = phantom["source"].iloc[0]
    gliomas = phantom["label"] == "glioma"
    before, after = parts(phantom, protocol), parts(phantom, protocol, leave_out=[f"{source}/glioma"])
    assert (after[gliomas] == "left_out").all()
    assert (after[~gliomas] == before[~gliomas]).all()
    assert list(kept(phantom, [f"{source}/glioma"])["id"]) == list(phantom["id"][~gliomas])
    assert (parts(phantom, protocol, leave_out=["another/glioma"]) == before).all()
