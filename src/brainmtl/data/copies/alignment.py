"""Where in one picture another lies: scale and shift along each axis, by Gauss–Newton on many pairs at once.

Lucas and Kanade 1981, with a gain and an offset of brightness, from coarse to fine, for pictures that were
resized, cropped or padded. Pairs that do not come to agree are given up on the way.
"""

import numpy as np
from numpy.typing import NDArray

from brainmtl.data.copies.resample import Floats, cut

LEVELS = ((16, 4, 0.92), (32, 4, 0.945))
"""Pixels a side, steps there, and the correlation below which a pair is given up."""
STRETCH = (0.6, 1.67)
"""How much one picture may be scaled against the other."""
SHARED = 0.5
"""Of each side of each picture, this share must be in the other."""
RIDGE = 1e-3
"""Added to the diagonal of the normal equations, whose entries lie about 1."""


def align(a: Floats, b: Floats, boxes: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Find the part of ``a`` that ``b`` shows.

    Args:
        a: float32 ``(P, 64, 64)``, grey.
        b: float32 ``(P, 64, 64)``.
        boxes: float32 ``(P, 4)``, where to begin: top, bottom, left, right in ``a`` of what ``b`` shows, as
            shares of the sides; outside 0 to 1 where ``b`` shows more.

    Returns:
        float32 ``(P, 4)``, improved; and bool ``(P,)``, whether the two agree there.
    """
    boxes, agree = boxes.copy(), _possible(boxes)
    for side, steps, enough in LEVELS:
        rows = np.flatnonzero(agree)
        if rows.size == 0:
            break
        small, other, part = _shrink(a[rows], side), _shrink(b[rows], side), boxes[rows]
        for _ in range(steps):
            part += _step(small, other, part)
            part = np.where(_possible(part)[:, None], part, boxes[rows])
        boxes[rows] = part
        agree[rows] = _agreement(small, other, part) >= enough
    return boxes, agree


def _possible(boxes: Floats) -> NDArray[np.bool_]:
    """Whether a part is of a sensible size and the two pictures share enough."""
    size = boxes[:, 1::2] - boxes[:, ::2]
    common = np.minimum(boxes[:, 1::2], 1) - np.maximum(boxes[:, ::2], 0)
    sensible = np.isfinite(size) & (size >= STRETCH[0]) & (size <= STRETCH[1])
    return np.asarray((sensible & (common >= SHARED * np.maximum(size, 1))).all(axis=1))


def _shrink(pictures: Floats, side: int) -> Floats:
    while pictures.shape[-1] > side:
        above, below = pictures[:, ::2], pictures[:, 1::2]
        four = above[..., ::2] + above[..., 1::2] + below[..., ::2] + below[..., 1::2]
        pictures = np.asarray(four / 4, np.float32)
    small = pictures - pictures.mean(axis=(1, 2), keepdims=True)
    return np.asarray(small / np.maximum(small.std(axis=(1, 2), keepdims=True), 1e-3), np.float32)


def _both(boxes: Floats, side: int) -> Floats:
    """1 where a pixel of ``b`` lies in ``a``, the border left out, ``(P, side, side)``."""
    place = (np.arange(side, dtype=np.float32) + 0.5) / side
    inside = [
        np.abs(boxes[:, first, None] + place * (boxes[:, first + 1] - boxes[:, first])[:, None] - 0.5)
        <= 0.5 - 0.5 / side
        for first in (0, 2)
    ]
    return np.asarray(inside[0][:, :, None] & inside[1][:, None, :], np.float32)


def _step(a: Floats, b: Floats, boxes: Floats) -> Floats:
    """One step of Gauss–Newton, on what both pictures show."""
    side = a.shape[-1]
    place = (np.arange(side, dtype=np.float32) + 0.5) / side
    both, moved = _both(boxes, side), cut(a, boxes, side)
    size = (boxes[:, 1::2] - boxes[:, ::2])[:, :, None, None] / side
    down, across = np.gradient(moved, axis=1) / size[:, 0], np.gradient(moved, axis=2) / size[:, 1]
    columns = (
        down * (1 - place[:, None]),
        down * place[:, None],
        across * (1 - place),
        across * place,
        moved,
        np.ones_like(moved),
    )
    design = np.stack([(column * both).reshape(len(a), -1) for column in columns], axis=1)
    left = design @ design.swapaxes(1, 2) / side**2 + RIDGE * np.eye(6, dtype=np.float32)
    right = design @ ((b - moved) * both).reshape(len(a), -1, 1) / side**2
    return np.asarray(np.linalg.solve(left, right)[:, :4, 0], np.float32)


def _agreement(a: Floats, b: Floats, boxes: Floats) -> Floats:
    """Correlation over what both pictures show."""
    both, moved = _both(boxes, a.shape[-1]), cut(a, boxes, a.shape[-1])
    count = np.maximum(both.sum(axis=(1, 2), keepdims=True), 1)
    moved, fixed = (
        (each - (each * both).sum(axis=(1, 2), keepdims=True) / count) * both for each in (moved, b)
    )
    length = np.sqrt((moved**2).sum(axis=(1, 2)) * (fixed**2).sum(axis=(1, 2)))
    return np.asarray((moved * fixed).sum(axis=(1, 2)) / np.maximum(length, 1e-6), np.float32)
