"""What ``audit.json`` counts, within and across the splits."""

from typing import Any

import pandas as pd

import brainmtl
from brainmtl.audit.carried import count_matches
from brainmtl.audit.conflicts import FIELDS
from brainmtl.audit.counts import count_copies
from brainmtl.audit.series import count_series
from brainmtl.audit.suspects import POOR_DICE
from brainmtl.audit.twins import SAME_PIXELS, agreement
from brainmtl.data.copies.verify import SMALLEST
from brainmtl.data.manifest import content_hash


def count_found(
    table: pd.DataFrame,
    grouped: pd.DataFrame,
    pairs: pd.DataFrame,
    series: pd.DataFrame,
    suspects: pd.DataFrame,
    matches: pd.DataFrame | None,
) -> dict[str, Any]:
    """Count what was found, within and across splits.

    Args:
        table: a manifest.
        grouped: the same with groups as they are found.
        pairs: copies, with ``conflict`` and ``mask_dice``.
        series: ``id, series, position``.
        suspects: from :func:`brainmtl.audit.suspects.rank_suspects`.
        matches: from :func:`brainmtl.audit.carried.carry_over`, or ``None``.

    Returns:
        The part of ``audit.json`` that counts.
    """
    label = pairs["a"].map(table.set_index("id")["label"])
    same = pairs["kind"].isin(SAME_PIXELS)
    ceiling = {
        name: agreement(pairs["mask_dice"][rows], label[rows], pairs["across_splits"][rows])
        for name, rows in (("same_pixels", same), ("near", ~same))
    }
    return {
        "brainmtl": brainmtl.__version__,
        "sources": sorted(table["source"].unique()),
        "manifest_sha256": content_hash(table),
        "slices": len(table),
        "by_split": {str(name): len(part) for name, part in table.groupby("split", sort=False)},
        "labels_by_split": {
            str(name): {str(label): int(n) for label, n in part["label"].value_counts().items()}
            for name, part in table.groupby("split", sort=False)
        },
        "small": {
            "below_px": SMALLEST,
            "slices": int((table[["width", "height"]].min(axis=1) < SMALLEST).sum()),
        },
        **count_copies(table, pairs),
        "series": count_series(table, series),
        "persons": _persons(table),
        "groups": _groups(table, grouped, pairs),
        "conflicts": _conflicts(pairs),
        "annotation_ceiling": ceiling,
        "suspects": {str(name): int(n) for name, n in suspects["what"].value_counts().items()},
        "match": None if matches is None else count_matches(table, matches),
    }


def _conflicts(pairs: pd.DataFrame) -> dict[str, dict[str, int]]:
    across = pairs["across_splits"].astype(bool)
    marked = {name: pairs["conflict"].str.contains(name) for name in FIELDS}
    marked["mask"] = pairs["mask_dice"] < POOR_DICE
    return {
        name: {"within": int((rows & ~across).sum()), "across": int((rows & across).sum())}
        for name, rows in marked.items()
    }


def _persons(table: pd.DataFrame) -> dict[str, Any]:
    """Known persons by their group: a person may have several patient ids."""
    known = table[table["patient"].notna()]
    splits = known.groupby("group")["split"].nunique()
    both = known["group"].isin(splits.index[splits > 1])
    return {
        "within": {"persons": int((splits == 1).sum()), "slices": int((~both).sum())},
        "across": {
            "persons": int((splits > 1).sum()),
            "slices": int(both.sum()),
            "by_split": {str(name): len(part) for name, part in known[both].groupby("split", sort=False)},
        },
    }


def _groups(table: pd.DataFrame, grouped: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    """How many groups there are, and pairs of copies that the manifest's own groups keep apart."""
    own = table.set_index("id")["group"]
    apart = pairs["a"].map(own) != pairs["b"].map(own)
    across = pairs["across_splits"].astype(bool)
    return {
        "within": {"pairs_apart": int((apart & ~across).sum())},
        "across": {"pairs_apart": int((apart & across).sum())},
        "in_manifest": int(own.nunique()),
        "found": int(grouped["group"].nunique()),
    }
