"""What a slice's file tells to whoever never looks at the head: its header, its brightness, a thumbnail."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from brainmtl.data.copies.thumbnails import Small, Thumbnails, collect, shrink
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import to_square
from brainmtl.imaging.threads import threads

SIDE = 32
INTENSITY = ("mean", "sd", "median", "brightest", "black_share")
METADATA = (
    *("bytes", "bytes_per_pixel", "format", "mode", "info_fields", "exif_fields"),
    *("jpeg_tables", "jpeg_quantization", "progressive"),
)

Look = tuple[tuple[float | str, ...], NDArray[np.int64], NDArray[np.uint8]]
"""Of one slice: its header, how many pixels have each grey value, its thumbnail."""


@dataclass(frozen=True)
class Looks:
    """The slices of a manifest as a stranger sees them, in its order.

    Attributes:
        metadata: the columns :data:`METADATA`, all numbers.
        intensity: the columns :data:`INTENSITY`, of grey values 0 to 255.
        thumbnails: uint8 ``(N, 32, 32)``, upright and stretched.
    """

    metadata: pd.DataFrame
    intensity: pd.DataFrame
    thumbnails: NDArray[np.uint8]


def look_at(
    table: pd.DataFrame, progress: Callable[[int], None] = lambda done: None
) -> tuple[Looks, Thumbnails]:
    """Read every slice once, for its looks and for what copies are found by.

    Args:
        table: a manifest.
        progress: called with the number of slices done.

    Raises:
        InputError: a file is missing or cannot be decoded.
    """
    seen: list[Look] = []

    def decoded() -> Iterator[Small]:
        with threads() as pool:
            for look, small in pool.map(_look, table["image"]):
                seen.append(look)
                yield small

    kept = collect(decoded(), len(table), progress)
    headers, counts, thumbnails = zip(*seen, strict=True)
    metadata = pd.DataFrame(list(headers), columns=list(METADATA), index=table.index)
    for name in ("format", "mode"):
        metadata[name] = pd.factorize(metadata[name], sort=True)[0]
    intensity = pd.DataFrame(_brightness(np.stack(counts)), columns=list(INTENSITY), index=table.index)
    return Looks(metadata, intensity, np.stack(thumbnails)), kept


def grey_values(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many pixels have each grey value.

    Args:
        pixels: uint8 ``(H, W)``.

    Returns:
        int64 ``(256,)``.
    """
    return np.array(Image.fromarray(pixels).histogram(), np.int64)  # faster than counting in NumPy


def _look(image: str) -> tuple[Look, Small]:
    path = Path(image)
    pixels = read_picture(path).pixels
    return (_header(path), grey_values(pixels), to_square(pixels, SIDE, "stretch")), shrink(pixels)


def _header(path: Path) -> tuple[float | str, ...]:
    size = path.stat().st_size
    with Image.open(path) as image:
        tables = getattr(image, "quantization", {})
        return (
            *(size, size / (image.width * image.height), image.format or "", image.mode),
            *(len(image.info), len(image.getexif()), len(tables)),
            *(sum(sum(one) for one in tables.values()), "progressive" in image.info),
        )


def _brightness(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The columns :data:`INTENSITY`, from the pixels of every grey value, ``(N, 256)``."""
    grey, pixels = np.arange(256), counts.sum(axis=1)
    mean = counts @ grey / pixels
    spread = np.sqrt(np.maximum(counts @ grey**2 / pixels - mean**2, 0))
    median = (2 * counts.cumsum(axis=1) < pixels[:, None]).sum(axis=1)
    brightest = 255 - (counts[:, ::-1] > 0).argmax(axis=1)
    return np.stack([mean, spread, median, brightest, counts[:, 0] / pixels], axis=1)
