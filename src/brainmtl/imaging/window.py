"""Measured values to the 8-bit grey that a network was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Curve = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
PERCENTILES = (0.1, 99.9)
TOP = 213
"""Training slices are pictures, min–max scaled by whoever exported them: on 200 of BRISC's the brightest
pixel is 255 and the 99.9th percentile 213 (median; quartiles 198 and 225). A scan without a window is
therefore scaled so that its own 99.9th percentile lies there: a single bright voxel darkens nothing, and an
enhancing tumour keeps its contrast up to 255."""
SAMPLE = 2_000_000
"""Voxels that percentiles are taken from, at most; evenly spread."""


@dataclass(frozen=True)
class Window:
    """Which values are shown from black to white.

    Attributes:
        centre: of the window, in the values' unit.
        width: of the window, above 0.
        curve: DICOM's VOI LUT function (PS3.3 C.11.2.1.2).
    """

    centre: float
    width: float
    curve: Curve = "LINEAR"

    @classmethod
    def between(cls, low: float, high: float) -> "Window":
        """From black at ``low`` to white at ``high``."""
        return cls((low + high) / 2, max(high - low, 1e-12), "LINEAR_EXACT")


def robust_window(slices: Sequence[NDArray[np.float32]], inverted: bool = False) -> Window:
    """Find a window for a scan that brings none, from all its slices together.

    Args:
        slices: arrays of any shape; what is not finite is left out.
        inverted: low values are bright.
    """
    stride = max(1, sum(values.size for values in slices) // SAMPLE)
    sample = np.concatenate([values.reshape(-1)[::stride] for values in slices])
    sign = -1 if inverted else 1
    sample = sample[np.isfinite(sample)].astype(np.float64) * sign
    low, high = np.percentile(sample, PERCENTILES) if sample.size else (0.0, 1.0)
    if high <= low:  # a scan of one value, or one whose few other values are bright
        low, high = (float(sample.min()), float(sample.max())) if sample.size else (0.0, 1.0)
    if high <= low:
        high = low + max(abs(low), 1.0)
    dark, bright = sign * float(low), sign * float(low + (high - low) * 255 / TOP)
    return Window.between(min(dark, bright), max(dark, bright))


def to_grey(values: NDArray[np.float32], window: Window, inverted: bool = False) -> NDArray[np.uint8]:
    """Show values through a window.

    Args:
        values: of a slice, any shape; what is not a number becomes black.
        window: what is black and what is white.
        inverted: low values are bright (DICOM's MONOCHROME1).

    Returns:
        uint8 of the same shape.
    """
    shares = _shares(values.astype(np.float64), window)
    grey = np.rint((1 - shares if inverted else shares) * 255)
    return np.where(np.isnan(grey), 0, grey).astype(np.uint8)


def _shares(values: NDArray[np.float64], window: Window) -> Any:
    centre, width = window.centre, window.width
    if window.curve == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    if window.curve == "LINEAR":
        centre, width = centre - 0.5, max(width - 1, 1e-12)
    return np.clip((values - centre) / width + 0.5, 0, 1)
