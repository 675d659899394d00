"""Sizes of a tumour on its slice."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


def longest_diameter(mask: NDArray[np.bool_], pixel: tuple[float, float] = (1.0, 1.0)) -> float | None:
    """Measure the longest diameter of any one lesion on a slice, from outer edge to outer edge.

    A lesion is a set of pixels that touch by side or corner. Its outline goes through the middles of the
    pixels' outer sides (Feret's greatest diameter of the half-way contour), so that a row of n pixels is n
    long. Written with NumPy alone: it runs on single pictures, where loading SciPy would take longer than
    the prediction.

    Args:
        mask: bool ``(H, W)``.
        pixel: height and width of a pixel, in mm or any unit.

    Returns:
        The diameter in the pixel's unit; ``None`` on a slice without tumour.
    """
    diameters = [_diameter(runs, pixel) for runs in _lesions(mask)]
    return max(diameters, default=None)


def measured(value: float | None) -> float | None:
    """A measurement as it stands in a row: to the thousandth."""
    return None if value is None else round(value, 3)


def _lesions(mask: NDArray[np.bool_]) -> Iterable[list[tuple[int, int, int]]]:
    """Lesions as runs of pixels: row, first column, one past the last."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    stops = np.nonzero(edges == -1)[1]
    runs = list(zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True))
    parents = list(range(len(runs)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = run = parents[parents[run]]
        return run

    above = 0
    for below, (row, start, stop) in enumerate(runs):
        while runs[above][0] < row - 1 or (runs[above][0] == row - 1 and runs[above][2] < start):
            above += 1
        touching = above
        while runs[touching][0] == row - 1 and runs[touching][1] <= stop:
            parents[root(below)] = root(touching)
            touching += 1
    lesions: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for run, pixels in enumerate(runs):
        lesions[root(run)].append(pixels)
    return lesions.values()


def _diameter(runs: list[tuple[int, int, int]], pixel: tuple[float, float]) -> float:
    sides = {(float(row), edge) for row, start, stop in runs for edge in (start - 0.5, stop - 0.5)}
    for row, start, stop in runs:
        for column in (start, stop - 1):
            sides |= {(row - 0.5, float(column)), (row + 0.5, float(column))}
    hull = np.array(_hull(sorted(sides))) * pixel
    return float(np.sqrt(((hull[:, None] - hull[None]) ** 2).sum(axis=2).max()))


def _hull(points: list[Point]) -> list[Point]:
    """Convex hull of sorted points (Andrew 1979, monotone chain)."""
    return _chain(points)[:-1] + _chain(points[::-1])[:-1]


def _chain(points: list[Point]) -> list[Point]:
    chain: list[Point] = []
    for point in points:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(origin: Point, one: Point, other: Point) -> float:
    return (one[0] - origin[0]) * (other[1] - origin[1]) - (one[1] - origin[1]) * (other[0] - origin[0])
