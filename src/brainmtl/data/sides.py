"""What a new manifest still lacks: groups, the validation part, folds, and what its own split leaks."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from brainmtl.data.copies.compare import Progress, compare_slices
from brainmtl.data.copies.pairs import find_pairs
from brainmtl.data.groups import group_slices
from brainmtl.data.leaks import leaked_slices
from brainmtl.data.manifest import check_manifest
from brainmtl.data.splits import settle_splits


def draw_sides(
    table: pd.DataFrame,
    persons: "pd.Series[str]",
    where: str | Path,
    whole: "pd.Series[str] | None" = None,
    progress: Progress = lambda done, total: None,
) -> pd.DataFrame:
    """Fill ``group``, ``validation``, ``fold`` and ``leaked``.

    A slice that two sets share joins their groups, whatever the sets call its person.

    Args:
        table: rows of a manifest without the four; the image files are read.
        persons: person ids aligned with the table, null where unknown.
        where: what to name in an error.
        whole: groups aligned with the table that stay whole whatever the looks of their slices.
        progress: called with the number of slices compared, and in all.

    Returns:
        The manifest.

    Raises:
        InputError: the table breaks the manifest's contract.
    """
    table = check_manifest(table.assign(group=table["id"]), where)
    compared = compare_slices(table, progress=progress)
    pairs = find_pairs(table, compared=compared)
    group = group_slices(table, persons.set_axis(table.index).astype("string"), compared=compared)
    group = merge_groups(group, _shared_slices(table, pairs))
    table["group"] = group if whole is None else merge_groups(group, whole.set_axis(table.index))
    table["leaked"] = leaked_slices(table, pairs)
    return check_manifest(settle_splits(table), where)


def merge_groups(one: "pd.Series[str]", other: "pd.Series[str]") -> "pd.Series[str]":
    """The finest groups in which neither grouping parts what it holds together.

    Args:
        one: group names.
        other: group names, aligned with it.

    Returns:
        Group names of ``one``, the first of those that were merged.
    """
    first, names = pd.factorize(one)
    second, others = pd.factorize(other)
    merged = pd.Series(_components(first, len(names) + second, len(names) + len(others))[first], one.index)
    return one.groupby(merged).transform("first")


def _shared_slices(table: pd.DataFrame, pairs: pd.DataFrame) -> "pd.Series[str]":
    """A name a slice, the same for slices of different sets that are one."""
    row = pd.Series(np.arange(len(table)), table["id"])
    a, b = (row.loc[pairs[end]].to_numpy() for end in ("a", "b"))
    source = table["source"].to_numpy(dtype=object)
    across = source[a] != source[b]
    return table["id"].iloc[_components(a[across], b[across], len(table))].set_axis(table.index)


def _components(a: NDArray[np.int64], b: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """For each of ``count`` nodes the number of what the edges ``a``–``b`` connect it with."""
    edges = coo_array((np.ones(len(a)), (a, b)), shape=(count, count))
    return np.asarray(connected_components(edges, directed=False)[1], np.int64)
