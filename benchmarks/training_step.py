"""A training step of ours against the same network from segmentation_models_pytorch, eager fp32 NCHW."""

import statistics
import time
from collections.abc import Callable

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn

from brainmtl.models.build import build_network
from brainmtl.models.network import Outputs
from brainmtl.training.losses import joint_loss
from brainmtl.training.precision import use_bf16
from brainmtl.training.recipe import Recipe, read_recipe

WIDTHS = (256, 128, 64, 32, 16)
SAME = (
    f"network.decoder.widths={list(WIDTHS)}",
    "network.decoder.stride=1",
    "network.decoder.deep_supervision=false",
)
"""What makes a joint recipe's network theirs."""


class Theirs(nn.Module):
    """segmentation_models_pytorch's U-Net with its class head, answering as ours does."""

    def __init__(self, encoder: str) -> None:
        super().__init__()
        self.network = smp.Unet(
            encoder_name=f"tu-{encoder}",
            encoder_weights=None,
            in_channels=1,
            classes=1,
            decoder_channels=WIDTHS,
            aux_params={"classes": 4, "dropout": 0.2},
        )

    def forward(self, images: Tensor) -> Outputs:
        return Outputs(*self.network(images))


def measure(size: int = 192, batch: int = 16, repeats: int = 9) -> dict[str, float]:
    """Median seconds of a step of both, taken in turns."""
    recipe = read_recipe("base-128", ["network.encoder.pretrained=false", *SAME])
    ours = _step(
        build_network(recipe.network).to(memory_format=torch.channels_last), recipe, size, batch, fast=True
    )
    theirs = _step(Theirs(recipe.network.encoder.name), recipe, size, batch, fast=False)
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(repeats):
        for name, step in (("ours", ours), ("theirs", theirs)):
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def _step(network: nn.Module, recipe: Recipe, size: int, batch: int, fast: bool) -> Callable[[], None]:
    torch.manual_seed(0)
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    images = torch.rand(batch, 1, size, size)
    if fast:
        images = images.contiguous(memory_format=torch.channels_last)
    masks = (torch.rand(batch, 1, size, size) > 0.9).float()
    labels, known = torch.randint(0, 4, (batch,)), torch.ones(batch, dtype=torch.bool)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=fast and use_bf16(recipe, network)):
            outputs = network(images)
        joint_loss(outputs, masks, labels, known, known, recipe.losses).total.backward()
        optimizer.step()

    return step
