"""Tumour that one slice shows and its neighbours do not."""

import math

import numpy as np
from numpy.typing import NDArray

MIN_SLICES = 2
MIN_EXTENT_MM = 5.0
"""A network that looks at single slices now and then paints one alone. A lesion is kept if it goes through
two slices or more, and, where slices are thin, through 5 mm of them: half of what counts as measurable (10
mm, RECIST 1.1, Eisenhauer et al. 2009)."""


def drop_stray(masks: NDArray[np.bool_], step_mm: float) -> NDArray[np.bool_]:
    """Drop lesions that do not go through enough slices.

    Lesions are the connected components of the stack, through sides, edges and corners. One that reaches the
    first or the last slice is kept, for it may go on outside; so is everything in stacks of fewer than three.

    Args:
        masks: bool ``(D, H, W)``, slices in their order in space.
        step_mm: from slice to slice.

    Returns:
        bool ``(D, H, W)``; a subset.
    """
    from scipy import ndimage

    if len(masks) < 3:
        return masks
    lesions, count = ndimage.label(masks, np.ones((3, 3, 3), bool))
    needed = max(MIN_SLICES, math.ceil(MIN_EXTENT_MM / step_mm - 1e-6))
    kept = np.zeros(count + 1, bool)
    for number, place in enumerate(ndimage.find_objects(lesions), start=1):
        first, last = place[0].start, place[0].stop
        kept[number] = last - first >= needed or first == 0 or last == len(masks)
    return np.asarray(kept[lesions])
