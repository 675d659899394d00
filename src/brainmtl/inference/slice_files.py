"""The files that are written of one slice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainmtl.imaging.mask import write_mask
from brainmtl.imaging.overlay import draw_overlay
from brainmtl.imaging.picture import write_picture
from brainmtl.inference.inputs import MASKS, OVERLAYS, PICTURES, PROBABILITIES
from brainmtl.inference.result import Result


def write_slice(
    result: Result, pixels: NDArray[np.uint8], out: Path, name: str, *, overlay: bool, view: bool
) -> Result:
    """Write a slice's mask, and what else is asked for.

    Args:
        result: of the slice, with ``mask_pixels`` and ``mask_probabilities`` where the network has a mask.
        pixels: the slice as it is shown, uint8 ``(H, W)``.
        out: the output folder.
        name: what the files are called, without a suffix.
        overlay: draw the overlay.
        view: write what a viewer draws for itself: the slice, and its mask probabilities.

    Returns:
        The result with the files' paths, and without its arrays.

    Raises:
        InputError: the output folder cannot be written.
    """
    file = f"{name}.png"
    if view:
        write_picture(out / PICTURES / file, pixels)
        result = replace(result, picture=f"{PICTURES}/{file}")
    if view and result.mask_probabilities is not None:
        write_picture(out / PROBABILITIES / file, result.mask_probabilities)
        result = replace(result, mask_probability=f"{PROBABILITIES}/{file}")
    if result.mask_pixels is not None:
        write_mask(out / MASKS / file, result.mask_pixels)
        result = replace(result, mask=f"{MASKS}/{file}")
    if overlay and result.mask_pixels is not None:
        write_picture(out / OVERLAYS / file, draw_overlay(pixels, result.mask_pixels))
        result = replace(result, overlay=f"{OVERLAYS}/{file}")
    return result
