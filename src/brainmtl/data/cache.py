"""Decoded slices as memory-mapped arrays: decode once, reopen in milliseconds."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.mask import read_mask
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.square import Fit, to_square

VERSION = 1


@dataclass(frozen=True)
class Cache:
    """The slices of a manifest on a square, in its order.

    Attributes:
        images: uint8 ``(N, S, S)``, memory-mapped.
        masks: uint8 ``(N, S, S)``, the share of each pixel that is tumour × 255; zeros where there is no mask.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]


def cache_home() -> Path:
    """The folder for caches: ``$BRAINMTL_CACHE``, or ``brainmtl`` in the user's cache folder."""
    named = os.environ.get("BRAINMTL_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "brainmtl"


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
        InputError: a file cannot be read, a mask is of another size than its slice, or the folder cannot be
            written. Nothing half-built is left.
    """
    folder = (home or cache_home()) / _key(table, size, fit)
    if not folder.exists():
        _build(table, size, fit, folder, progress)
    return Cache(np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "masks.npy", mmap_mode="r"))


def _key(table: pd.DataFrame, size: int, fit: Fit) -> str:
    content = json.dumps(
        [VERSION, size, fit, table["sha256"].tolist(), table["mask_sha256"].fillna("").tolist()]
    )
    return f"{size}-{fit}-{hashlib.sha256(content.encode()).hexdigest()[:20]}"


def _build(table: pd.DataFrame, size: int, fit: Fit, folder: Path, progress: Callable[[int], None]) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        shape = (len(table), size, size)
        images = np.lib.format.open_memmap(temporary / "images.npy", "w+", np.uint8, shape)
        masks = np.lib.format.open_memmap(temporary / "masks.npy", "w+", np.uint8, shape)

        def fill(row: int, image: str, mask: str | None) -> None:
            pixels = read_picture(Path(image)).pixels
            images[row] = to_square(pixels, size, fit)
            if mask is not None:
                marked = read_mask(Path(mask), pixels.shape)
                masks[row] = to_square(marked.astype(np.uint8) * 255, size, fit)

        named = [None if pd.isna(path) else str(path) for path in table["mask"]]
        with ThreadPoolExecutor() as pool:
            jobs = [pool.submit(fill, row, *paths) for row, paths in enumerate(zip(table["image"], named, strict=True))]
            try:
                for done, job in enumerate(jobs, start=1):
                    job.result()
                    progress(done)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        images.flush()
        masks.flush()
        del images, masks
        try:
            temporary.replace(folder)
        except OSError:
            if not folder.exists():
                raise
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> InputError:
    return InputError(
        f"the cache cannot be written: {error.strerror or error}",
        where=folder.parent,
        mend="name another folder in BRAINMTL_CACHE, on a disk with room",
    )
