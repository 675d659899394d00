"""Drawn tumours: three kinds that differ by look and by place, as they do in life.

A glioma grows inside the brain, of any shape, with a bright ring around a dark core or as a dark, uneven patch. A meningioma
hangs on the skull, bright, even and smooth. A pituitary tumour is small, round and sits in the sella, in the midline.
"""

from dataclasses import dataclass

import numpy as np

from brainmtl.data.phantom_head import FLUID, Anatomy, Array, Grid, Outline, noise_field, paint
from brainmtl.labels import ClassName, PlaneName

AXES: dict[PlaneName, tuple[int, int]] = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}
"""Which two of (right, back, down) a plane shows."""


@dataclass(frozen=True)
class Tumour:
    """A person's tumour.

    Attributes:
        kind: its class.
        place: where it is, (right, back, down) as shares of the way from the middle of the brain to the skull.
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
    low, high = {"glioma": (0.11, 0.26), "meningioma": (0.1, 0.24), "pituitary": (0.07, 0.13)}[kind]
    right, back, down = (direction * far).tolist()
    return Tumour(
        kind,
        (right, back, down),
        radius=rng.uniform(low, high),
        ringed=bool(rng.random() < 0.6),
        bright=rng.uniform(0.35, 0.75),
        texture=int(rng.integers(2**31)),
    )


def middle(tumour: Tumour, plane: PlaneName, shape: Outline) -> tuple[float, float]:
    """Where a plane shows the middle of a tumour, ``(x, y)`` in head units."""
    if tumour.kind == "pituitary":
        return shape.sella[0], shape.sella[1] - 0.45 * tumour.radius * (plane != "axial")
    across, along = (tumour.place[axis] for axis in AXES[plane])
    if tumour.kind == "meningioma":
        length = max(float(np.hypot(across, along)), 1e-6)
        across, along = across / length, along / length
    return shape.centre[0] + across * shape.reach[0], shape.centre[1] + along * shape.reach[1]


def push(grid: Grid, at: tuple[float, float], radius: float) -> Grid:
    """Coordinates displaced outwards around a tumour, as it pushes the brain aside."""
    dx, dy = grid.x - at[0], grid.y - at[1]
    far = np.hypot(dx, dy) + 1e-6
    nearer = np.clip(1 - 0.6 * radius * np.exp(-((far / (2 * radius)) ** 2)) / far, 0, 1)
    return Grid((at[0] + dx * nearer).astype(np.float32), (at[1] + dy * nearer).astype(np.float32))


def paint_tumour(
    image: Array,
    tumour: Tumour,
    at: tuple[float, float],
    radius: float,
    anatomy: Anatomy,
    shape: Outline,
    grid: Grid,
) -> Array:
    """Draw a tumour into a head.

    Args:
        image: the head, float32 ``(S, S)``; changed in place.
        tumour: what to draw.
        at: its middle on this slice, in head units.
        radius: its radius on this slice.
        anatomy: whose head.
        shape: the head's outline.
        grid: the pixels.

    Returns:
        Depth into the tumour, float32 ``(S, S)``; positive inside.
    """
    draw = {"glioma": _glioma, "meningioma": _meningioma, "pituitary": _pituitary}[tumour.kind]
    return draw(image, tumour, at, radius, anatomy, shape, grid)


def _glioma(
    image: Array,
    tumour: Tumour,
    at: tuple[float, float],
    radius: float,
    anatomy: Anatomy,
    shape: Outline,
    grid: Grid,
) -> Array:
    rng = np.random.default_rng(tumour.texture)
    rough, lumps = noise_field(rng, len(image), 14), noise_field(rng, len(image), 34)
    stretch, turn = rng.uniform(0.7, 1.0), rng.uniform(0, np.pi)
    depth = grid.ellipse(*at, radius, radius * stretch, turn) + radius * (0.3 * rough + 0.06 * lumps) * _near(
        grid, at, radius
    )
    depth = np.minimum(depth, shape.cavity - 0.02)
    oedema = grid.soft(depth + 0.35 * radius, 0.6 * radius) * grid.soft(shape.cavity - 0.02)
    paint(image, 0.55 * oedema, 0.75 * anatomy.grey)
    bright = anatomy.white + tumour.bright * (1 - anatomy.white)
    if tumour.ringed:
        rim = (0.22 + 0.1 * lumps) * radius
        paint(image, grid.soft(depth), bright + 0.12 * lumps)
        paint(image, grid.soft(depth - rim, 0.02), 0.6 * anatomy.grey + 0.07 * rough + 0.04 * lumps)
    else:
        paint(image, grid.soft(depth, 0.05), 0.62 * anatomy.grey + 0.05 * rough + 0.05 * lumps)
        spots = grid.soft(lumps - 1.1, 0.6) * grid.soft(depth - 0.15 * radius)
        paint(image, 0.7 * spots, bright)
    return depth


def _meningioma(
    image: Array,
    tumour: Tumour,
    at: tuple[float, float],
    radius: float,
    anatomy: Anatomy,
    shape: Outline,
    grid: Grid,
) -> Array:
    rng = np.random.default_rng(tumour.texture)
    x = (
        at[0]
        + 0.55 * radius * np.sign(shape.centre[0] - at[0]) * abs(at[0] - shape.centre[0]) / shape.reach[0]
    )
    y = (
        at[1]
        + 0.55 * radius * np.sign(shape.centre[1] - at[1]) * abs(at[1] - shape.centre[1]) / shape.reach[1]
    )
    ball = grid.ellipse(x, y, radius, radius * rng.uniform(0.8, 1.0), rng.uniform(0, np.pi), 2.2)
    depth = np.minimum(ball, shape.cavity + 0.01)
    even = anatomy.white + tumour.bright * (1 - anatomy.white)
    paint(image, 0.8 * grid.soft(ball + 0.02) * grid.soft(shape.cavity), FLUID)
    tail = np.exp(-((shape.cavity / 0.014) ** 2)) * grid.soft(ball + 0.6 * radius, 0.4 * radius)
    paint(image, 0.8 * tail, even)
    paint(image, grid.soft(depth), even + 0.015 * noise_field(rng, len(image), 40))
    return depth


def _pituitary(
    image: Array,
    tumour: Tumour,
    at: tuple[float, float],
    radius: float,
    anatomy: Anatomy,
    shape: Outline,
    grid: Grid,
) -> Array:
    rng = np.random.default_rng(tumour.texture)
    lobe = grid.ellipse(at[0], at[1], radius, radius * rng.uniform(0.8, 1.0), power=2.3)
    waist = grid.ellipse(at[0], at[1] - 0.75 * radius, 0.7 * radius, 0.55 * radius)
    depth = np.maximum(lobe, waist) if rng.random() < 0.5 else lobe
    value = anatomy.white + tumour.bright * (1 - anatomy.white)
    paint(image, 0.6 * grid.soft(depth + 0.02), FLUID)
    paint(image, grid.soft(depth), value + 0.03 * noise_field(rng, len(image), 50))
    return depth


def _near(grid: Grid, at: tuple[float, float], radius: float) -> Array:
    """1 at the tumour, 0 away from it: roughness moves an edge and starts no island."""
    far = np.hypot(grid.x - at[0], grid.y - at[1])
    return np.clip(2 - far / (1.3 * radius), 0, 1)
