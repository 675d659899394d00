"""A scan: parallel slices, ready for a network, and their place in the patient."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brainmtl.imaging.view import View


@dataclass(frozen=True)
class Place:
    """Where a slice lies in its file.

    Attributes:
        file: the file.
        sha256: of the file.
        frame: which frame of a multi-frame DICOM file, counted from 1 as DICOM does; ``None`` elsewhere.
        modality: as DICOM states it; ``None`` where it says nothing, or ``OT``, other.
        colour: share of its surface that is coloured, 0 to 1.
        warnings: what the user should know about this slice.
    """

    file: Path
    sha256: str
    frame: int | None = None
    modality: str | None = None
    colour: float = 0.0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Volume:
    """A stack of parallel slices.

    Attributes:
        grey: uint8 ``(D, H, W)``, every slice upright.
        view: how the stored slices became upright.
        places: one a slice.
        pixel_mm: height and width of an upright pixel in mm; ``None`` where the file does not say.
        affine: ``(4, 4)``; takes a *stored* (slice, row, column, 1) to mm in DICOM's axes (x to the patient's
            left, y to the back, z to the head). ``None`` where the slices have no known place or do not lie
            evenly one on another, so that they enclose no volume.
        axis: which axis of the file's own array the slices were cut along (NIfTI).
        unread: how many slices of the stack could not be read, and are not among these.
        warnings: what the user should know about the scan.
    """

    grey: NDArray[np.uint8]
    view: View
    places: tuple[Place, ...]
    pixel_mm: tuple[float, float] | None = None
    affine: NDArray[np.float64] | None = None
    axis: int = 0
    unread: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def voxel_ml(self) -> float | None:
        """Volume of a voxel in millilitres."""
        return None if self.affine is None else float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000

    @property
    def step_mm(self) -> float | None:
        """From one slice to the next, in mm, along the slices' normal."""
        if self.affine is None:
            return None
        area = float(np.linalg.norm(np.cross(self.affine[:3, 1], self.affine[:3, 2])))
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / area
