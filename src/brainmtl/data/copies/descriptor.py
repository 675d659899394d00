"""A short vector a picture, in which a mirrored or turned picture is found by changing signs.

The low frequencies of the discrete cosine transform: mirroring negates the odd columns, flipping the odd
rows, and transposing transposes.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from brainmtl.data.copies.orientation import Orientation
from brainmtl.data.copies.resample import Floats, cut
from brainmtl.data.copies.thumbnails import SIDE, Thumbnails

FREQUENCIES = 12
"""Along each axis."""
LENGTH = FREQUENCIES**2

_COSINES = np.asarray(dct(np.eye(SIDE), axis=0, norm="ortho")[:FREQUENCIES], np.float32)
_ORDER = np.arange(FREQUENCIES, dtype=np.float32)
_WEIGHT = np.asarray((_ORDER[:, None] ** 2 + _ORDER**2) ** 0.25, np.float32)  # 0 for the mean brightness
_SIGNS = (-1.0) ** _ORDER


def describe(thumbnails: Thumbnails, of_heads: bool = False) -> Floats:
    """Describe pictures.

    Args:
        thumbnails: of N slices.
        of_heads: the part that holds the head, whatever margin it has; otherwise the whole picture, whatever
            is found in it.

    Returns:
        float32 ``(N, 144)`` of length 1, so that a dot product is a correlation; zeros for a blank picture.
    """
    found = np.empty((len(thumbnails), LENGTH), np.float32)
    for start in range(0, len(thumbnails), 1024):
        part = thumbnails.pixels[start : start + 1024].astype(np.float32)
        if of_heads:
            part = cut(part, thumbnails.boxes[start : start + 1024], SIDE)
        waves = (_COSINES @ part @ _COSINES.T) * _WEIGHT
        found[start : start + 1024] = waves.reshape(len(part), LENGTH)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-3), np.float32)


def turn(descriptors: Floats, orientation: Orientation) -> NDArray[np.float32]:
    """Describe pictures as they would be, laid another way.

    Args:
        descriptors: float32 ``(N, 144)`` from :func:`describe`.
        orientation: which way.

    Returns:
        float32 ``(N, 144)``.
    """
    waves = descriptors.reshape(-1, FREQUENCIES, FREQUENCIES)
    if orientation.transpose:
        waves = waves.swapaxes(1, 2)
    rows = _SIGNS if orientation.flip else np.ones(FREQUENCIES)
    columns = _SIGNS if orientation.mirror else np.ones(FREQUENCIES)
    return np.ascontiguousarray(waves * np.outer(rows, columns), np.float32).reshape(-1, LENGTH)
