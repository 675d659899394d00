"""Drawn tumours: three kinds that differ by look and by place, as they do in life.

A glioma grows inside the brain, of any shape: a bright ring around a dark core, or a dark, uneven patch. A
meningioma hangs on the skull, bright, even and smooth. A pituitary tumour is small, round and sits in the
sella, in the midline.
"""

import math
from dataclasses import dataclass

import numpy as np

from brainmtl.data.phantom_grid import Array, Grid, noise_field, paint
from brainmtl.data.phantom_head import FLUID, Anatomy, Outline
from brainmtl.labels import ClassName, PlaneName

AXES: dict[PlaneName, tuple[int, int]] = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}
"""Which two of (right, back, down) a plane shows."""


@dataclass(frozen=True)
class Tumour:
    """A person's tumour.

    Attributes:
        kind: its class.
        place: where it is, (right, back, down) as shares of the way from the middle of the brain to the
            skull.
        radius: in head units.
        ringed: a glioma with a bright rim and a dark core.
        bright: its grey value as a share of the way from white matter to 1.
        texture: seed of its shape.
    """

    kind: ClassName
    place: tuple[float, float, float]
    radius: float
    ringed: bool
    bright: float
    texture: int


def draw_tumour(kind: ClassName, rng: np.random.Generator) -> Tumour:
    """Draw a person's tumour by chance."""
    direction = rng.standard_normal(3)
    direction[2] = -abs(direction[2])
    direction /= np.linalg.norm(direction)
    far = rng.uniform(0.25, 0.65) if kind == "glioma" else 1.0
    low, high = {"glioma": (0.13, 0.26), "meningioma": (0.1, 0.24), "pituitary": (0.07, 0.13)}[kind]
    right, back, down = (direction * far).tolist()
    return Tumour(
        kind,
        (right, back, down),
        radius=rng.uniform(low, high),
        ringed=bool(rng.random() < 0.6),
        bright=rng.uniform(0.25, 0.7),
        texture=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class Site:
    """Where a slice cuts a tumour: its middle and its radius there, in head units."""

    x: float
    y: float
    radius: float


def cut_tumour(tumour: Tumour, plane: PlaneName, drift: float, shape: Outline) -> Site:
    """Where a slice cuts a tumour.

    Args:
        tumour: whose place and size are known.
        plane: the slice's.
        drift: the slice's place along the stack, −1 to 1, 0 through the tumour's middle.
        shape: the head's outline.
    """
    radius = tumour.radius * math.sqrt(1 - 0.5 * drift**2)
    if tumour.kind == "pituitary":
        rise = 0.45 * radius if plane != "axial" else 0.0
        return Site(shape.sella[0], shape.sella[1] - rise, radius)
    across, along = (tumour.place[axis] for axis in AXES[plane])
    share = min(1.0, math.hypot(across, along))
    x, y = shape.wall(math.atan2(along, across))
    if tumour.kind == "meningioma":  # on the skull, and mostly inside it
        share = 1 - 0.55 * radius / math.hypot(x - shape.centre[0], y - shape.centre[1])
    across, along = share * (x - shape.centre[0]), share * (y - shape.centre[1])
    return Site(shape.centre[0] + across, shape.centre[1] + along, radius)


def push(grid: Grid, site: Site) -> Grid:
    """Coordinates displaced outwards around a tumour, as it pushes the brain aside."""
    dx, dy = grid.x - site.x, grid.y - site.y
    far = np.hypot(dx, dy) + 1e-6
    nearer = np.clip(1 - 0.6 * site.radius * np.exp(-((far / (2 * site.radius)) ** 2)) / far, 0, 1)
    return Grid(site.x + dx * nearer, site.y + dy * nearer)


def paint_tumour(
    image: Array, tumour: Tumour, site: Site, anatomy: Anatomy, shape: Outline, grid: Grid
) -> Array:
    """Draw a tumour into a head.

    Args:
        image: the head, float32 ``(S, S)``; changed in place.
        tumour: what to draw.
        site: where.
        anatomy: whose head.
        shape: the head's outline.
        grid: the pixels.

    Returns:
        Depth into the tumour, float32 ``(S, S)``; positive inside.
    """
    bright = anatomy.white + tumour.bright * (1 - anatomy.white)
    rng = np.random.default_rng(tumour.texture)
    if tumour.kind == "meningioma":
        return _paint_meningioma(image, site, bright, shape, grid, rng)
    if tumour.kind == "pituitary":
        return _paint_pituitary(image, site, bright, grid, rng)
    return _paint_glioma(image, site, bright, 0.6 * anatomy.grey, tumour.ringed, shape, grid, rng)


def _paint_glioma(
    image: Array,
    site: Site,
    bright: float,
    dark: float,
    ringed: bool,
    shape: Outline,
    grid: Grid,
    rng: np.random.Generator,
) -> Array:
    rough, lumps = noise_field(rng, len(image), 14), noise_field(rng, len(image), 34)
    radius, inside = site.radius, grid.soft(shape.cavity - 0.02)
    ball = grid.ellipse(site.x, site.y, radius, radius * rng.uniform(0.7, 1.0), rng.uniform(0, math.pi))
    near = np.clip(2 - np.hypot(grid.x - site.x, grid.y - site.y) / (1.3 * radius), 0, 1)  # starts no island
    bumps = 0.27 * np.clip(rough, -1.2, 1.8) + 0.06 * np.clip(lumps, -2, 2)  # less than what the middle has
    depth: Array = np.minimum(ball + radius * bumps * near, shape.cavity - 0.02)
    paint(image, 0.55 * inside * grid.soft(depth + 0.35 * radius, 0.6 * radius), 1.25 * dark)
    if ringed:
        paint(image, grid.soft(depth), bright + 0.12 * lumps)
        rim = (0.22 + 0.1 * lumps) * radius
        paint(image, grid.soft(depth - rim, 0.02), dark + 0.07 * rough + 0.04 * lumps)
    else:
        paint(image, grid.soft(depth, 0.05), dark + 0.05 * rough + 0.05 * lumps)
        paint(image, 0.7 * grid.soft(lumps - 1.1, 0.6) * grid.soft(depth - 0.15 * radius), bright)
    return depth


def _paint_meningioma(
    image: Array, site: Site, bright: float, shape: Outline, grid: Grid, rng: np.random.Generator
) -> Array:
    slim, turn = rng.uniform(0.8, 1.0), rng.uniform(0, math.pi)
    ball = grid.ellipse(site.x, site.y, site.radius, site.radius * slim, turn, 2.2)
    ball = ball + np.float32(0.07 * site.radius) * noise_field(rng, len(image), 7)
    paint(image, 0.8 * grid.soft(ball + 0.02) * grid.soft(shape.cavity), FLUID)
    tail = np.exp(-((shape.cavity / 0.014) ** 2)) * grid.soft(ball + 0.6 * site.radius, 0.4 * site.radius)
    paint(image, 0.8 * tail, bright)
    depth: Array = np.minimum(ball, shape.cavity + 0.01)
    paint(image, grid.soft(depth), bright + 0.015 * noise_field(rng, len(image), 40))
    return depth


def _paint_pituitary(image: Array, site: Site, bright: float, grid: Grid, rng: np.random.Generator) -> Array:
    depth = grid.ellipse(site.x, site.y, site.radius, site.radius * rng.uniform(0.8, 1.0), power=2.3)
    if rng.random() < 0.5:  # a snowman: it has grown out of the sella
        upper = grid.ellipse(site.x, site.y - 0.75 * site.radius, 0.7 * site.radius, 0.55 * site.radius)
        depth = np.maximum(depth, upper)
    paint(image, 0.6 * grid.soft(depth + 0.02), FLUID)
    paint(image, grid.soft(depth), bright + 0.03 * noise_field(rng, len(image), 50))
    return depth
