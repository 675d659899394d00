"""Whether a run computes in bf16."""

import torch
from torch import nn

from brainmtl.training.recipe import Recipe


def use_bf16(recipe: Recipe, network: nn.Module) -> bool:
    """Whether a run computes in bf16: as its recipe says, or where the machine is quick at it.

    Where a processor has AVX-512's bf16 but no AMX, full convolutions are 1.1 to 3 times as fast as in
    float32, networks of depthwise ones .6 to 1.2 times where all of it trains (``benchmarks/published.md``).

    Args:
        recipe: its ``precision``.
        network: that is to be trained.
    """
    if recipe.precision != "auto":
        return recipe.precision == "bf16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    if torch.cpu._is_amx_tile_supported():
        return True
    return bool(torch.cpu._is_avx512_bf16_supported()) and not _depthwise(network)


def _depthwise(network: nn.Module) -> bool:
    convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d)]
    return any(part.groups == part.in_channels > 1 for part in convolutions)
