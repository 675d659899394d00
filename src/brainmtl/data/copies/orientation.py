"""The eight ways to lay a picture: mirrored, flipped and turned by quarters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Orientation:
    """One of the eight symmetries of the square: a transposition, then reflections.

    Attributes:
        name: as it stands in tables.
        transpose: rows and columns swap first.
        flip: then up and down swap.
        mirror: then left and right swap.
    """

    name: str
    transpose: bool
    flip: bool
    mirror: bool

    def turn(self, pictures: NDArray[Any]) -> NDArray[Any]:
        """Lay pictures this way.

        Args:
            pictures: ``(…, H, W)``.

        Returns:
            A view, ``(…, H, W)``, or ``(…, W, H)`` where it transposes.
        """
        if self.transpose:
            pictures = pictures.swapaxes(-1, -2)
        return pictures[..., :: -1 if self.flip else 1, :: -1 if self.mirror else 1]

    def turn_box(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where a part of a picture lies once the picture is laid this way.

        Args:
            boxes: float32 ``(…, 4)``: top, bottom, left, right, as shares of height and width, 0 to 1.

        Returns:
            float32 ``(…, 4)``.
        """
        top, bottom, left, right = np.moveaxis(boxes, -1, 0)
        if self.transpose:
            top, bottom, left, right = left, right, top, bottom
        if self.flip:
            top, bottom = 1 - bottom, 1 - top
        if self.mirror:
            left, right = 1 - right, 1 - left
        return np.stack([top, bottom, left, right], axis=-1)


ORIENTATIONS = (
    Orientation("none", False, False, False),
    Orientation("mirror", False, False, True),
    Orientation("flip", False, True, False),
    Orientation("rot180", False, True, True),
    Orientation("rot90", True, True, False),
    Orientation("rot270", True, False, True),
    Orientation("transpose", True, False, False),
    Orientation("transverse", True, True, True),
)
"""Left-right, up-down, and quarter turns counter-clockwise as :func:`numpy.rot90` counts them."""

BACK = np.array([0, 1, 2, 3, 5, 4, 6, 7], np.int8)
"""Number of an orientation → number of the one that undoes it."""
