"""What a slice's file tells to whoever never looks at the head: its header, its brightness, a thumbnail."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import to_square

SIDE = 32
INTENSITY = ("mean", "sd", "median", "brightest", "black_share")
METADATA = (
    *("bytes", "bytes_per_pixel", "format", "mode", "info_fields", "exif_fields"),
    *("jpeg_tables", "jpeg_quantization", "progressive"),
)


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


def look_at(table: pd.DataFrame, progress: Callable[[int], None] = lambda done: None) -> Looks:
    """Read every slice once.

    Args:
        table: a manifest.
        progress: called with the number of slices done.

    Raises:
        InputError: a file is missing or cannot be decoded.
    """
    seen = []
    with ThreadPoolExecutor() as pool:
        for done, one in enumerate(pool.map(_look, table["image"]), start=1):
            seen.append(one)
            progress(done)
    metadata, intensity, thumbnails = zip(*seen, strict=True)
    headers = pd.DataFrame(list(metadata), columns=list(METADATA), index=table.index)
    for name in ("format", "mode"):
        headers[name] = pd.factorize(headers[name], sort=True)[0]
    return Looks(
        headers,
        pd.DataFrame(list(intensity), columns=list(INTENSITY), index=table.index),
        np.stack(thumbnails),
    )


def grey_values(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many pixels have each grey value.

    Args:
        pixels: uint8 ``(H, W)``.

    Returns:
        int64 ``(256,)``.
    """
    return np.array(Image.fromarray(pixels).histogram(), np.int64)  # faster than counting in NumPy


def _look(image: str) -> tuple[tuple[float | str, ...], tuple[float, ...], NDArray[np.uint8]]:
    path = Path(image)
    pixels = read_picture(path).pixels
    return _header(path), _brightness(pixels), to_square(pixels, SIDE, "stretch")


def _header(path: Path) -> tuple[float | str, ...]:
    size = path.stat().st_size
    with Image.open(path) as image:
        tables = getattr(image, "quantization", {})
        return (
            *(size, size / (image.width * image.height), image.format or "", image.mode),
            *(len(image.info), len(image.getexif()), len(tables)),
            *(sum(sum(one) for one in tables.values()), "progressive" in image.info),
        )


def _brightness(pixels: NDArray[np.uint8]) -> tuple[float, ...]:
    shares = grey_values(pixels) / pixels.size
    grey = np.arange(256)
    mean = float(shares @ grey)
    spread = math.sqrt(max(float(shares @ grey**2) - mean**2, 0))
    median = int((shares.cumsum() < 0.5).sum())
    return mean, spread, median, int(np.flatnonzero(shares)[-1]), float(shares[0])
