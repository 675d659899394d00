"""The marked part of a mask, small enough to keep those of a whole set."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brainmtl.imaging.mask import THRESHOLD
from brainmtl.imaging.square import to_square


@dataclass(frozen=True)
class Area:
    """A mask without the rows and columns around what it marks.

    Attributes:
        shape: rows and columns of the whole mask.
        rows: the first marked row, and the one after the last; both 0 where nothing is marked.
        columns: the same of columns.
        bits: the marked rows and columns, eight pixels a byte.
    """

    shape: tuple[int, int]
    rows: tuple[int, int]
    columns: tuple[int, int]
    bits: NDArray[np.uint8]

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> "Area":
        """Keep a mask.

        Args:
            mask: bool ``(H, W)``.
        """
        rows = _extent(mask, 1)
        columns = _extent(mask[slice(*rows)], 0)
        bits = np.packbits(mask[slice(*rows), slice(*columns)], axis=1)
        return cls((mask.shape[0], mask.shape[1]), rows, columns, bits)

    def part(self) -> NDArray[np.bool_]:
        """The marked rows and columns."""
        width = self.columns[1] - self.columns[0]
        return np.unpackbits(self.bits, axis=1, count=width).view(bool)

    def whole(self) -> NDArray[np.bool_]:
        """The mask as it was."""
        mask = np.zeros(self.shape, bool)
        mask[slice(*self.rows), slice(*self.columns)] = self.part()
        return mask

    def square(self, side: int) -> NDArray[np.bool_]:
        """The mask as the network's square has it, bool ``(side, side)``.

        Only the marked part is shrunk where the mask is a square of whole tiles, with as much around it as
        the shrinking looks at.

        Args:
            side: of the square in pixels.
        """
        height, width = self.shape
        if height != width or height % side:
            return to_square(self.whole().astype(np.uint8) * 255, side) > THRESHOLD
        tile, small = height // side, np.zeros((side, side), bool)
        (top, bottom), (left, right) = (
            (max(0, low // tile - 2), min(side, -(-high // tile) + 2))
            for low, high in (self.rows, self.columns)
        )
        grey = np.zeros(((bottom - top) * tile, (right - left) * tile), np.uint8)
        down, along = self.rows[0] - top * tile, self.columns[0] - left * tile
        marked = self.part()
        grey[down : down + marked.shape[0], along : along + marked.shape[1]] = marked.view(np.uint8) * 255
        shrunk = Image.fromarray(grey).resize((right - left, bottom - top), Image.Resampling.BILINEAR)
        small[top:bottom, left:right] = np.asarray(shrunk) > THRESHOLD
        return small


def _extent(mask: NDArray[np.bool_], along: int) -> tuple[int, int]:
    found = np.flatnonzero(mask.any(axis=along))
    return (int(found[0]), int(found[-1]) + 1) if found.size else (0, 0)
