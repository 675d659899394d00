"""Slices decoded once: a small picture, where the head lies in it, and a hash of every pixel."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import to_square
from brainmtl.imaging.threads import threads

SIDE = 64
"""Pixels a side: at 64, with :mod:`.likeness`, copies and neighbouring slices of BRISC lie apart."""
DARK = 0.12
"""Below this share of the brightest grey (the 99th percentile) is background …"""
DARKEST = 12.0
"""… and so is anything below this grey."""
SPARSE = 0.03
"""A row or column with a smaller share of bright pixels lies outside the head."""
SMALLEST_BOX = 0.25
"""A head that covers less of a side was not found; the whole picture stands in for it."""

Small = tuple[NDArray[np.uint8], bytes, int]
"""Of one slice: its small picture, a hash of every pixel, and the pixels of its shorter side."""


@dataclass(frozen=True)
class Thumbnails:
    """What is kept of each slice, in the order of a table.

    Attributes:
        pixels: uint8 ``(N, 64, 64)``, the upright slice stretched to a square.
        boxes: float32 ``(N, 4)``, the head's top, bottom, left and right as shares of the picture's sides.
        hashes: of every decoded grey pixel and the size, N of them.
        sides: int32 ``(N,)``, pixels of each slice's shorter side before it was made small.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    hashes: NDArray[np.bytes_]
    sides: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.pixels)

    def part(self, rows: NDArray[np.int64]) -> "Thumbnails":
        """Those of some rows."""
        return Thumbnails(self.pixels[rows], self.boxes[rows], self.hashes[rows], self.sides[rows])


def read_thumbnails(
    images: "pd.Series[str]", progress: Callable[[int], None] = lambda done: None
) -> Thumbnails:
    """Decode slices, each once.

    Args:
        images: paths.
        progress: called with the number of slices done.

    Raises:
        InputError: a file cannot be read.
    """
    with threads() as pool:
        seen = pool.map(lambda path: shrink(read_picture(Path(path)).pixels), images)
        return collect(seen, len(images), progress)


def shrink(pixels: NDArray[np.uint8]) -> Small:
    """What is kept of a decoded slice.

    Args:
        pixels: uint8 ``(H, W)``.

    Returns:
        uint8 ``(64, 64)``, a hash of every pixel and the size, and the pixels of the shorter side.
    """
    digest = hashlib.sha256(b"%dx%d" % pixels.shape)
    digest.update(np.ascontiguousarray(pixels).data)
    return to_square(pixels, SIDE, "stretch"), digest.hexdigest()[:32].encode(), min(pixels.shape)


def collect(
    seen: Iterable[Small], count: int, progress: Callable[[int], None] = lambda done: None
) -> Thumbnails:
    """Put slices together as they come.

    Args:
        seen: from :func:`shrink`.
        count: how many.
        progress: called with the number of slices done.
    """
    pixels, hashes = np.empty((count, SIDE, SIDE), np.uint8), np.empty(count, "S32")
    sides = np.empty(count, np.int32)
    for row, (pixels[row], hashes[row], sides[row]) in enumerate(seen):
        progress(row + 1)
    return Thumbnails(pixels, find_heads(pixels), hashes, sides)


def find_heads(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Find the part of each picture that is not dark margin.

    Args:
        pixels: uint8 ``(N, S, S)``.

    Returns:
        float32 ``(N, 4)``: top, bottom, left, right, as shares of the sides, 0 to 1.
    """
    boxes = np.tile(np.array([0, 1, 0, 1], np.float32), (len(pixels), 1))
    for start in range(0, len(pixels), 4096):
        part = pixels[start : start + 4096]
        level = np.maximum(DARKEST, DARK * np.percentile(part, 99, axis=(1, 2)))
        bright = part > level[:, None, None]
        for first, axis in ((0, 2), (2, 1)):
            edges = _extent(bright.mean(axis=axis) > SPARSE)
            found = edges[:, 1] - edges[:, 0] >= SMALLEST_BOX
            boxes[start : start + 4096, first : first + 2][found] = edges[found]
    return boxes


def _extent(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Share of the side before the first ``True`` of each row, and up to the last."""
    count = inside.shape[1]
    first, last = inside.argmax(axis=1), count - inside[:, ::-1].argmax(axis=1)
    edges = np.stack([np.where(inside.any(axis=1), first, last), last], axis=1) / count
    return np.asarray(edges, np.float32)
