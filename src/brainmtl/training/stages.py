"""A network taken apart into the stages that its package tells of."""

import math
import re
from typing import Any, cast

import torch
from torch import Tensor, nn

from brainmtl.inference.stages import Stage
from brainmtl.models.decoder import UNetDecoder, Up
from brainmtl.models.freezing import stages as encoder_stages

STEP = re.compile(r"decoder\.steps\.(\d+)\.")
HEADS = ("mask", "classes")


def list_stages(network: nn.Module, size: int) -> tuple[Stage, ...]:
    """List a network's stages in the order in which a slice goes through them.

    Args:
        network: of :func:`~brainmtl.models.build.build_network`, in eval mode.
        size: side of its square, in pixels.

    Returns:
        Stages whose parameters add up to the network's, and whose ``macs`` are those of its convolutions and
        dense layers.
    """
    places = _places(network)
    parameters: dict[str, int] = {}
    for name, weight in network.named_parameters():
        parameters[places[name]] = parameters.get(places[name], 0) + weight.numel()
    shapes, macs = _run(network, size, places)
    return tuple(
        Stage(
            name=name,
            room=_room(name),
            shape=shape,
            parameters=parameters[name],
            macs=macs[name],
            **_skip(network, name, shapes),
        )
        for name, shape in shapes.items()
    )


def _places(network: nn.Module) -> dict[str, str]:
    """Name of a parameter → the stage it belongs to."""
    found = {
        name: stage for stage, names in encoder_stages(network).items() if "." not in stage for name in names
    }
    for name, _ in network.named_parameters():
        if name not in found:
            step = STEP.match(name)
            found[name] = (
                f"up{int(step[1]) + 1}" if step else "mask" if name.startswith("decoder.") else "classes"
            )
    return found


def _run(
    network: nn.Module, size: int, places: dict[str, str]
) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Shape and cost of each stage, in the order of their last layers."""
    shapes: dict[str, tuple[int, ...]] = {}
    macs: dict[str, int] = dict.fromkeys(places.values(), 0)

    def watch(stage: str) -> Any:
        def note(layer: nn.Module, inputs: tuple[Tensor, ...], output: Any) -> None:
            if isinstance(output, Tensor):
                shapes[stage] = tuple(output.shape[1:])
                macs[stage] += _cost(layer, inputs, output)

        return note

    handles = []
    for name, layer in network.named_modules():
        own = next(iter(layer._parameters), None)
        if own is not None and f"{name}.{own}" in places:
            handles.append(layer.register_forward_hook(watch(places[f"{name}.{own}"])))
    with torch.inference_mode():
        network(torch.zeros(1, cast(Any, network).channels, size, size))
    for handle in handles:
        handle.remove()
    return shapes, macs


def _cost(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> int:
    if isinstance(layer, nn.ConvTranspose2d):
        return given[0].numel() * math.prod(layer.weight.shape[1:])
    if isinstance(layer, nn.Conv2d | nn.Linear):
        return made.numel() * math.prod(layer.weight.shape[1:])
    return 0


def _room(name: str) -> Any:
    return name if name in HEADS else "decoder" if name.startswith("up") else "encoder"


def _skip(network: nn.Module, name: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Which features a step of a U-Net's decoder takes up."""
    decoder: Any = getattr(network, "decoder", None)
    if not name.startswith("up") or not isinstance(decoder, UNetDecoder):
        return {}
    number = int(name[2:]) - 1
    encoder: Any = network.encoder
    level = len(encoder.channels) - 2 - number
    if level < 0:
        return {}
    side = shapes[name][-1]
    alike = [other for other, shape in shapes.items() if _room(other) == "encoder" and shape[-1] == side]
    takes = f"stage{level + 1}" if hasattr(encoder, "levels") else alike[-1] if alike else None
    step = cast(Up, decoder.steps[number])
    return {"takes": takes, "attention": step.gate is not None}
