"""One part of the slices that a run was made from, as its network sees them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.data.cache import Cache, open_cache
from brainmtl.data.neighbours import beside
from brainmtl.training.recipe import Recipe
from brainmtl.training.run import run_table
from brainmtl.training.sides import nothing_for, sides


@dataclass(frozen=True)
class Part:
    """Slices of one side.

    Attributes:
        table: the whole manifest.
        rows: of the part's slices in it, int64 ``(N,)``.
        cache: every slice as a square.
        around: the rows of every slice's neighbours and its own, int64 ``(M, C)``.
        batch_size: slices in a batch.
    """

    table: pd.DataFrame
    rows: NDArray[np.int64]
    cache: Cache
    around: NDArray[np.int64]
    batch_size: int

    def batches(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
        """Rows, and their squares, uint8 ``(B, C, S, S)``."""
        for batch in np.array_split(self.rows, -(-len(self.rows) // self.batch_size)):
            yield batch, self.squares(batch)

    def squares(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The squares of some rows, uint8 ``(B, C, S, S)``."""
        return np.asarray(self.cache.images[self.around[rows]])


def open_part(run: Path, recipe: Recipe, side: Literal["train", "validation"]) -> Part:
    """Open one part of a run's slices.

    Args:
        run: its folder.
        recipe: its recipe.
        side: which part; a test part is for :func:`~brainmtl.training.evaluate.evaluate` alone.

    Raises:
        InputError: the manifest or its slices are gone or others than they were, or none is in that part.
    """
    table, manifest = run_table(run)
    parts = sides(table, recipe)
    rows = np.flatnonzero(parts == side)
    if not len(rows):
        raise nothing_for(side, recipe, manifest)
    cache = open_cache(table, recipe.data.size, recipe.data.fit)
    around = beside(table, parts, recipe.data.neighbours)
    return Part(table, rows, cache, around, recipe.data.batch_size)
