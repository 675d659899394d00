"""Mask files: tumour where a pixel is brighter than 127."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainmtl.errors import InputError
from brainmtl.imaging.picture import read_picture, write_picture

THRESHOLD = 127
"""BRISC's masks hold 0–10 and 246–255: ``> 0`` would inflate the tumour."""


def read_mask(path: Path, shape: tuple[int, int] | None = None) -> NDArray[np.bool_]:
    """Read a mask.

    Args:
        path: a picture file, bright where there is tumour.
        shape: the slice's ``(H, W)``, which the mask must share.

    Returns:
        bool ``(H, W)``.

    Raises:
        InputError: not a readable picture, or of another size than the slice.
    """
    pixels = read_picture(path).pixels
    if shape is not None and pixels.shape != shape:
        raise InputError(
            f"the mask is {pixels.shape[1]}×{pixels.shape[0]}, its slice {shape[1]}×{shape[0]}",
            where=path,
            field="mask",
            mend="save the mask at the size of its slice",
        )
    return pixels > THRESHOLD


def write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write a mask as a PNG of 0 and 255.

    Args:
        path: where to.
        mask: bool ``(H, W)``.

    Raises:
        InputError: the file cannot be written.
    """
    write_picture(path, mask.astype(np.uint8) * 255)
