"""What each slice of a manifest is for, under a recipe."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.data.splits import parts
from brainmtl.errors import InputError
from brainmtl.training.recipe import Recipe


def sides(table: pd.DataFrame, recipe: Recipe) -> NDArray[np.object_]:
    """Say for every slice what :func:`~brainmtl.data.splits.parts` says under the recipe's protocol.

    Args:
        table: a manifest.
        recipe: its ``data.protocol``, ``data.fold`` and ``data.leave_out``.
    """
    data = recipe.data
    return parts(table, data.protocol, data.fold, data.leave_out).to_numpy(dtype=object)


def nothing_for(part: str, recipe: Recipe, manifest: Path) -> InputError:
    """Say that a part is empty, and why.

    Args:
        part: which.
        recipe: under which.
        manifest: of the set.
    """
    if part == "validation" and recipe.holds_nothing_back:
        return InputError(
            f"{recipe.data.protocol} holds nothing back for validation",
            where=manifest,
            field="data.protocol",
            mend="--part test, or measure its folds: `brainmtl out-of-fold`",
        )
    return InputError(
        f"no slice is for {part}", where=manifest, field="split", mend="index a set that has one"
    )
