"""How alike the candidates are in their detail: as they lie, and with what both show laid over itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainmtl.data.copies.alignment import align
from brainmtl.data.copies.candidates import Candidates
from brainmtl.data.copies.likeness import correlation, detail
from brainmtl.data.copies.orientation import ORIENTATIONS
from brainmtl.data.copies.resample import Floats, cut
from brainmtl.data.copies.thumbnails import SIDE, Thumbnails
from brainmtl.imaging.threads import threads

SAME = 0.97
"""Likeness from which two pictures show one slice; neighbours in BRISC reach .95, in phantoms .968."""
SMALL = 2 * SIDE
"""A slice with a side of fewer pixels than this is small: its thumbnail averages too few of them to even out
what recompressing did to each."""
LYING_SMALL = 0.94
"""Where one of two pictures is small, likeness as they lie from which they show one slice. As they lie,
neighbours are less alike than laid over one another: in phantoms they reach .85, in BRISC one pair .954 and
the next .935 …"""
OVERLAID_SMALL = 0.98
"""… and laid over one another; two slices of one small phantom reach .976."""
SMALLEST = 80
"""Slices with a side of fewer pixels than this may have recompressed copies that are not found."""
BLOCK = 256


def verify(
    ours: Thumbnails,
    theirs: Thumbnails,
    candidates: Candidates,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[Floats, Floats]:
    """Compare candidates in their detail.

    Args:
        ours: the pictures of ``candidates.a``.
        theirs: those of ``candidates.b``.
        candidates: pairs.
        progress: called with the number of pairs done.

    Returns:
        Two float32 ``(P,)``, −1 to 1: likeness of the whole pictures as they lie; and the better of that and
        the likeness of what both show, laid over itself. :func:`show_one` says what they mean.
    """
    mine = detail(ours.pixels)
    others = mine if theirs is ours else detail(theirs.pixels)

    def look(start: int) -> tuple[Floats, Floats]:
        return _verify(ours, theirs, mine, others, candidates.part(slice(start, start + BLOCK)))

    starts = range(0, len(candidates), BLOCK)
    lying, overlaid = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    with threads() as pool:
        for start, (one, best) in zip(starts, pool.map(look, starts), strict=True):
            lying.append(one)
            overlaid.append(best)
            progress(start + len(one))
    return np.concatenate(lying), np.concatenate(overlaid)


def show_one(
    ours: Thumbnails, theirs: Thumbnails, candidates: Candidates, lying: Floats, overlaid: Floats
) -> NDArray[np.bool_]:
    """Which candidates show one slice.

    Args:
        ours: the pictures of ``candidates.a``.
        theirs: those of ``candidates.b``.
        candidates: pairs.
        lying: their likeness as they lie, from :func:`verify`.
        overlaid: their likeness with what both show laid over itself.

    Returns:
        bool ``(P,)``.
    """
    small = np.minimum(ours.sides[candidates.a], theirs.sides[candidates.b]) < SMALL
    of_small = (lying >= LYING_SMALL) | (overlaid >= OVERLAID_SMALL)
    return np.asarray(np.where(small, of_small, overlaid >= SAME))


def _verify(
    ours: Thumbnails,
    theirs: Thumbnails,
    mine: NDArray[np.int8],
    others: NDArray[np.int8],
    pairs: Candidates,
) -> tuple[Floats, Floats]:
    lying = correlation(_laid(mine[pairs.a], pairs), others[pairs.b])
    best, rows = lying.copy(), np.flatnonzero(lying < SAME)
    if rows.size:
        rest = pairs.part(rows)
        a = _laid(ours.pixels[rest.a], rest).astype(np.float32)
        b = theirs.pixels[rest.b].astype(np.float32)
        start = np.tile(np.array([0, 1, 0, 1], np.float32), (len(rest), 1))
        start[rest.of_heads] = _between(_laid_boxes(ours.boxes[rest.a], rest), theirs.boxes[rest.b])[
            rest.of_heads
        ]
        part, agree = align(a, b, start)
        best[rows[agree]] = np.maximum(lying[rows[agree]], _overlaid(a[agree], b[agree], part[agree]))
    return lying, best


def _laid(pictures: NDArray[Any], pairs: Candidates) -> NDArray[Any]:
    """The pictures ``a``, each laid as ``b`` lies."""
    for number in np.unique(pairs.orientation):
        rows = pairs.orientation == number
        pictures[rows] = ORIENTATIONS[number].turn(pictures[rows])
    return pictures


def _laid_boxes(boxes: Floats, pairs: Candidates) -> Floats:
    for number in np.unique(pairs.orientation):
        rows = pairs.orientation == number
        boxes[rows] = ORIENTATIONS[number].turn_box(boxes[rows])
    return boxes


def _between(a: Floats, b: Floats) -> Floats:
    """The part of ``a``'s picture that ``b``'s picture shows, if the heads are one."""
    found = np.empty_like(a)
    for first in (0, 2):
        scale = (a[:, first + 1] - a[:, first]) / (b[:, first + 1] - b[:, first])
        found[:, first] = a[:, first] - scale * b[:, first]
        found[:, first + 1] = found[:, first] + scale
    return found


def _overlaid(a: Floats, b: Floats, boxes: Floats) -> Floats:
    """Likeness of what both show."""
    size, first = boxes[:, 1::2] - boxes[:, ::2], boxes[:, ::2]
    low, high = np.maximum(first, 0), np.minimum(boxes[:, 1::2], 1)
    mine = np.stack([low, high], axis=2).reshape(-1, 4)
    theirs = np.stack([(low - first) / size, (high - first) / size], axis=2).reshape(-1, 4)
    return correlation(detail(cut(a, mine, SIDE)), detail(cut(b, theirs, SIDE)))
