"""Tumour that one slice shows and its neighbours do not."""

import math

import numpy as np
from numpy.typing import NDArray

from brainmtl.imaging.components import find_components

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
    if len(masks) < 3:
        return masks
    lesions = find_components(masks)
    first, last = np.full(lesions.count, len(masks)), np.zeros(lesions.count, int)
    np.minimum.at(first, lesions.numbers, lesions.slices)
    np.maximum.at(last, lesions.numbers, lesions.slices)
    needed = max(MIN_SLICES, math.ceil(MIN_EXTENT_MM / step_mm - 1e-6))
    kept = (last - first >= needed - 1) | (first == 0) | (last == len(masks) - 1)
    after = np.zeros_like(masks)
    after[masks] = np.repeat(kept[lesions.numbers], lesions.stops - lesions.starts)  # runs lie in this order
    return after
