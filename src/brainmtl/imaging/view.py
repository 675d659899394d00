"""Slices turned to how a radiologist looks at them, and back to how they are stored."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Plane = Literal["sagittal", "coronal", "axial"]
PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""By the axis (x, y or z) that a slice is most nearly perpendicular to."""
DISPLAY: dict[Plane, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "sagittal": ((0, 0, -1), (0, 1, 0)),
    "coronal": ((0, 0, -1), (1, 0, 0)),
    "axial": ((0, 1, 0), (1, 0, 0)),
}
"""Plane → where its rows and its columns lead on a radiologist's screen, in DICOM's axes (x to the patient's
left, y to the back, z to the head): the patient's right on the left, the face up or to the left, the head up.
It is how scanners store slices, and how BRISC's axial and coronal ones lie (its sagittal ones look either
way)."""


@dataclass(frozen=True)
class View:
    """How stored slices become upright: transposed first, then flipped; pixels are never resampled.

    Attributes:
        plane: the nearest anatomical plane; ``None`` where the file does not say how the patient lies.
        transpose: swap rows and columns.
        flip_rows: upside down.
        flip_columns: left for right.
    """

    plane: Plane | None = None
    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    def upright(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Turn slices, ``(..., H, W)`` as stored, upright."""
        turned = stored.swapaxes(-1, -2) if self.transpose else stored
        return self._flip(turned)

    def stored(self, upright: NDArray[Any]) -> NDArray[Any]:
        """Undo :meth:`upright`."""
        flipped = self._flip(upright)
        return flipped.swapaxes(-1, -2) if self.transpose else flipped

    def _flip(self, slices: NDArray[Any]) -> NDArray[Any]:
        rows = slice(None, None, -1 if self.flip_rows else None)
        columns = slice(None, None, -1 if self.flip_columns else None)
        return slices[..., rows, columns]


def radiological(down: NDArray[np.float64], right: NDArray[np.float64]) -> View:
    """Find the view of slices whose directions are known.

    Args:
        down: where a step to the next row leads, in DICOM's axes, ``(3,)``; any length.
        right: where a step to the next column leads, ``(3,)``.

    Returns:
        The nearest view; an oblique slice is turned by quarter turns and mirrored at most.
    """
    down, right = down / np.linalg.norm(down), right / np.linalg.norm(right)
    plane = PLANES[int(np.abs(np.cross(right, down)).argmax())]
    target_down, target_right = (np.array(direction, float) for direction in DISPLAY[plane])
    straight = abs(down @ target_down) + abs(right @ target_right)
    crossed = abs(right @ target_down) + abs(down @ target_right)
    transpose = bool(crossed > straight)
    if transpose:
        down, right = right, down
    return View(plane, transpose, bool(down @ target_down < 0), bool(right @ target_right < 0))
