"""Slices joined by likeness, the likest first, without chaining."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LARGEST_SHARE = 0.01
"""No more of a set hangs together by likeness alone …"""
LARGEST = 10
"""… or so many slices, where that is more …"""
CERTAIN = 0.99
"""… unless they are copies as like as this, which are never parted."""


def join(count: int, compared: pd.DataFrame, persons: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Join slices, the likest first, as Kruskal joins a tree.

    Two known persons are never joined: a slice that is like both goes to the one it is more like, and takes
    along what it is itself more like. Where a chain of likenesses would grow too large, its weakest links are
    cut.

    Args:
        count: slices.
        compared: pairs from :func:`~brainmtl.data.copies.compare.compare_slices`.
        persons: the number of each slice's person, −1 where unknown; default all unknown.

    Returns:
        For each slice the row of the first one it is joined with.
    """
    known = np.full(count, -1) if persons is None else persons
    parent = np.arange(count)
    for _, rows in pd.Series(np.arange(count))[known >= 0].groupby(known[known >= 0]):
        parent[rows] = rows.iloc[0]
    size = np.bincount(parent, weights=known < 0, minlength=count)
    largest = max(LARGEST, int(LARGEST_SHARE * count))
    # A pair that only neighbours counts as less like than any copy.
    order = compared.assign(copy=compared["kind"] != "neighbour").sort_values(
        ["copy", "score"], ascending=False, kind="stable"
    )
    for a, b, kind, score in zip(order["a"], order["b"], order["kind"], order["score"], strict=True):
        one, other = sorted((_root(parent, a), _root(parent, b)))
        apart = known[one] >= 0 and known[other] >= 0
        certain = kind != "neighbour" and score >= CERTAIN
        if one == other or apart or (not certain and size[one] + size[other] > largest):
            continue
        parent[other] = one
        size[one] += size[other]
        known[one] = max(known[one], known[other])
    return np.array([_root(parent, row) for row in range(count)])


def _root(parent: NDArray[np.int64], row: int) -> int:
    while parent[row] != row:
        parent[row] = row = parent[parent[row]]
    return int(row)
