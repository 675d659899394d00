"""Lesions: the connected components of a stack of masks, as runs of pixels.

Written with NumPy alone: they are found on single pictures too, where loading SciPy would take longer than
the prediction, and it weighs more than all else that a prediction needs but ONNX Runtime.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Components:
    """The runs of a stack's marked pixels, in the order in which they lie in memory.

    Attributes:
        slices: ``(R,)``, on which slice each run is.
        rows: ``(R,)``, on which row of it.
        starts: ``(R,)``, its first column.
        stops: ``(R,)``, one past its last column.
        numbers: ``(R,)``, of the component that it belongs to, from 0.
        count: how many components there are.
    """

    slices: Integers
    rows: Integers
    starts: Integers
    stops: Integers
    numbers: Integers
    count: int


def find_components(masks: NDArray[np.bool_]) -> Components:
    """Find what hangs together in a stack of masks, through sides, edges and corners.

    Args:
        masks: bool ``(D, H, W)``; a single slice is a stack of one.

    Returns:
        Its components.
    """
    _, height, width = masks.shape
    padded = np.zeros((len(masks), height + 1, width + 1), np.int8)  # so that no run goes on in the next row
    padded[:, :height, :width] = masks
    steps = np.diff(padded.ravel(), prepend=0)
    starts, stops = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    row = width + 1
    slice_ = row * (height + 1)
    before = (row, slice_ - row, slice_, slice_ + row)  # the rows that touch a row and lie before it
    roots = np.arange(len(starts))
    for distance in before:
        roots = _join(roots, *_touching(starts, stops, distance))
    firsts, numbers = np.unique(roots, return_inverse=True)
    slices, within = np.divmod(starts, slice_)
    rows, columns = np.divmod(within, row)
    return Components(slices, rows, columns, columns + stops - starts, numbers, len(firsts))


def _touching(starts: Integers, stops: Integers, distance: int) -> tuple[Integers, Integers]:
    """Pairs of runs, the second in the row that lies ``distance`` pixels before the first's, that touch."""
    first = np.searchsorted(stops, starts - distance, "left")
    last = np.searchsorted(starts, stops - distance, "right")
    many = np.maximum(last - first, 0)
    ones = np.repeat(np.arange(len(starts)), many)
    others = np.arange(len(ones)) - np.repeat(np.cumsum(many) - many - first, many)
    return ones, others


def _join(roots: Integers, ones: Integers, others: Integers) -> Integers:
    """Join what edges connect (after Shiloach and Vishkin, J Algorithms 3:57, 1982).

    Args:
        roots: ``(R,)``, the earliest node that each node is known to hang together with.
        ones: ``(E,)``, one end of each edge.
        others: ``(E,)``, the other end.

    Returns:
        The roots, ``(R,)``, with the edges.
    """
    while True:
        ones, others = roots[ones], roots[others]
        apart = ones != others
        if not apart.any():
            return roots
        ones, others = ones[apart], others[apart]
        np.minimum.at(roots, np.maximum(ones, others), np.minimum(ones, others))
        while (roots != (further := roots[roots])).any():
            roots = further
