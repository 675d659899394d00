"""How many copies there are, and on which sides of the set's own split."""

from typing import Any

import pandas as pd

KINDS = {"byte_duplicates": ("bytes",), "pixel_duplicates": ("bytes", "pixels"), "near_duplicates": ("near",)}
"""Key of ``audit.json`` → kinds of pairs it counts: files of equal bytes have equal pixels too."""


def count_copies(table: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """Count pairs, and the slices in them, within and across the splits.

    Args:
        table: a manifest.
        pairs: with ``a``, ``b``, ``kind`` and ``across_splits``.

    Returns:
        ``byte_duplicates``, ``pixel_duplicates`` (these among them), ``near_duplicates`` (none of these) and
        ``copies`` (all), each ``{within, across}`` of ``{pairs, slices, by_split}``; ``by_split`` counts the
        slices of a split that have such a copy, in all and by class.
    """
    chosen = {name: pairs["kind"].isin(kinds) for name, kinds in KINDS.items()}
    chosen["copies"] = pairs["kind"].notna()
    across = pairs["across_splits"].astype(bool)
    return {
        name: {"within": _count(table, pairs[rows & ~across]), "across": _count(table, pairs[rows & across])}
        for name, rows in chosen.items()
    }


def _count(table: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    slices = table[table["id"].isin({*pairs["a"], *pairs["b"]})]
    by_split = {
        str(split): {"all": len(part)}
        | {str(name): int(n) for name, n in part["label"].value_counts().items()}
        for split, part in slices.groupby("split", sort=False)
    }
    return {"pairs": len(pairs), "slices": len(slices), "by_split": by_split}
