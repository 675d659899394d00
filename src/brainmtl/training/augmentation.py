"""Random changes of a batch: one geometric resampling for slice and mask together, then intensities."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from brainmtl.training.recipe import AugmentationPart

BIAS_GRID = 4
"""The bias field is drawn on a grid of this many knots a side."""


def augment(
    images: Tensor, masks: Tensor, part: AugmentationPart, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Change every slice of a batch at random.

    Args:
        images: ``(B, C, H, W)`` in [0, 1]; the channels of a slice change alike.
        masks: ``(B, 1, H, W)`` in [0, 1], the share of each pixel that is tumour.
        part: what may change and how much.
        random: the source of chance, on the batch's device.

    Returns:
        Slices in [0, 1] and masks in {0, 1}, of side ``part.crop`` where it is given.
    """
    # In bf16 a sampling grid would be up to half a pixel off at 128 pixels.
    with torch.autocast(images.device.type, enabled=False):
        images, masks = _move(images, masks, part, random)
        return _shade(images, part, random), (masks > 0.5).to(images.dtype)


def _uniform(count: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return torch.rand(count, generator=random, device=random.device) * (high - low) + low


def _move(
    images: Tensor, masks: Tensor, part: AugmentationPart, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    count, _, height, width = images.shape
    matrix = geometry(count, part, random)
    if part.crop is not None:
        inner = (min(part.crop, width), min(part.crop, height))
        matrix = _chain(matrix, _window(count, (width, height), inner, random))
        width, height = inner
    elif matrix.device.type == "cpu" and torch.equal(matrix, torch.eye(2, 3).expand_as(matrix)):
        return images, masks  # an accelerator would have to be waited for to know
    both = resample(torch.cat((images, masks), dim=1), matrix, height, width)
    return both[:, :-1], both[:, -1:]


def resample(maps: Tensor, matrix: Tensor, height: int, width: int) -> Tensor:
    """Sample maps bilinearly where affine maps point; zero outside.

    Args:
        maps: ``(B, C, H, W)``.
        matrix: ``(B, 2, 3)``, from output to input coordinates (x, y) in [-1, 1].
        height: rows of the output.
        width: columns of the output.

    Returns:
        ``(B, C, height, width)``.
    """
    grid = functional.affine_grid(matrix, [len(maps), 1, height, width], align_corners=False)
    return functional.grid_sample(maps, grid, mode="bilinear", align_corners=False)


def geometry(count: int, part: AugmentationPart, random: torch.Generator) -> Tensor:
    """Draw one affine map a slice.

    Args:
        count: number of slices.
        part: the ranges.
        random: the source of chance.

    Returns:
        ``(count, 2, 3)``, see :func:`affine`.
    """
    device = random.device
    angle = _uniform(count, -part.rotation, part.rotation, random)
    shear = _uniform(count, -part.shear, part.shear, random)
    scale = torch.exp(_uniform(count, math.log(part.scale[0]), math.log(part.scale[1]), random))
    shift = _uniform(2 * count, -part.shift, part.shift, random).view(count, 2)
    moved = torch.rand(count, generator=random, device=device) < part.probability
    mirror = torch.rand(count, generator=random, device=device) < part.mirror
    flip = torch.rand(count, generator=random, device=device) < part.flip
    scale = torch.where(moved, scale, 1.0)
    return affine(angle * moved, shear * moved, scale, shift * moved.unsqueeze(1), mirror, flip)


def affine(
    angle: Tensor, shear: Tensor, scale: Tensor, shift: Tensor, mirror: Tensor, flip: Tensor
) -> Tensor:
    """Affine maps from output to input coordinates (x, y) in [-1, 1], about the centre of the slice.

    Args:
        angle: rotation, anticlockwise as seen, in degrees ``(B,)``.
        shear: along x, in degrees ``(B,)``.
        scale: above 1 things grow ``(B,)``.
        shift: towards the upper left, as a share of the side (x, y) ``(B, 2)``.
        mirror: whether left and right change places ``(B,)``.
        flip: whether top and bottom do ``(B,)``.

    Returns:
        ``(B, 2, 3)``.
    """
    turn, slant = torch.deg2rad(angle), torch.tan(torch.deg2rad(shear))
    cos, sin = torch.cos(turn) / scale, torch.sin(turn) / scale
    across, down = 1.0 - 2.0 * mirror.float(), 1.0 - 2.0 * flip.float()
    x = torch.stack((cos * across, (cos * slant - sin) * down, 2 * shift[:, 0]), dim=1)
    y = torch.stack((sin * across, (sin * slant + cos) * down, 2 * shift[:, 1]), dim=1)
    return torch.stack((x, y), dim=1)


def _window(count: int, outer: tuple[int, int], inner: tuple[int, int], random: torch.Generator) -> Tensor:
    """Maps to windows of whole pixels, ``inner`` (W, H) of ``outer``, at random places."""
    whole = torch.tensor(outer, device=random.device)
    part = torch.tensor(inner, device=random.device)
    start = torch.floor(torch.rand(count, 2, generator=random, device=random.device) * (whole - part + 1))
    window = torch.diag_embed((part / whole).expand(count, 2))
    return torch.cat((window, ((2 * start + part) / whole - 1).unsqueeze(2)), dim=2)


def _chain(outer: Tensor, inner: Tensor) -> Tensor:
    linear = outer[:, :, :2] @ inner[:, :, :2]
    offset = (outer[:, :, :2] @ inner[:, :, 2:]) + outer[:, :, 2:]
    return torch.cat((linear, offset), dim=2)


def _shade(images: Tensor, part: AugmentationPart, random: torch.Generator) -> Tensor:
    count = len(images)

    def each(low: float, high: float) -> Tensor:
        return _uniform(count, low, high, random).view(count, 1, 1, 1)

    if part.bias_field:
        knots = torch.randn(count, 1, BIAS_GRID, BIAS_GRID, generator=random, device=random.device)
        field = functional.interpolate(knots, size=images.shape[2:], mode="bicubic", align_corners=True)
        images = images * torch.exp(part.bias_field * field)
    if part.gamma:
        images = images.clamp(1e-4, 1) ** torch.exp(each(-part.gamma, part.gamma))
    if part.contrast:
        centre = images.mean(dim=(2, 3), keepdim=True)
        images = (images - centre) * (1 + each(-part.contrast, part.contrast)) + centre
    if part.brightness:
        images = images + each(-part.brightness, part.brightness)
    if part.noise:
        # One grain for all channels: a slice that stands for its neighbour stays the same picture.
        grain = torch.randn(images[:, :1].shape, generator=random, device=random.device)
        images = images + grain * each(0, part.noise)
    return images.clamp(0, 1)
