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
        images: ``(B, 1, H, W)`` in [0, 1].
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
    out_height, out_width = height, width
    if part.crop is not None:
        out_height, out_width = min(part.crop, height), min(part.crop, width)
        matrix = _chain(matrix, _window(count, (width, height), (out_width, out_height), random))
    elif torch.equal(matrix, torch.eye(2, 3, device=matrix.device).expand_as(matrix)):
        return images, masks
    grid = functional.affine_grid(matrix, [count, 1, out_height, out_width], align_corners=False)
    both = functional.grid_sample(
        torch.cat((images, masks), dim=1), grid, mode="bilinear", align_corners=False
    )
    return both[:, :1], both[:, 1:]


def geometry(count: int, part: AugmentationPart, random: torch.Generator) -> Tensor:
    """Draw one affine map a slice, from output to input coordinates in [-1, 1].

    Args:
        count: number of slices.
        part: the ranges.
        random: the source of chance.

    Returns:
        ``(count, 2, 3)``.
    """
    device = random.device
    angle = _uniform(count, -part.rotation, part.rotation, random) * (math.pi / 180)
    shear = torch.tan(_uniform(count, -part.shear, part.shear, random) * (math.pi / 180))
    zoom = 1 / torch.exp(_uniform(count, math.log(part.scale[0]), math.log(part.scale[1]), random))
    shift = _uniform(2 * count, -2 * part.shift, 2 * part.shift, random).view(count, 2)
    moved = torch.rand(count, generator=random, device=device) < part.probability
    across = torch.where(torch.rand(count, generator=random, device=device) < part.mirror, -1.0, 1.0)
    down = torch.where(torch.rand(count, generator=random, device=device) < part.flip, -1.0, 1.0)
    angle, shear, shift = angle * moved, shear * moved, shift * moved.unsqueeze(1)
    zoom = torch.where(moved, zoom, 1.0)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    matrix = torch.zeros(count, 2, 3, device=device)
    matrix[:, 0, 0], matrix[:, 0, 1] = cos * across, (cos * shear - sin) * down
    matrix[:, 1, 0], matrix[:, 1, 1] = sin * across, (sin * shear + cos) * down
    matrix[:, :, 2] = shift
    return matrix


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
        grain = torch.randn(images.shape, generator=random, device=random.device)
        images = images + grain * each(0, part.noise)
    return images.clamp(0, 1)
