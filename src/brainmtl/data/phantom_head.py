"""A drawn head on one slice: scalp, skull, brain and what lies below it, in three planes.

Lengths are in head units: the picture spans −1.15 to 1.15 both ways, x to the right and y downwards. A *depth* is the
distance into a shape, about, and negative outside it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brainmtl.labels import PlaneName

Array = NDArray[np.float32]
SPAN = 1.15
AIR, BONE, FLUID, MUSCLE = 0.02, 0.05, 0.11, 0.34


@dataclass(frozen=True)
class Anatomy:
    """What all slices of one person share; shares of an average head, or grey values in [0, 1]."""

    width: float
    height: float
    scalp: float
    skull: float
    ventricles: float
    folds: float
    grey: float
    white: float
    fat: float
    texture: int


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """Draw a person's anatomy by chance."""
    grey = rng.uniform(0.3, 0.44)
    return Anatomy(
        width=rng.uniform(0.92, 1.08),
        height=rng.uniform(0.94, 1.05),
        scalp=rng.uniform(0.04, 0.085),
        skull=rng.uniform(0.035, 0.07),
        ventricles=rng.uniform(0.6, 1.45),
        folds=rng.uniform(0.6, 1.3),
        grey=grey,
        white=grey + rng.uniform(0.04, 0.13),
        fat=rng.uniform(0.6, 0.95),
        texture=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class Grid:
    """Coordinates of every pixel, float32 ``(S, S)``."""

    x: Array
    y: Array

    @classmethod
    def of(cls, size: int) -> "Grid":
        """The grid of a square picture of ``size`` pixels a side."""
        line = np.linspace(-SPAN, SPAN, size, dtype=np.float32)
        x, y = np.meshgrid(line, line)
        return cls(x, y)

    @property
    def pixel(self) -> float:
        """Side of a pixel in head units."""
        return 2 * SPAN / self.x.shape[0]

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, turn: float = 0.0, power: float = 2.0
    ) -> Array:
        """Depth into a (super-)ellipse turned clockwise by ``turn`` radians."""
        dx, dy = self.x - x, self.y - y
        u = np.abs(np.cos(turn) * dx + np.sin(turn) * dy) / rx
        v = np.abs(np.cos(turn) * dy - np.sin(turn) * dx) / ry
        norm = np.hypot(u, v) if power == 2 else (u**power + v**power) ** (1 / power)
        return ((1 - norm) * min(rx, ry)).astype(np.float32)

    def line(self, x: float, y: float, length: float, turn: float, width: float) -> Array:
        """Depth into a thin straight stroke."""
        return self.ellipse(x, y, width, length, turn, 4.0)

    def soft(self, depth: Array, blur: float = 0.0) -> Array:
        """1 inside, 0 outside, and an edge a pixel wide, or ``blur`` head units."""
        return np.clip(depth / max(1.5 * self.pixel, blur) + 0.5, 0, 1)


@dataclass(frozen=True)
class Outline:
    """The shapes a plane is made of.

    Attributes:
        head: depth into the skin.
        cavity: depth into the cranial cavity.
        centre: middle of the cavity, ``(x, y)``.
        reach: its half axes.
        sella: where the pituitary gland sits.
    """

    head: Array
    cavity: Array
    centre: tuple[float, float]
    reach: tuple[float, float]
    sella: tuple[float, float]


def outline(anatomy: Anatomy, plane: PlaneName, grid: Grid) -> Outline:
    """The outline of a head; axial faces up, sagittal faces left."""
    wall = anatomy.scalp + anatomy.skull
    return {"axial": _axial, "coronal": _coronal, "sagittal": _sagittal}[plane](anatomy, wall, grid)


def _axial(anatomy: Anatomy, wall: float, grid: Grid) -> Outline:
    wide, tall = 0.74 * anatomy.width, 0.93 * anatomy.height
    bulge = Grid(grid.x / (1 + 0.1 * grid.y), grid.y)
    head = bulge.ellipse(0, 0, wide, tall, power=2.2)
    cavity = bulge.ellipse(0, 0.02, wide - wall, tall - wall, power=2.2)
    return Outline(head, cavity, (0, 0.02), (wide - wall, tall - wall), (0, -0.2))


def _coronal(anatomy: Anatomy, wall: float, grid: Grid) -> Outline:
    wide, tall = 0.72 * anatomy.width, 0.68 * anatomy.height
    face = grid.ellipse(0, 0.55, 0.86 * wide, 0.75, power=3.5)
    head = np.maximum(grid.ellipse(0, -0.27, wide, tall, power=2.2), face)
    vault = grid.ellipse(0, -0.3, wide - wall, tall - wall, power=2.3)
    floor = 0.06 + 0.12 * np.clip(np.abs(grid.x) / (0.5 * wide), 0, 1) ** 2
    cavity = np.minimum(vault, floor - grid.y).astype(np.float32)
    return Outline(head, cavity, (0, -0.3), (wide - wall, tall - wall), (0, 0.02))


def _sagittal(anatomy: Anatomy, wall: float, grid: Grid) -> Outline:
    wide, tall = 0.9 * anatomy.width, 0.68 * anatomy.height
    vault = grid.ellipse(0.04, -0.3, wide, tall, turn=0.12, power=2.1)
    face = grid.ellipse(-0.36, 0.45, 0.42, 0.62, turn=0.1, power=3)
    nose = grid.ellipse(-0.8, 0.3, 0.11, 0.17, turn=-0.5)
    neck = grid.ellipse(0.2, 0.8, 0.4, 0.6, turn=-0.15, power=3)
    head = np.maximum.reduce([vault, face, nose, neck])
    inner = grid.ellipse(0.04, -0.3, wide - wall, tall - wall, turn=0.12, power=2.1)
    floor = 0.03 + 0.22 * np.clip((grid.x + 0.06) / 0.2, 0, 1) - 0.16 * np.clip((-0.2 - grid.x) / 0.5, 0, 1)
    cavity = np.minimum(inner, floor - grid.y).astype(np.float32)
    return Outline(head, cavity, (0.04, -0.3), (wide - wall, tall - wall), (-0.11, 0.0))


def draw_head(
    anatomy: Anatomy,
    plane: PlaneName,
    shape: Outline,
    grid: Grid,
    pushed: Grid,
    rng: np.random.Generator,
    drift: float,
) -> Array:
    """Draw a healthy head.

    Args:
        anatomy: whose head.
        plane: in which plane.
        shape: its outline there.
        grid: the pixels.
        pushed: the same, displaced where a tumour pushes the brain aside.
        rng: chance of this slice alone.
        drift: place along the stack of slices, −1 to 1; neighbours look alike.

    Returns:
        Grey values in about [0, 1], float32 ``(S, S)``.
    """
    size = grid.x.shape[0]
    folds, patches, grain = (_texture(anatomy, plane, drift, size, cells) for cells in (30, 9, 70))
    image = np.full((size, size), AIR, np.float32)
    paint(image, grid.soft(shape.head), MUSCLE + 0.16 * patches + 0.12 * folds)
    paint(image, grid.soft(shape.head) * grid.soft(anatomy.scalp - shape.head), anatomy.fat + 0.12 * patches)
    _paint_face(image, plane, anatomy, shape, grid, patches, folds)
    paint(image, grid.soft(shape.cavity + anatomy.skull), BONE)
    marrow = 0.25 * anatomy.skull - np.abs(shape.cavity + 0.5 * anatomy.skull)
    paint(image, 0.6 * grid.soft(marrow), anatomy.fat * (0.7 + 0.5 * patches))
    paint(image, grid.soft(shape.cavity), FLUID)
    _paint_brain(image, anatomy, shape.cavity, grid, folds, patches, grain)
    _paint_inside(image, plane, anatomy, shape, pushed, folds)
    _paint_distractors(image, shape, grid, rng)
    return image


def paint(image: Array, share: Array, value: Array | float) -> None:
    """Cover a share (0 to 1) of every pixel with a value, in place."""
    image += share * (value - image)


def noise_field(rng: np.random.Generator, size: int, cells: int) -> Array:
    """Smooth noise of SD about 1 with ``cells`` bumps a side, float32 ``(size, size)``."""
    coarse = Image.fromarray(rng.standard_normal((cells, cells), dtype=np.float32))
    field = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC))
    return field / np.float32(field.std() + 1e-6)


def _texture(anatomy: Anatomy, plane: PlaneName, drift: float, size: int, cells: int) -> Array:
    rng = np.random.default_rng([anatomy.texture, len(plane), cells])
    here, there = noise_field(rng, size, cells), noise_field(rng, size, cells)
    return np.cos(drift, dtype=np.float32) * here + np.sin(drift, dtype=np.float32) * there


def _paint_brain(
    image: Array, anatomy: Anatomy, cavity: Array, grid: Grid, folds: Array, patches: Array, grain: Array
) -> None:
    depth = cavity - 0.012
    white = grid.soft(depth - 0.13 + 0.06 * folds, 0.05)
    tissue = anatomy.grey + (anatomy.white - anatomy.grey) * white + 0.02 * patches + 0.012 * grain
    paint(image, grid.soft(depth), tissue)
    sulci = np.exp(-((folds / 0.3) ** 2)) * (0.75 * np.exp(-((depth / 0.13) ** 2)) + 0.1)
    paint(image, anatomy.folds * 0.7 * sulci * grid.soft(depth), FLUID)


def _paint_inside(
    image: Array, plane: PlaneName, anatomy: Anatomy, shape: Outline, grid: Grid, folds: Array
) -> None:
    inside = grid.soft(shape.cavity - 0.02)
    fluid, matter = _INSIDE[plane](anatomy.ventricles, grid)
    for depth, value in matter:
        paint(image, inside * grid.soft(depth, 0.03), value * anatomy.white + 0.012 * folds)
    for depth in fluid:
        paint(image, inside * grid.soft(depth, 0.02), FLUID + 0.01 * folds)


def _inside_axial(v: float, grid: Grid) -> tuple[list[Array], list[tuple[Array, float]]]:
    fissure = [grid.line(0, -0.72, 0.22, 0, 0.014), grid.line(0, 0.76, 0.16, 0, 0.014)]
    horns = [grid.ellipse(s * 0.11, -0.42, 0.045 * v, 0.13 * v, -s * 0.35) for s in (-1, 1)]
    atria = [grid.ellipse(s * 0.27, 0.34, 0.05 * v, 0.15 * v, -s * 0.35) for s in (-1, 1)]
    star = [
        grid.ellipse(0, -0.12, 0.1, 0.05),
        *(grid.line(s * 0.12, -0.2, 0.14, s * 1.1, 0.02) for s in (-1, 1)),
    ]
    insula = [grid.line(s * 0.43, -0.12, 0.18, s * 0.25, 0.018) for s in (-1, 1)]
    back = [grid.ellipse(0, 0.17, 0.05, 0.025), grid.line(0, 0.02, 0.07, 0, 0.014 * v)]
    basal = [(grid.ellipse(s * 0.24, -0.2, 0.09, 0.15, -s * 0.3), 0.9) for s in (-1, 1)]
    stem = [(grid.ellipse(s * 0.08, 0.05, 0.1, 0.11), 1.0) for s in (-1, 1)]
    return [*fissure, *horns, *atria, *star, *insula, *back], basal + stem


def _inside_coronal(v: float, grid: Grid) -> tuple[list[Array], list[tuple[Array, float]]]:
    fissure = [grid.line(0, -0.68, 0.2, 0, 0.014)]
    horns = [grid.ellipse(s * 0.1, -0.33, 0.05 * v, 0.13 * v, s * 0.6) for s in (-1, 1)]
    third = [grid.line(0, -0.13, 0.07, 0, 0.016 * v), grid.ellipse(0, -0.015, 0.11, 0.03)]
    lateral = [grid.line(s * 0.5, -0.17, 0.13, s * 1.25, 0.02) for s in (-1, 1)]
    callosum = [(grid.ellipse(0, -0.44, 0.16, 0.035), 1.15)]
    basal = [(grid.ellipse(s * 0.22, -0.18, 0.09, 0.11), 0.9) for s in (-1, 1)]
    return [*fissure, *horns, *third, *lateral], callosum + basal


def _inside_sagittal(v: float, grid: Grid) -> tuple[list[Array], list[tuple[Array, float]]]:
    ring = grid.ellipse(0.04, -0.2, 0.34, 0.2)
    arch = np.minimum(0.03 - np.abs(ring), -0.2 - grid.y)
    lateral = np.minimum(grid.ellipse(0.04, -0.2, 0.3, 0.14 * min(v, 1.1)), -0.22 - grid.y)
    cerebellum = grid.ellipse(0.46, 0.1, 0.25, 0.17, 0.3)
    stem = np.maximum(grid.ellipse(0.13, 0.1, 0.09, 0.2, -0.1), grid.ellipse(0.22, 0.5, 0.055, 0.4, -0.2))
    fluid = [lateral, grid.ellipse(0.265, 0.1, 0.03, 0.06), grid.ellipse(-0.08, -0.03, 0.1, 0.025)]
    tent = grid.line(0.47, -0.09, 0.27, 1.35, 0.012)
    leaves = cerebellum - 0.02 - 0.02 * (1 + np.sin(70 * np.hypot(grid.x - 0.25, grid.y - 0.1)))
    return [*fluid, tent], [(arch, 1.2), (stem, 1.05), (cerebellum, 0.8), (leaves, 0.98)]


_INSIDE = {"axial": _inside_axial, "coronal": _inside_coronal, "sagittal": _inside_sagittal}


def _paint_face(
    image: Array, plane: PlaneName, anatomy: Anatomy, shape: Outline, grid: Grid, patches: Array, folds: Array
) -> None:
    if plane == "axial":
        return
    inside = grid.soft(shape.head - 0.5 * anatomy.scalp)
    air, fat = (_face_coronal if plane == "coronal" else _face_sagittal)(grid)
    for depth in fat:
        paint(image, inside * grid.soft(depth, 0.03), 0.8 * anatomy.fat + 0.12 * folds)
    for depth in air:
        paint(image, inside * grid.soft(depth + 0.02 * patches, 0.02), AIR)


def _face_coronal(grid: Grid) -> tuple[list[Array], list[Array]]:
    air = [grid.ellipse(0, 0.19, 0.13, 0.08, power=3), grid.ellipse(0, 0.5, 0.07, 0.13)]
    air += [grid.ellipse(s * 0.24, 0.45, 0.09, 0.12, power=3) for s in (-1, 1)]
    fat = [grid.line(s * 0.44, 0.6, 0.3, s * 0.1, 0.035) for s in (-1, 1)]
    fat += [grid.ellipse(s * 0.16, 0.75, 0.06, 0.14, s * 0.4) for s in (-1, 1)]
    return air, [*fat, grid.ellipse(0, 0.33, 0.2, 0.035)]


def _face_sagittal(grid: Grid) -> tuple[list[Array], list[Array]]:
    air = [grid.ellipse(-0.26, 0.12, 0.12, 0.08, power=3), grid.ellipse(-0.4, 0.3, 0.2, 0.06, 0.1)]
    air += [grid.line(-0.06, 0.6, 0.34, -0.08, 0.05), grid.ellipse(-0.67, 0.0, 0.06, 0.08)]
    fat = [grid.ellipse(-0.02, 0.17, 0.08, 0.13, -0.4), grid.ellipse(-0.42, 0.44, 0.24, 0.03)]
    fat += [grid.ellipse(0.38, 0.75, 0.05, 0.3, -0.2), grid.ellipse(-0.45, 0.95, 0.2, 0.07)]
    spine = [grid.ellipse(0.1 + 0.05 * k, 0.42 + 0.17 * k, 0.07, 0.06, -0.2, 3) for k in range(4)]
    return air, fat + spine


def _paint_distractors(image: Array, shape: Outline, grid: Grid, rng: np.random.Generator) -> None:
    """Bright and dark spots that every class has alike: gland, vessels, plexus, an old scar, a bright sinus."""
    x, y = shape.sella
    paint(image, grid.soft(grid.ellipse(x, y, 0.035, 0.02)), rng.uniform(0.5, 0.75))
    for _ in range(int(rng.integers(2, 9))):
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.95)
        vx = shape.centre[0] + far * shape.reach[0] * np.cos(angle)
        vy = shape.centre[1] + far * shape.reach[1] * np.sin(angle)
        vessel = grid.line(vx, vy, rng.uniform(0.02, 0.12), rng.uniform(0, np.pi), rng.uniform(0.008, 0.016))
        paint(image, grid.soft(vessel) * grid.soft(shape.cavity), rng.uniform(0.6, 0.95))
    if rng.random() < 0.35:
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.75)
        sx = shape.centre[0] + far * shape.reach[0] * np.cos(angle)
        sy = shape.centre[1] + far * shape.reach[1] * np.sin(angle)
        scar = grid.ellipse(sx, sy, rng.uniform(0.03, 0.07), rng.uniform(0.03, 0.07), rng.uniform(0, np.pi))
        paint(image, grid.soft(scar, 0.03) * grid.soft(shape.cavity), FLUID)
    rim = np.exp(-((shape.cavity / 0.02) ** 2)) * grid.soft(shape.cavity + 0.01)
    paint(image, 0.5 * rng.random() * rim, 0.7)
