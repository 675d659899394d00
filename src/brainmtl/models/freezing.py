"""Freezing: stages of an encoder that keep the weights they have."""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Self

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from brainmtl.errors import InputError

FIELD = "network.encoder.frozen"
STEM, HEAD = "stem", "head"
NAMES = (
    (re.compile(r"(conv_stem|conv1|bn1|features[._](conv|norm)0)\."), STEM),
    (re.compile(r"(conv_head|bn2|features[._]norm5)\."), HEAD),
)
NUMBERS = (
    (re.compile(r"(?:blocks|levels)\.(\d+)\.(?:(\d+)\.)?"), 1),
    (re.compile(r"layer(\d+)\.(?:(\d+)\.)?"), 0),
    (re.compile(r"features[._](?:denseblock|transition)(\d+)\.(?:denselayer(\d+)\.)?"), 0),
)
"""Where a tensor's name says the number of its stage and of its block, and what makes stages count from 1."""
OWN_HEADS = ("classifier.", "fc.", "head.fc.")
"""The class layer of a whole timm network, which is no part of an encoder."""


class Freezable(nn.Module):
    """A network whose frozen batch norms stay in eval mode, whatever mode the network is put into."""

    def train(self, mode: bool = True) -> Self:
        """Set the mode: with it, running statistics move in the norms that train, and in no other."""
        super().train(mode)
        for module in self.modules():
            weights = list(module.parameters(recurse=False)) if isinstance(module, _BatchNorm) else []
            if weights and not any(weight.requires_grad for weight in weights):
                module.eval()
        return self


def stages(network: nn.Module) -> dict[str, list[str]]:
    """Name the parts of an encoder that can be frozen.

    Args:
        network: a :class:`~brainmtl.models.network.Network` or
            :class:`~brainmtl.models.network.WholeClassifier`.

    Returns:
        The names of the parameters of each: ``stem``, ``stage1`` … from fine to coarse (a transition of a
        dense network belongs to the block before it), ``stage1.1`` for a block of one, ``head`` for what a
        whole network has after them; for other families timm's own names.
    """
    found: dict[str, list[str]] = {}
    for full, _ in network.named_parameters():
        room, _, name = full.partition(".")
        name = name.removeprefix("network.") if room == "encoder" else name
        if room in ("encoder", "network") and not name.startswith(OWN_HEADS):
            for stage in _stages_of(name):
                found.setdefault(stage, []).append(full)
    return found


def _stages_of(name: str) -> Iterator[str]:
    for pattern, stage in NAMES:
        if pattern.match(name):
            yield stage
            return
    for pattern, first in NUMBERS:
        if match := pattern.match(name):
            stage = f"stage{int(match[1]) + first}"
            yield stage
            if match[2] is not None:
                yield f"{stage}.{int(match[2]) + (0 if 'denselayer' in match[0] else 1)}"
            return
    yield name.partition(".")[0]


def freeze(network: nn.Module, frozen: Sequence[str]) -> None:
    """Let some stages keep their weights: no gradient, no optimiser, and norms that use what they have seen.

    Args:
        network: left in training mode.
        frozen: stages or blocks by the names that :func:`stages` gives.

    Raises:
        InputError: the encoder has no such stage; the nearest is named.
    """
    known = stages(network)
    for name in frozen:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            whole = ", ".join(stage for stage in known if "." not in stage)
            raise InputError(
                f"the encoder has no stage {name!r}",
                field=FIELD,
                mend=f"did you mean {near[0]}? It has {whole}",
            )
    still = {parameter for name in frozen for parameter in known[name]}
    for name, parameter in network.named_parameters():
        if name in still:
            parameter.requires_grad_(False)
    network.train()


def thaw(network: nn.Module) -> None:
    """Let every stage train.

    Args:
        network: left in training mode.
    """
    network.requires_grad_(True)
    network.train()
