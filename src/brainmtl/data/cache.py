"""Decoded slices as memory-mapped arrays: decode once, reopen in milliseconds."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.data.folder import whole_folder
from brainmtl.errors import InputError
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import Fit, to_square
from brainmtl.imaging.threads import threads

VERSION = 2


@dataclass(frozen=True)
class Cache:
    """The slices of a manifest on a square, in its order.

    Attributes:
        images: uint8 ``(N, S, S)``, memory-mapped.
        masks: uint8 ``(N, S, S)``, the share of each pixel that is tumour × 255; zeros where there is no
            mask.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]


def cache_home() -> Path:
    """The folder for caches: ``$BRAINMTL_CACHE``, or ``brainmtl`` in the user's cache folder."""
    if named := os.environ.get("BRAINMTL_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "brainmtl"


def open_cache(
    table: pd.DataFrame,
    size: int,
    fit: Fit = "pad",
    home: Path | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Cache:
    """Open the cache of a manifest, building it first where it does not exist.

    Args:
        table: a manifest.
        size: side of the square in pixels.
        fit: how a slice is made square.
        home: the folder of all caches; default :func:`cache_home`.
        progress: called with the number of slices done while it is built.

    Raises:
        InputError: a file cannot be read, a mask is of another size than its slice, the folder cannot be
            written, or a cache in it is damaged. Nothing half-built is left.
    """
    folder = (home or cache_home()) / _key(table, size, fit)
    if not folder.exists():
        with whole_folder(folder, "name another folder in BRAINMTL_CACHE, on a disk with room") as temporary:
            _fill(temporary, table, size, fit, progress)
    try:
        images, masks = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "masks"))
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"the cache is damaged: {error}", where=folder, mend="remove it") from error
    return Cache(images, masks)


def _key(table: pd.DataFrame, size: int, fit: Fit) -> str:
    content = json.dumps(
        [VERSION, size, fit, table["sha256"].tolist(), table["mask_sha256"].fillna("").tolist()]
    )
    return f"{size}-{fit}-{hashlib.sha256(content.encode()).hexdigest()[:20]}"


def _fill(folder: Path, table: pd.DataFrame, size: int, fit: Fit, progress: Callable[[int], None]) -> None:
    masks = [None if pd.isna(path) else str(path) for path in table["mask"]]
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(table), size, size)}
    with (
        (folder / "images.npy").open("wb") as image_file,
        (folder / "masks.npy").open("wb") as mask_file,
        threads() as pool,
    ):
        # Written, not memory-mapped: on a full disk a map kills the process, and a write raises.
        np.lib.format.write_array_header_1_0(image_file, header)
        np.lib.format.write_array_header_1_0(mask_file, header)
        squares = pool.map(lambda image, mask: _squares(image, mask, size, fit), table["image"], masks)
        for done, (pixels, marked) in enumerate(squares, start=1):
            image_file.write(pixels.tobytes())
            mask_file.write(marked.tobytes())
            progress(done)


def _squares(
    image: str, mask: str | None, size: int, fit: Fit
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    pixels = read_picture(Path(image)).pixels
    if mask is None:
        return to_square(pixels, size, fit), np.zeros((size, size), np.uint8)
    marked = read_mask(Path(mask), (pixels.shape[0], pixels.shape[1])).astype(np.uint8) * 255
    return to_square(pixels, size, fit), to_square(marked, size, fit)
