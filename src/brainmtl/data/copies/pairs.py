"""The table of copies: which two slices of a set are one."""

import pandas as pd

from brainmtl.data.copies.compare import Progress, compare_slices

COLUMNS = ("a", "b", "kind", "transform", "score", "across_splits")
COPIES = ("bytes", "pixels", "near")
"""From the strongest: one file, one picture, one slice."""


def find_pairs(
    table: pd.DataFrame,
    *,
    compared: pd.DataFrame | None = None,
    progress: Progress = lambda done, total: None,
) -> pd.DataFrame:
    """Find every two slices that are one, within and across the splits.

    A slice stays one however it was resized, recompressed, brightened, cropped or padded a little, mirrored,
    flipped, or turned by quarters. Of more than a dozen such copies of one slice, not every two are listed.

    Args:
        table: a manifest; its image files are read unless ``compared`` is given.
        compared: from :func:`~brainmtl.data.copies.compare.compare_slices`.
        progress: called with the number of slices decoded, and to decode.

    Returns:
        One row a pair: ``a, b`` (ids in the table's order), ``kind`` (``bytes``, one file; ``pixels``, one
        picture; ``near``, one slice; the strongest that holds), ``transform`` (how to lay ``a`` to get ``b``:
        ``none``, ``mirror`` left-right, ``flip`` up-down, ``rot90``, ``rot180``, ``rot270`` counter-
        clockwise, ``transpose``, ``transverse``), ``score`` (likeness, to 1) and ``across_splits``.

    Raises:
        InputError: a file cannot be read.
    """
    if compared is None:
        compared = compare_slices(table, progress=progress)
    found = compared[compared["kind"].isin(COPIES)]
    ids, split = table["id"].to_numpy(dtype=object), table["split"].to_numpy(dtype=object)
    a, b = found["a"].to_numpy(), found["b"].to_numpy()
    return pd.DataFrame(
        {
            "a": pd.array(ids[a], dtype="string"),
            "b": pd.array(ids[b], dtype="string"),
            "kind": found["kind"].to_numpy(dtype=object),
            "transform": found["transform"].to_numpy(dtype=object),
            "score": found["score"].to_numpy(dtype=float),
            "across_splits": split[a] != split[b],
        }
    ).astype({"kind": "string", "transform": "string", "across_splits": bool})
