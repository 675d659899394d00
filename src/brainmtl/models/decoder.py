"""Decoders: from the coarsest features back to the slice."""

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from brainmtl.errors import InputError
from brainmtl.models.attention import AttentionGate
from brainmtl.models.blocks import DoubleConv, SingleConv

Upsampling = Literal["nearest", "transposed"]


class Up(nn.Module):
    """Double the resolution, join the skip, convolve.

    Args:
        inputs: channels from below.
        skip: channels of the skip connection; 0 for none.
        outputs: channels upwards.
        attention: gate the skip.
        upsampling: nearest neighbour, or a learned 2×2 transposed convolution to ``outputs`` channels.
    """

    def __init__(self, inputs: int, skip: int, outputs: int, attention: bool, upsampling: Upsampling) -> None:
        super().__init__()
        self.transposed = (
            nn.ConvTranspose2d(inputs, outputs, 2, stride=2) if upsampling == "transposed" else None
        )
        below = outputs if self.transposed is not None else inputs
        self.gate = AttentionGate(skip, below) if attention and skip else None
        self.conv = DoubleConv(below + skip, outputs)

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        """Map ``(B, inputs, H, W)`` and a skip ``(B, skip, 2H, 2W)`` to ``(B, outputs, 2H, 2W)``."""
        if self.transposed is not None:
            x = self.transposed(x)
        else:
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
        if skip is not None:
            x = torch.cat((self.gate(skip, x) if self.gate is not None else skip, x), dim=1)
        result: Tensor = self.conv(x)
        return result


class UNetDecoder(nn.Module):
    """Feature maps to one mask logit a pixel, taking up a skip at each level.

    Args:
        channels: channels of the encoder's feature maps, fine to coarse.
        strides: their strides, powers of two, each twice the one before.
        widths: output channels of each step up, coarse to fine; one for each halving of the coarsest stride
            down to ``stride``.
        attention: gate every skip.
        upsampling: see :class:`Up`.
        stride: of the finest step; its logits are interpolated bilinearly to the slice. A step at full
            resolution costs as much as all others together.
        deep: in training every step says a mask (Lee et al., Deeply-supervised nets, AISTATS 2015).

    Raises:
        InputError: the strides do not double, or the widths are not one for each step up.
    """

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        widths: Sequence[int],
        attention: bool = False,
        upsampling: Upsampling = "nearest",
        stride: int = 1,
        deep: bool = False,
    ) -> None:
        super().__init__()
        doubling = [strides[0] * 2**level for level in range(len(strides))]
        if list(strides) != doubling or strides[0].bit_count() != 1:
            raise InputError(
                f"its features have the strides {', '.join(map(str, strides))}",
                field="network.encoder.name",
                mend="a decoder needs strides that double",
            )
        skips = [*channels[-2::-1], *[0] * (strides[0].bit_length() - 1)]
        skips = skips[: len(skips) - (stride.bit_length() - 1)]
        _check_widths(widths, len(skips))
        inputs = (channels[-1], *widths[:-1])
        self.steps = nn.ModuleList(
            Up(below, skip, width, attention, upsampling)
            for below, skip, width in zip(inputs, skips, widths, strict=True)
        )
        self.head = nn.Conv2d(widths[-1], 1, 1)
        self.stride = stride
        self.coarse_heads = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in widths[:-1]) if deep else None

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Map the encoder's features to mask logits ``(B, 1, H, W)``; in training, where it is deep, to those
        of every step, ``(B, steps, H, W)``, fine to coarse."""
        x = features[-1]
        levels = []
        skips = chain(features[-2::-1], repeat(None))
        for step, skip in zip(self.steps, skips, strict=False):
            x = step(x, skip)
            levels.append(x)
        result = _enlarge(self.head(x), self.stride)
        if self.coarse_heads is None or not self.training:
            return result
        coarse = [
            _enlarge(head(level), self.stride * 2 ** (len(self.steps) - 1 - number))
            for number, (head, level) in enumerate(zip(self.coarse_heads, levels[:-1], strict=True))
        ]
        return torch.cat((result, *reversed(coarse)), dim=1)


class SkiplessDecoder(nn.Module):
    """The coarsest features to one mask logit a pixel: a convolution and a doubling a step, no skips.

    Ferreira et al. 2024, "ST and MTL architectures".

    Args:
        channels: see :class:`UNetDecoder`; the last counts.
        strides: see :class:`UNetDecoder`; the last counts.
        widths: output channels of each step up, coarse to fine; one for each halving of the coarsest stride.

    Raises:
        InputError: the widths are not one for each step up.
    """

    def __init__(self, channels: Sequence[int], strides: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        _check_widths(widths, strides[-1].bit_length() - 1)
        inputs = (channels[-1], *widths[:-1])
        self.steps = nn.ModuleList(
            SingleConv(before, after) for before, after in zip(inputs, widths, strict=True)
        )
        self.head = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Map the encoder's features to mask logits ``(B, 1, H, W)``."""
        x = features[-1]
        for step in self.steps:
            x = functional.interpolate(step(x), scale_factor=2.0, mode="nearest")
        result: Tensor = self.head(x)
        return result


def _enlarge(logits: Tensor, factor: int) -> Tensor:
    if factor == 1:
        return logits
    return functional.interpolate(logits, scale_factor=float(factor), mode="bilinear")


def _check_widths(widths: Sequence[int], steps: int) -> None:
    if len(widths) != steps:
        raise InputError(
            f"{len(widths)} widths, this encoder needs {steps}",
            field="network.decoder.widths",
            mend="one width for each step up",
        )
