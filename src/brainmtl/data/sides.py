"""What a new manifest still lacks: groups, the validation part, folds, and what its own split leaks."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from brainmtl.data.groups import group_slices
from brainmtl.data.leaks import leaked_slices
from brainmtl.data.manifest import check_manifest
from brainmtl.data.splits import draw_splits


def draw_sides(
    table: pd.DataFrame,
    persons: "pd.Series[str]",
    where: str | Path,
    whole: "pd.Series[str] | None" = None,
) -> pd.DataFrame:
    """Fill ``group``, ``validation``, ``fold`` and ``leaked``.

    Args:
        table: rows of a manifest without the four; the image files are read.
        persons: person ids aligned with the table, null where unknown.
        where: what to name in an error.
        whole: groups aligned with the table that stay whole whatever the looks of their slices.

    Returns:
        The manifest.

    Raises:
        InputError: the table breaks the manifest's contract.
    """
    table = check_manifest(table.assign(group=table["id"]), where)
    group = group_slices(table, persons.set_axis(table.index).astype("string"))
    table["group"] = group if whole is None else merge_groups(group, whole.set_axis(table.index))
    table["leaked"] = leaked_slices(table)
    return check_manifest(draw_splits(table), where)


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
    edges = coo_array(
        (np.ones(len(one)), (first, len(names) + second)), shape=(len(names) + len(others),) * 2
    )
    _, component = connected_components(edges, directed=False)
    merged = pd.Series(component[first], index=one.index)
    return one.groupby(merged).transform("first")
