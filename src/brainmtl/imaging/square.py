"""Slices of any shape to the network's square, and exactly back."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Fit = Literal["pad", "stretch"]


def to_square(pixels: NDArray[np.uint8], size: int, fit: Fit = "pad") -> NDArray[np.uint8]:
    """Bring a slice to ``size``×``size``.

    Args:
        pixels: uint8 ``(H, W)``.
        size: side of the square in pixels.
        fit: ``"pad"`` centres the slice on black and keeps its shape; ``"stretch"`` does not keep it (BRISC's
            healthy slices differ in shape, so stretching tells the class).

    Returns:
        uint8 ``(size, size)``, area-averaged where it shrinks.
    """
    if fit == "pad":
        side = max(pixels.shape)
        top, left = _margins(pixels.shape[0], pixels.shape[1])
        canvas = np.zeros((side, side), np.uint8)
        canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        pixels = canvas
    if pixels.shape == (size, size):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


def from_square(
    values: NDArray[np.float32], height: int, width: int, fit: Fit = "pad"
) -> NDArray[np.float32]:
    """Bring a map on the network's square back to the slice's own pixels; the inverse of :func:`to_square`.

    Args:
        values: float32 ``(size, size)``, e.g. mask probabilities.
        height: rows of the slice.
        width: columns of the slice.
        fit: as given to :func:`to_square`.

    Returns:
        float32 ``(height, width)``.
    """
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    box = (0.0, 0.0, float(image.width), float(image.height))
    if fit == "pad":
        (top, left), scale = _margins(height, width), image.width / max(height, width)
        box = (left * scale, top * scale, (left + width) * scale, (top + height) * scale)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, box=box))


def _margins(height: int, width: int) -> tuple[int, int]:
    side = max(height, width)
    return (side - height) // 2, (side - width) // 2
