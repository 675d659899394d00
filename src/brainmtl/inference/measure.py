"""Sizes of a tumour on its slice."""

import numpy as np
from numpy.typing import NDArray

from brainmtl.imaging.components import find_components

Point = tuple[float, float]


def longest_diameter(mask: NDArray[np.bool_], pixel: tuple[float, float] = (1.0, 1.0)) -> float | None:
    """Measure the longest diameter of any one lesion on a slice, from outer edge to outer edge.

    A lesion is a set of pixels that touch by side or corner. Its outline goes through the middles of the
    pixels' outer sides (Feret's greatest diameter of the half-way contour), so that a row of n pixels is n
    long.

    Args:
        mask: bool ``(H, W)``.
        pixel: height and width of a pixel, in mm or any unit.

    Returns:
        The diameter in the pixel's unit; ``None`` on a slice without tumour.
    """
    found = find_components(mask[None])
    runs = np.stack([found.rows, found.starts, found.stops], axis=1)
    lesions = (runs[found.numbers == number].tolist() for number in range(found.count))
    return max((_diameter(lesion, pixel) for lesion in lesions), default=None)


def measured(value: float | None) -> float | None:
    """A measurement as it stands in a row: to the thousandth."""
    return None if value is None else round(value, 3)


def _diameter(runs: list[list[int]], pixel: tuple[float, float]) -> float:
    """Of one lesion, from its runs: row, first column, one past the last."""
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
