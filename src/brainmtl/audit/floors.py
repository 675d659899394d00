"""What a lookup of the most similar slice scores, with the set's own leaks and without."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.audit.sides import Sides, across_splits, within_split
from brainmtl.evaluation.floors import floors
from brainmtl.evaluation.measures import metric


def measure_floors(
    table: pd.DataFrame, thumbnails: NDArray[np.uint8], squares: NDArray[np.bool_]
) -> dict[str, Any]:
    """Measure what copying the answer of the most similar slice scores.

    Args:
        table: a manifest with groups.
        thumbnails: uint8 ``(N, S, S)``, of its slices.
        squares: bool ``(N, H, W)``, their masks, empty where there is none.

    Returns:
        ``within`` (folds of whole groups of the training split) and ``across`` (the test split, from the
        rest), each ``{nearest_neighbour_accuracy, nearest_mask_dice}``, or null.
    """
    labels, groups = (table[name].to_numpy(dtype=object) for name in ("label", "group"))

    def part(rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        known = {"labels": labels[rows], "groups": groups[rows]}
        return known | {"thumbnails": thumbnails[rows], "masks": squares[rows]}

    def over(sides: Sides) -> dict[str, Any] | None:
        scores = [floors(train=part(train), test=part(test)) for train, test in sides]
        return {name: _pooled([score[name] for score in scores]) for name in scores[0]} if scores else None

    return {"within": over(within_split(table)), "across": over(across_splits(table))}


def _pooled(metrics: list[dict[str, Any]]) -> dict[str, Any]:
    known = [each for each in metrics if each["value"] is not None]
    total = sum(each["n"] for each in known)
    return metric(sum(each["value"] * each["n"] for each in known) / max(total, 1), total)
