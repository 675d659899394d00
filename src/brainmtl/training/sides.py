"""What each slice of a manifest is for, under a recipe."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.data.splits import parts
from brainmtl.training.recipe import Recipe


def sides(table: pd.DataFrame, recipe: Recipe) -> NDArray[np.object_]:
    """Say for every slice what :func:`~brainmtl.data.splits.parts` says under the recipe's protocol.

    Args:
        table: a manifest.
        recipe: its ``data.protocol``, ``data.fold`` and ``data.leave_out``.
    """
    data = recipe.data
    return parts(table, data.protocol, data.fold, data.leave_out).to_numpy(dtype=object)
