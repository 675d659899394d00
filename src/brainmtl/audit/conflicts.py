"""Copies whose labels or planes contradict one another: at least one of the two is wrong."""

import pandas as pd

FIELDS = ("label", "plane")


def find_conflicts(table: pd.DataFrame, pairs: pd.DataFrame) -> "pd.Series[str]":
    """Say for each pair of copies which fields contradict one another.

    Args:
        table: a manifest.
        pairs: with the columns ``a`` and ``b``, ids of the table.

    Returns:
        Aligned with the pairs: ``"label"``, ``"plane"``, ``"label plane"``; empty where the two agree or one
        is not known.
    """
    by_id = table.set_index("id")
    found = pd.Series("", index=pairs.index, dtype="string")
    for name in FIELDS:
        one, other = pairs["a"].map(by_id[name]), pairs["b"].map(by_id[name])
        differ = (one.notna() & other.notna() & (one != other)).fillna(False).astype(bool)
        found = found.mask(differ, found + " " + name)
    return found.str.strip()
