"""A mask drawn over its slice."""

import numpy as np
from numpy.typing import NDArray

MASK_COLOUR = (230, 159, 0)
TRUTH_COLOUR = (86, 180, 233)
"""Orange and sky blue, told apart by colour-blind eyes (Okabe and Ito 2008, Color Universal Design)."""
OPACITY = 0.35
OUTLINE_SHARE = 1 / 400
"""Width of an outline, as a share of the slice's longer side; at least one pixel."""


def draw_overlay(
    pixels: NDArray[np.uint8], mask: NDArray[np.bool_], truth: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Draw a mask over its slice: a translucent fill inside an outline.

    Args:
        pixels: grey slice, uint8 ``(H, W)``.
        mask: bool ``(H, W)``, filled and outlined in orange.
        truth: bool ``(H, W)``, outlined in blue above the mask.

    Returns:
        RGB, uint8 ``(H, W, 3)``; equal to the slice wherever neither lies.
    """
    canvas = np.repeat(pixels[..., None], 3, axis=2)
    filled = (1 - OPACITY) * canvas[mask] + OPACITY * np.array(MASK_COLOUR)
    canvas[mask] = np.rint(filled).astype(np.uint8)
    width = max(1, round(max(pixels.shape) * OUTLINE_SHARE))
    canvas[_outline(mask, width)] = MASK_COLOUR
    if truth is not None:
        canvas[_outline(truth, width)] = TRUTH_COLOUR
    return canvas


def _outline(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    core = mask
    for _ in range(width):
        padded = np.pad(core, 1)
        core = core & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~core
