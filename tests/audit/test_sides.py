"""Sides that share no group, whatever the set looks like."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.audit.sides import across_splits, within_split

SLICES = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 8), st.sampled_from(("train", "test"))), min_size=1
)


def table(slices: list[tuple[str | None, int, str]]) -> pd.DataFrame:
    labels, groups, splits = zip(*slices, strict=True)
    return pd.DataFrame({"label": labels, "group": [f"g{n}" for n in groups], "split": splits})


@given(SLICES)
@settings(max_examples=60, deadline=None)
def test_folds_share_no_group_and_ask_every_slice_at_most_once(slices):
    found = table(slices)
    asked: list[int] = []
    for train, test in within_split(found):
        assert train.size
        assert not set(found["group"].iloc[train]) & set(found["group"].iloc[test])
        asked += test.tolist()
    usable = (
        np.arange(len(found))
        if (found["split"] == "test").all()
        else np.flatnonzero(found["split"] != "test")
    )
    assert sorted(asked) in ([], usable.tolist())


@given(SLICES)
@settings(max_examples=30, deadline=None)
def test_across_is_the_whole_test_split_against_the_rest(slices):
    found = table(slices)
    splits = set(found["split"])
    sides = across_splits(found)
    assert len(sides) == (splits == {"train", "test"})
    for train, test in sides:
        assert set(found["split"].iloc[train]) == {"train"}
        assert sorted([*train, *test]) == list(range(len(found)))


def test_unlabelled_slices_are_dealt_too():
    found = table([(None, n, "train") for n in range(6)])
    assert len(within_split(found)) == 5
