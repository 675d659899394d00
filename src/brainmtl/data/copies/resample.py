"""Many small pictures resampled at once: scaling and shifting along the axes is two products of matrices."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def sampling(low: Floats, high: Floats, source: int, target: int) -> Floats:
    """Matrices that resample the part ``low`` to ``high`` of a side.

    Args:
        low: float32 ``(P,)``, where the part begins, as a share of the side.
        high: float32 ``(P,)``, where it ends.
        source: pixels of the side.
        target: pixels to resample to.

    Returns:
        float32 ``(P, target, source)``: cubic convolution (Keys 1981), widened where it shrinks; the border
        pixel goes on outside.
    """
    step = (high - low)[:, None] * (source / target)
    centres = low[:, None] * source + (np.arange(target, dtype=np.float32) + 0.5) * step - 0.5
    away = np.abs(np.clip(centres, 0, source - 1)[:, :, None] - np.arange(source, dtype=np.float32))
    away /= np.maximum(1, step)[:, :, None]
    near, far = (1.5 * away - 2.5) * away**2 + 1, ((-0.5 * away + 2.5) * away - 4) * away + 2
    weight = np.where(away < 1, near, np.where(away < 2, far, 0))
    return np.asarray(weight / weight.sum(axis=2, keepdims=True), np.float32)


def cut(pictures: Floats, boxes: Floats, side: int) -> Floats:
    """Cut a part out of each picture and bring it to a square.

    Args:
        pictures: float32 ``(P, S, S)``.
        boxes: float32 ``(P, 4)``: top, bottom, left, right, as shares of the sides.
        side: pixels a side of the result.

    Returns:
        float32 ``(P, side, side)``.
    """
    source = pictures.shape[-1]
    down = sampling(boxes[:, 0], boxes[:, 1], source, side)
    across = sampling(boxes[:, 2], boxes[:, 3], source, side)
    return np.asarray(down @ pictures @ across.swapaxes(1, 2), np.float32)
