"""Frozen splits fitted to new groups change as little as they can."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.data.revision import revise_splits


@st.composite
def frozen_and_groups(draw: st.DrawFn) -> tuple[pd.DataFrame, "pd.Series[str]"]:
    count = draw(st.integers(1, 40))
    old, new = (draw(st.lists(st.integers(0, 12), min_size=count, max_size=count)) for _ in range(2))
    fold = draw(st.lists(st.integers(0, 4), min_size=13, max_size=13))
    held = draw(st.lists(st.booleans(), min_size=13, max_size=13))
    table = pd.DataFrame(
        {
            "id": [f"slice{number}" for number in range(count)],
            "group": [f"old{name}" for name in old],
            "validation": pd.array([held[name] for name in old], dtype="boolean"),
            "fold": pd.array([fold[name] for name in old], dtype="Int8"),
        }
    )
    return table, pd.Series([f"new{name}" for name in new], dtype="string")


@given(frozen_and_groups())
@settings(max_examples=30, deadline=None)
def test_no_group_is_on_two_sides_and_nothing_enters_validation(case):
    frozen, group = case
    revised = revise_splits(frozen, group)
    assert (revised["group"] == group).all()
    assert (revised.groupby("group")[["fold", "validation"]].nunique() == 1).all(axis=None)
    assert not (revised["validation"] & ~frozen["validation"]).any()
    assert revised.dtypes[["validation", "fold"]].equals(frozen.dtypes[["validation", "fold"]])
    for name, rows in frozen.groupby(group):
        votes = rows["fold"].value_counts()
        assert votes[revised.loc[group == name, "fold"].iloc[0]] == votes.max()
        if rows["validation"].all():
            assert revised.loc[group == name, "validation"].all()


@given(frozen_and_groups())
@settings(max_examples=30, deadline=None)
def test_groups_that_stay_keep_their_sides(case):
    frozen, _ = case
    pd.testing.assert_frame_equal(revise_splits(frozen, frozen["group"]), frozen, check_dtype=False)


def test_a_tie_goes_to_the_smaller_fold():
    frozen = pd.DataFrame({"id": list("abcde"), "group": list("abcde"), "fold": [0, 0, 1, 1, 0]})
    frozen = frozen.astype({"fold": "Int8"}).assign(validation=pd.array([False] * 5, dtype="boolean"))
    group = pd.Series(["p", "q", "p", "q", "r"], dtype="string")  # p and q lie in both folds, r in 0
    revised = revise_splits(frozen, group).groupby("group")["fold"].first()
    assert revised.to_dict() == {"p": 1, "q": 0, "r": 0}
