"""Groups that are merged."""

from itertools import combinations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from brainmtl.data.sides import draw_sides, merge_groups

PAIRS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("pqrstuvw")), min_size=1, max_size=12)


@given(PAIRS)
@settings(deadline=None)
def test_merged_groups_are_the_finest_that_part_nothing(pairs: list[tuple[str, str]]):
    one, other = (pd.Series(column, dtype="string") for column in zip(*pairs, strict=True))
    merged = merge_groups(one, other)
    together = _reachable(pairs)
    for a, b in combinations(range(len(pairs)), 2):
        assert (merged[a] == merged[b]) == ((a, b) in together)
    assert set(merged) <= set(one)


def _reachable(pairs: list[tuple[str, str]]) -> set[tuple[int, int]]:
    """Pairs of rows that a walk over rows with a name in common joins (Warshall 1962)."""
    rows = range(len(pairs))
    joined = {(a, b) for a in rows for b in rows if pairs[a][0] == pairs[b][0] or pairs[a][1] == pairs[b][1]}
    for middle in rows:
        joined |= {(a, b) for a in rows for b in rows if {(a, middle), (middle, b)} <= joined}
    return joined


def test_a_new_manifest_is_filled(phantom: pd.DataFrame):
    bare = phantom.drop(columns=["group", "validation", "fold", "leaked"])
    nobody = pd.Series(pd.NA, index=range(100, 100 + len(bare)), dtype="string")
    table = draw_sides(bare, nobody, "here")
    assert table[["group", "validation", "fold", "leaked"]].notna().all(axis=None)
    assert (table.groupby("group")[["fold", "validation"]].nunique() == 1).all(axis=None)
    one = pd.Series("all", index=nobody.index, dtype="string")
    assert draw_sides(bare, nobody, "here", whole=one)["group"].nunique() == 1
