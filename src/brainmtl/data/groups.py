"""Slices that must stay on one side of a split: a person's, or look-alikes where the person is unknown."""

import pandas as pd

from brainmtl.data.copies.compare import Progress, compare_slices
from brainmtl.data.copies.join import join


def group_slices(
    table: pd.DataFrame,
    persons: "pd.Series[str]",
    *,
    compared: pd.DataFrame | None = None,
    progress: Progress = lambda done, total: None,
) -> "pd.Series[str]":
    """Name the group of every slice.

    A slice of a known person is that person's. The rest hang together where they are copies or lie beside
    each other in one head, the likest first, and go to a person where they hang together with one; see
    :func:`brainmtl.data.copies.join.join` for what keeps groups from chaining.

    Args:
        table: a manifest; its image files are read unless ``compared`` is given.
        persons: person ids aligned with the table, null where unknown.
        compared: from :func:`~brainmtl.data.copies.compare.compare_slices`.
        progress: called with the number of slices decoded, and to decode.

    Returns:
        Group names: the person id, or ``look-<id of the first slice>``.

    Raises:
        InputError: a file cannot be read.
    """
    if compared is None:
        compared = compare_slices(table, progress=progress)
    numbers, names = pd.factorize(persons)
    first = join(len(table), compared, numbers)
    looks = "look-" + table["id"].iloc[first].set_axis(table.index)
    known = pd.Series(numbers).groupby(first).transform("max").set_axis(table.index)
    return looks.where(known < 0, known.map(dict(enumerate(names)))).astype("string")
