"""What another data set knows about the slices of this one: patients, classes, second masks."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from brainmtl.audit.area import Area
from brainmtl.audit.twins import mask_dice
from brainmtl.evaluation.measures import metric

COLUMNS = ["id", "other_id", "kind", "transform", "score", "label", "other_label", "patient", "other_group"]


def carry_over(
    table: pd.DataFrame,
    other: pd.DataFrame,
    found: pd.DataFrame,
    progress: Callable[[int], None] = lambda done: None,
    areas: Mapping[str, Area] = MappingProxyType({}),
) -> pd.DataFrame:
    """Lay what the other set knows beside each slice that it shows too.

    Args:
        table: a manifest.
        other: the manifest of the other set.
        found: from :func:`brainmtl.data.copies.match.match_sets`.
        progress: called with the number of slices done.
        areas: masks that need not be read again, by path.

    Returns:
        One row a slice found: ``id, other_id, kind, transform`` (the way to lay the other's slice, and its
        mask, to get this one), ``score, label``, and of the other ``other_label, patient, other_group,
        other_mask`` (a file); and ``mask_dice`` of the two masks.

    Raises:
        InputError: a mask cannot be read.
    """
    ours, theirs = table.set_index("id"), other.set_index("id")
    rows = found.rename(columns={"label": "other_label", "mask": "other_mask"})
    rows["label"] = rows["id"].map(ours["label"])
    rows["other_group"] = rows["other_id"].map(theirs["group"])
    pairs = rows.rename(columns={"id": "a", "other_id": "b"})
    rows["mask_dice"] = mask_dice(pairs, ours["mask"], theirs["mask"], progress, areas)
    return rows[[*COLUMNS, "other_mask", "mask_dice"]].reset_index(drop=True)


def count_matches(table: pd.DataFrame, matches: pd.DataFrame) -> dict[str, Any]:
    """Count what was found in the other set.

    Args:
        table: a manifest.
        matches: from :func:`carry_over`.

    Returns:
        ``slices`` found, ``distinct`` slices of the other set among them, ``turned``, counts ``by_split`` and
        ``by_label``, ``patients`` carried over, ``label_conflicts`` and the Dice of the two masks by class.
    """
    split = matches["id"].map(table.set_index("id")["split"])
    both = matches["label"].notna() & matches["other_label"].notna()
    odd = matches[both & (matches["label"] != matches["other_label"]).fillna(False)]
    named = odd["label"].astype(str) + ", there " + odd["other_label"].astype(str)
    dice = matches["mask_dice"].dropna()
    by_label = dice.groupby(matches["label"][dice.index])
    return {
        "slices": int(matches["id"].nunique()),
        "distinct": int(matches["other_id"].nunique()),
        "turned": int((matches["transform"] != "none").sum()),
        "by_split": _counted(split),
        "by_label": _counted(matches["label"]),
        "patients": int(matches["patient"].nunique()),
        "label_conflicts": _counted(named),
        "mask_dice": metric(float(dice.mean()), len(dice)),
        "mask_dice_by_label": {str(name): metric(float(part.mean()), len(part)) for name, part in by_label},
        "masks_below_0.1": _counted(split[dice.index[dice < 0.1]]),
    }


def _counted(values: "pd.Series[str]") -> dict[str, int]:
    return {str(name): int(n) for name, n in values.value_counts().items()}
