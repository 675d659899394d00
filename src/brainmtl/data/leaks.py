"""Slices whose picture, or nearly the same, lies on the other side of the set's own split."""

import pandas as pd

from brainmtl.data.copies.pairs import find_pairs
from brainmtl.data.shipped import shipped_table

STORED = "brisc2025_leaks.csv"
COLUMNS = ["id", "other", "kind", "transform", "score"]
KINDS = {"figshare": 0, "bytes": 1, "pixels": 2, "near": 3}
"""How two slices show the same → how sure that is, 0 the surest."""


def find_leaks(table: pd.DataFrame, pairs: pd.DataFrame | None = None) -> pd.DataFrame:
    """Find every slice that shows what a slice on the other side of the set's own split shows.

    Two slices show the same when they are one Figshare slice (BRISC, by the shipped map of persons), or when
    :func:`brainmtl.data.copies.pairs.find_pairs` pairs them: equal files, equal pixels, or near-duplicates,
    as they are or turned.

    Args:
        table: a manifest; its image files are read unless ``pairs`` are given.
        pairs: what :func:`~brainmtl.data.copies.pairs.find_pairs` finds in it.

    Returns:
        One row a slice that has a copy there, in the order of the table: its ``id``; ``other``, the surest of
        its copies; their ``kind``, a key of :data:`KINDS`; and ``transform`` and ``score`` of the pair.
    """
    if table["split"].nunique() < 2:
        return pd.DataFrame(columns=COLUMNS, dtype="string")
    if pairs is None:
        pairs = find_pairs(table)
    near = pairs.rename(columns={"a": "id", "b": "other"})[COLUMNS]
    found = pd.concat([_one_figshare_slice(table), near], ignore_index=True)
    both = pd.concat([found, found.rename(columns={"id": "other", "other": "id"})], ignore_index=True)
    split = table.set_index("id")["split"]
    across = both[both["id"].map(split).to_numpy() != both["other"].map(split).to_numpy()]
    surest = across.assign(rank=across["kind"].map(KINDS)).sort_values(
        ["rank", "score", "other"], ascending=[True, False, True]
    )
    rows = surest.drop_duplicates("id").set_index("id")
    found = rows.loc[table["id"][table["id"].isin(rows.index)]].reset_index()
    return pd.DataFrame(found[COLUMNS])


def leaked_slices(table: pd.DataFrame, pairs: pd.DataFrame | None = None) -> "pd.Series[bool]":
    """Which slices have a copy on the other side: known, or looked for.

    Args:
        table: a manifest; its image files are read unless it is known or ``pairs`` are given.
        pairs: what :func:`~brainmtl.data.copies.pairs.find_pairs` finds in it.

    Returns:
        nullable bool, aligned with the table.
    """
    known = known_leaks(table)
    if known.notna().any():
        return known
    return table["id"].isin(set(find_leaks(table, pairs)["id"])).astype("boolean")


def known_leaks(table: pd.DataFrame) -> "pd.Series[bool]":
    """Which slices have a copy on the other side, as far as that is known without looking at pictures.

    Args:
        table: a manifest.

    Returns:
        nullable bool, aligned with the table: its own column; where that is empty and every slice is one of
        BRISC 2025, the table that ships with the package; else nulls.
    """
    if (
        table["leaked"].notna().any()
        or not table["id"].isin(shipped_table("brisc2025_splits.csv")["id"]).all()
    ):
        return table["leaked"]
    return table["id"].isin(shipped_table(STORED)["id"]).astype("boolean")


def _one_figshare_slice(table: pd.DataFrame) -> pd.DataFrame:
    """Every pair of BRISC's slices that are one slice of Figshare."""
    copies = shipped_table("brisc2025_persons.csv")[["brisc_stem", "figshare_index", "mirrored"]]
    copies = copies[copies["brisc_stem"].isin(table["id"])]
    pairs = copies.merge(copies, on="figshare_index", suffixes=("", "_other"))
    pairs = pairs[pairs["brisc_stem"] < pairs["brisc_stem_other"]]
    turned = (pairs["mirrored"] != pairs["mirrored_other"]).map({True: "mirror", False: "none"})
    return pd.DataFrame(
        {
            "id": pairs["brisc_stem"],
            "other": pairs["brisc_stem_other"],
            "kind": "figshare",
            "transform": turned,
            "score": 1.0,
        }
    )
