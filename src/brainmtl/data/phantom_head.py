"""A drawn head on one slice: scalp, skull, brain and what lies below it, in three planes.

Axial heads face up, sagittal ones left. Lengths and depths are those of :mod:`brainmtl.data.phantom_grid`.
"""

import math
from dataclasses import dataclass

import numpy as np

from brainmtl.data.phantom_grid import SPAN, Array, Grid, noise_field, paint
from brainmtl.labels import PLANES, PlaneName

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
class Outline:
    """The shapes a plane is made of.

    Attributes:
        head: depth into the skin.
        cavity: depth into the cranial cavity.
        centre: middle of the cavity, ``(x, y)``.
        reach: its half axes.
        sella: where the pituitary gland sits.
        eyes: an axial slice so low that it shows them.
    """

    head: Array
    cavity: Array
    centre: tuple[float, float]
    reach: tuple[float, float]
    sella: tuple[float, float]
    eyes: bool = False

    def wall(self, angle: float) -> tuple[float, float]:
        """Where a ray from the centre meets the skull, ``(x, y)``; ``angle`` 0 is to the right, clockwise."""
        far = np.linspace(0, 1.5, 400)
        x = self.centre[0] + far * self.reach[0] * math.cos(angle)
        y = self.centre[1] + far * self.reach[1] * math.sin(angle)
        scale = (len(self.cavity) - 1) / (2 * SPAN)
        row, column = (np.clip((to + SPAN) * scale, 0, len(self.cavity) - 1).astype(int) for to in (y, x))
        last = int((self.cavity[row, column] <= 0).argmax())
        return float(x[last]), float(y[last])


def outline(anatomy: Anatomy, plane: PlaneName, grid: Grid, low: bool) -> Outline:
    """The outline of a head; axial faces up, sagittal faces left; ``low`` axial slices cut the eyes."""
    wall = anatomy.scalp + anatomy.skull
    if plane == "axial":
        return (_axial_low if low else _axial)(anatomy, wall, grid)
    return (_coronal if plane == "coronal" else _sagittal)(anatomy, wall, grid)


def _axial(anatomy: Anatomy, wall: float, grid: Grid) -> Outline:
    wide, tall = 0.74 * anatomy.width, 0.93 * anatomy.height
    bulge = Grid(grid.x / (1 + 0.1 * grid.y), grid.y)
    head = bulge.ellipse(0, 0, wide, tall, power=2.2)
    cavity = bulge.ellipse(0, 0.02, wide - wall, tall - wall, power=2.2)
    return Outline(head, cavity, (0, 0.02), (wide - wall, tall - wall), (0, -0.2))


def _axial_low(anatomy: Anatomy, wall: float, grid: Grid) -> Outline:
    wide, tall = 0.72 * anatomy.width, 0.9 * anatomy.height
    bulge = Grid(grid.x / (1 + 0.12 * grid.y), grid.y)
    nose = grid.ellipse(0, -0.9, 0.13, 0.2)
    head = np.maximum(bulge.ellipse(0, 0.02, wide, tall, power=2.6), nose)
    front = grid.ellipse(0, -0.1, 0.62 * wide, 0.5, power=2.4)
    back = bulge.ellipse(0, 0.23, wide - wall, tall - 0.21 - wall, power=2.3)
    return Outline(head, np.maximum(front, back), (0, 0.2), (wide - wall, 0.66 * tall), (0, -0.2), True)


def _coronal(anatomy: Anatomy, wall: float, grid: Grid) -> Outline:
    wide, tall = 0.72 * anatomy.width, 0.68 * anatomy.height
    jaw = grid.ellipse(0, 0.3, 0.9 * wide, 0.62, power=2.6)
    neck = grid.ellipse(0, 0.9, 0.66 * wide, 0.6, power=4)
    head = np.maximum.reduce([grid.ellipse(0, -0.27, wide, tall, power=2.2), jaw, neck])
    vault = grid.ellipse(0, -0.3, wide - wall, tall - wall, power=2.3)
    floor = 0.06 + 0.12 * np.clip(np.abs(grid.x) / (0.5 * wide), 0, 1) ** 2
    cavity = np.minimum(vault, floor - grid.y).astype(np.float32)
    return Outline(head, cavity, (0, -0.3), (wide - wall, tall - wall), (0, 0.02))


def _sagittal(anatomy: Anatomy, wall: float, grid: Grid) -> Outline:
    wide, tall = 0.87 * anatomy.width, 0.7 * anatomy.height
    vault = grid.ellipse(0.04, -0.3, wide, tall, turn=0.12, power=2.1)
    face = grid.ellipse(-0.33, 0.28, 0.5, 0.56, turn=0.1, power=2.6)
    nose = grid.ellipse(-0.82, 0.2, 0.1, 0.21, turn=0.4)
    lips = grid.ellipse(-0.72, 0.53, 0.13, 0.11)
    chin = grid.ellipse(-0.54, 0.77, 0.2, 0.13, turn=-0.3)
    neck = grid.ellipse(0.19, 0.85, 0.48, 0.82, turn=-0.12, power=3)
    head = np.maximum.reduce([vault, face, nose, lips, chin, neck])
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
    folds, patches, grain = (_texture(anatomy, plane, drift, size, cells) for cells in (32, 9, 70))
    image = np.full((size, size), AIR, np.float32)
    paint(image, grid.soft(shape.head), MUSCLE + 0.07 * patches + 0.06 * folds + 0.03 * grain)
    paint(image, grid.soft(shape.head) * grid.soft(anatomy.scalp - shape.head), anatomy.fat + 0.1 * patches)
    _paint_face(image, plane, anatomy, shape, grid, patches, folds)
    paint(image, grid.soft(shape.cavity + anatomy.skull), BONE)
    marrow = 0.25 * anatomy.skull - np.abs(shape.cavity + 0.5 * anatomy.skull)
    paint(image, 0.6 * grid.soft(marrow), anatomy.fat * (0.7 + 0.5 * patches))
    paint(image, grid.soft(shape.cavity), FLUID)
    _paint_brain(image, anatomy, shape.cavity, grid, folds, patches, grain)
    _paint_inside(image, plane, anatomy, shape, pushed, folds)
    _paint_distractors(image, shape, grid, rng)
    if plane != "axial":  # the coil ends at the neck
        paint(image, np.clip((grid.y - 0.77) / 0.35, 0, 1), AIR)
    return image


def _texture(anatomy: Anatomy, plane: PlaneName, drift: float, size: int, cells: int) -> Array:
    rng = np.random.default_rng([anatomy.texture, PLANES.index(plane), cells])
    here, there = noise_field(rng, size, cells), noise_field(rng, size, cells)
    return np.float32(math.cos(drift)) * here + np.float32(math.sin(drift)) * there


def _paint_brain(
    image: Array, anatomy: Anatomy, cavity: Array, grid: Grid, folds: Array, patches: Array, grain: Array
) -> None:
    depth = cavity - 0.012
    white = grid.soft(depth - 0.13 + 0.06 * folds, 0.05)
    tissue = anatomy.grey + (anatomy.white - anatomy.grey) * white + 0.02 * patches + 0.012 * grain
    paint(image, grid.soft(depth), tissue)
    sulci = np.exp(-((folds / 0.26) ** 2)) * (0.9 * np.exp(-((depth / 0.15) ** 2)) + 0.08)
    paint(image, np.minimum(anatomy.folds * 0.8 * sulci, 0.95) * grid.soft(depth), FLUID)


def _paint_inside(
    image: Array, plane: PlaneName, anatomy: Anatomy, shape: Outline, grid: Grid, folds: Array
) -> None:
    inside = grid.soft(shape.cavity - 0.02)
    draw = _inside_axial_low if shape.eyes else _INSIDE[plane]
    fluid, matter = draw(anatomy.ventricles, grid)
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


def _inside_axial_low(v: float, grid: Grid) -> tuple[list[Array], list[tuple[Array, float]]]:
    star = [
        grid.ellipse(0, -0.12, 0.1, 0.06),
        *(grid.line(s * 0.14, -0.2, 0.16, s * 1.0, 0.022) for s in (-1, 1)),
    ]
    horns = [grid.ellipse(s * 0.33, 0.05, 0.02 * v, 0.09 * v, -s * 0.4) for s in (-1, 1)]
    fourth = [grid.ellipse(0, 0.33, 0.055 * v, 0.045 * v), grid.line(0, -0.42, 0.16, 0, 0.014)]
    tent = [grid.line(s * 0.36, 0.28, 0.24, s * 0.95, 0.013) for s in (-1, 1)]
    stem = [(grid.ellipse(0, 0.1, 0.16, 0.14), 1.08)]
    cerebellum = grid.ellipse(0, 0.52, 0.45, 0.27)
    leaves = np.minimum(cerebellum - 0.02, 0.02 * np.sin(55 * np.hypot(grid.x, grid.y - 0.2)))
    return [*star, *horns, *fourth, *tent], [*stem, (cerebellum, 0.84), (leaves, 1.0)]


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
    leaves = np.minimum(cerebellum - 0.02, 0.02 * np.sin(60 * np.hypot(grid.x - 0.22, grid.y - 0.1)))
    around = 0.012 - np.abs(cerebellum + 0.012)
    return [*fluid, tent, around], [(arch, 1.15), (stem, 1.05), (cerebellum, 0.8), (leaves, 1.02)]


_INSIDE = {"axial": _inside_axial, "coronal": _inside_coronal, "sagittal": _inside_sagittal}


def _paint_face(
    image: Array, plane: PlaneName, anatomy: Anatomy, shape: Outline, grid: Grid, patches: Array, folds: Array
) -> None:
    if plane == "axial" and not shape.eyes:
        return
    inside = grid.soft(shape.head - 0.5 * anatomy.scalp)
    air, fat = {"axial": _face_axial, "coronal": _face_coronal, "sagittal": _face_sagittal}[plane](grid)
    for depth in fat:
        paint(image, inside * grid.soft(depth, 0.03), 0.75 * anatomy.fat + 0.1 * folds)
    for depth in air:
        paint(image, inside * grid.soft(depth + 0.015 * patches, 0.02), AIR)


def _face_axial(grid: Grid) -> tuple[list[Array], list[Array]]:
    sockets = [grid.ellipse(s * 0.33, -0.66, 0.17, 0.2, s * 0.3, 2.5) for s in (-1, 1)]
    eyes = [grid.ellipse(s * 0.34, -0.74, 0.105, 0.115) for s in (-1, 1)]
    air = [grid.ellipse(s * 0.06, -0.62, 0.045, 0.16, power=3) for s in (-1, 1)]
    mastoid = [grid.ellipse(s * 0.56, 0.12, 0.05, 0.1, s * 0.3) for s in (-1, 1)]
    return [*eyes, *air, *mastoid], sockets


def _face_coronal(grid: Grid) -> tuple[list[Array], list[Array]]:
    air = [grid.ellipse(0, 0.19, 0.13, 0.07, power=3), grid.ellipse(0, 0.47, 0.05, 0.12)]
    air += [grid.ellipse(s * 0.23, 0.42, 0.08, 0.1, power=3) for s in (-1, 1)]
    fat = [grid.line(s * 0.42, 0.45, 0.24, s * 0.15, 0.03) for s in (-1, 1)]
    fat += [grid.ellipse(s * 0.14, 0.72, 0.05, 0.12, s * 0.4) for s in (-1, 1)]
    fat += [grid.line(s * 0.3, 0.75, 0.25, -s * 0.2, 0.02) for s in (-1, 1)]
    return air, [*fat, grid.ellipse(0, 0.31, 0.22, 0.03)]


def _face_sagittal(grid: Grid) -> tuple[list[Array], list[Array]]:
    air = [grid.ellipse(-0.25, 0.12, 0.12, 0.075, power=3), grid.ellipse(-0.42, 0.29, 0.2, 0.05, 0.1)]
    air += [grid.line(-0.1, 0.66, 0.27, -0.1, 0.02), grid.ellipse(-0.7, -0.04, 0.045, 0.07)]
    air += [grid.line(-0.42, 0.52, 0.2, 1.75, 0.014)]
    fat = [grid.ellipse(-0.01, 0.17, 0.075, 0.12, -0.4), grid.ellipse(-0.44, 0.42, 0.26, 0.028, 0.06)]
    fat += [grid.ellipse(0.44, 0.7, 0.04, 0.32, -0.16), grid.ellipse(-0.46, 0.82, 0.14, 0.05)]
    spine = [grid.ellipse(0.08 + 0.03 * k, 0.42 + 0.16 * k, 0.07, 0.06, -0.15, 3) for k in range(5)]
    return air, fat + spine


def _paint_distractors(image: Array, shape: Outline, grid: Grid, rng: np.random.Generator) -> None:
    """Bright and dark spots that every class has alike: gland, vessels, an old scar, a bright dura."""
    inside = grid.soft(shape.cavity)
    paint(image, grid.soft(grid.ellipse(*shape.sella, 0.035, 0.02)), rng.uniform(0.5, 0.75))
    for _ in range(int(rng.integers(3, 12))):
        x, y = _somewhere(shape, rng, 0.15, 0.97)
        length, bend, turn = rng.uniform(0.02, 0.09), rng.uniform(0.08, 0.3), rng.uniform(0, 2 * math.pi)
        here = grid.near(x, y, length + 0.05)
        spot = grid.cut(here)
        arc = spot.ellipse(x + bend * math.cos(turn), y + bend * math.sin(turn), bend, bend)
        vessel = spot.soft(np.float32(rng.uniform(0.002, 0.008)) - np.abs(arc))
        vessel *= spot.soft(spot.ellipse(x, y, length, length), 0.02)
        paint(image[here], vessel * inside[here], rng.uniform(0.45, 0.8))
    if rng.random() < 0.35:
        x, y = _somewhere(shape, rng, 0.3, 0.75)
        scar = grid.ellipse(x, y, rng.uniform(0.03, 0.07), rng.uniform(0.03, 0.07), rng.uniform(0, math.pi))
        paint(image, grid.soft(scar, 0.03) * inside, FLUID)
    rim = np.exp(-((shape.cavity / 0.02) ** 2)) * grid.soft(shape.cavity + 0.01)
    paint(image, 0.5 * rng.random() * rim, 0.7)


def _somewhere(shape: Outline, rng: np.random.Generator, near: float, far: float) -> tuple[float, float]:
    angle, share = rng.uniform(0, 2 * math.pi), rng.uniform(near, far)
    x = shape.centre[0] + share * shape.reach[0] * math.cos(angle)
    return x, shape.centre[1] + share * shape.reach[1] * math.sin(angle)
