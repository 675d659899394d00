"""How alike two small pictures are in their detail: what tells the same slice from its neighbour.

Neighbouring slices share the head's outline and brightness, so thumbnails correlate above .97. Without the
coarse part (a difference of Gaussians) and with the contrast evened out, the same slice keeps a correlation
above .97 through JPEG at quality 15, halving and brightening, and neighbouring slices of BRISC reach .95.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from brainmtl.data.copies.resample import Floats
from brainmtl.data.copies.thumbnails import SIDE

FINEST, COARSEST, REACH = 0.5, 2.0, 3.0
"""Standard deviations, in pixels of 64 a side: of the two Gaussians, and of that which measures contrast."""
FLAT = 0.5
"""Contrast is evened out down to this share of its mean; below it lies noise."""
SCALE = 32 * SIDE
"""Detail is kept as whole numbers with a standard deviation of 32, cut at 127."""
BLOCK = 256


def _blur(sigma: float) -> Floats:
    return np.asarray(gaussian_filter1d(np.eye(SIDE), sigma, axis=0, mode="nearest"), np.float32)


_FINE, _COARSE, _WIDE = (_blur(sigma) for sigma in (FINEST, COARSEST, REACH))


def detail(pictures: NDArray[np.uint8] | Floats) -> NDArray[np.int8]:
    """The fine part of pictures, its contrast evened out.

    Args:
        pictures: ``(P, 64, 64)``, grey.

    Returns:
        int8 ``(P, 64, 64)`` of mean about 0 and standard deviation about 32; zeros for a blank picture.
    """
    found = np.empty(pictures.shape, np.int8)
    for start in range(0, len(pictures), BLOCK):
        grey = pictures[start : start + BLOCK].astype(np.float32)
        band = _FINE @ grey @ _FINE.T - _COARSE @ grey @ _COARSE.T
        energy = _WIDE @ (band * band) @ _WIDE.T
        mean = np.sqrt((band * band).mean(axis=(1, 2), keepdims=True))
        band /= np.sqrt(np.maximum(energy, 0)) + np.maximum(FLAT * mean, 1e-3)
        band -= band.mean(axis=(1, 2), keepdims=True)
        length = np.sqrt((band * band).sum(axis=(1, 2), keepdims=True))
        found[start : start + BLOCK] = np.clip(np.rint(band * (SCALE / np.maximum(length, 1.0))), -127, 127)
    return found


def correlation(a: NDArray[np.int8], b: NDArray[np.int8]) -> Floats:
    """Correlation of each picture's detail with its partner's.

    Args:
        a: int8 ``(P, 64, 64)`` from :func:`detail`.
        b: int8 ``(P, 64, 64)``.

    Returns:
        float32 ``(P,)``, −1 to 1; 0 for a blank picture.
    """
    left, right = (each.astype(np.float32).reshape(len(each), SIDE * SIDE) for each in (a, b))
    length = np.sqrt(np.einsum("pi,pi->p", left, left) * np.einsum("pi,pi->p", right, right))
    return np.asarray(np.einsum("pi,pi->p", left, right) / np.maximum(length, 1.0), np.float32)
