"""The drawing board of the phantoms: shapes as depths on a grid.

A *depth* is the distance from a point to a shape's edge, about: positive inside, negative outside.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]
SPAN = 1.15
"""Half a side of the picture in head units: a head is about 2 long."""


@dataclass(frozen=True)
class Grid:
    """Coordinates of every pixel, in head units.

    Attributes:
        x: to the right, −1.15 to 1.15, float32 ``(S, S)``.
        y: downwards.
    """

    x: Array
    y: Array

    @classmethod
    def of(cls, size: int) -> "Grid":
        """The grid of a square picture of ``size`` pixels a side."""
        line = np.linspace(-SPAN, SPAN, size, dtype=np.float32)
        return cls(*np.meshgrid(line, line))

    @property
    def pixel(self) -> float:
        """Side of a pixel in head units."""
        return float(self.x[0, 1] - self.x[0, 0])

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, turn: float = 0.0, power: float = 2.0
    ) -> Array:
        """Depth into a (super-)ellipse turned clockwise by ``turn`` radians."""
        cos, sin = math.cos(turn), math.sin(turn)
        dx, dy = self.x - x, self.y - y
        u, v = (cos * dx + sin * dy) / rx, (cos * dy - sin * dx) / ry
        if power in (2.0, 4.0):
            for _ in range(int(power) // 2):
                u, v = u * u, v * v
            norm = np.sqrt(u + v) if power == 2 else np.sqrt(np.sqrt(u + v))
        else:
            norm = (np.abs(u) ** power + np.abs(v) ** power) ** (1 / power)
        return np.asarray((1 - norm) * min(rx, ry), np.float32)

    def near(self, x: float, y: float, reach: float) -> tuple[slice, slice]:
        """Rows and columns within ``reach`` of a point."""
        first, last = ((np.array([y, x]) + reach * sign + SPAN) / self.pixel for sign in (-1, 1))
        low, high = np.clip(first, 0, None).astype(int), np.clip(last + 2, 0, None).astype(int)
        return slice(low[0], high[0]), slice(low[1], high[1])

    def cut(self, window: tuple[slice, slice]) -> "Grid":
        """A part of the grid."""
        return Grid(self.x[window], self.y[window])

    def line(self, x: float, y: float, length: float, turn: float, width: float) -> Array:
        """Depth into a thin straight stroke."""
        return self.ellipse(x, y, width, length, turn, 4.0)

    def soft(self, depth: Array, blur: float = 0.0) -> Array:
        """1 inside, 0 outside, and an edge a pixel wide, or ``blur`` head units."""
        return np.asarray(np.clip(depth / max(1.5 * self.pixel, blur) + 0.5, 0, 1), np.float32)


def paint(image: Array, share: Array, value: Array | float) -> None:
    """Cover a share (0 to 1) of every pixel with a value, in place."""
    image += share * (value - image)


def noise_field(rng: np.random.Generator, size: int, cells: int) -> Array:
    """Smooth noise of SD about 1 with ``cells`` bumps a side, float32 ``(size, size)``."""
    coarse = Image.fromarray(rng.standard_normal((cells, cells), dtype=np.float32))
    field = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC))
    return np.asarray(field / (field.std() + 1e-6), np.float32)
