"""Pretrained encoder weights from a file, read without unpickling code."""

import pickle
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from brainmtl.errors import InputError


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict.

    Args:
        path: a ``.safetensors`` file, or a ``.pth`` / ``.pt`` that holds tensors and nothing else.

    Returns:
        Float32 tensors by name.

    Raises:
        InputError: the file is missing, damaged, or would need code to be unpickled.
    """
    if not path.is_file():
        raise InputError("no such weights", where=path, mend="check --encoder-weights")
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
            state = state.get("state_dict", state)
        return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, AttributeError, OSError) as error:
        raise InputError(
            "not a state dict of tensors", where=path, mend="save it with safetensors.torch.save_file"
        ) from error


def check_weights(state: dict[str, Tensor], encoder: str, options: dict[str, object], path: Path) -> None:
    """Make sure that weights are those of a timm network; a classifier may be absent or extra.

    Args:
        state: from :func:`read_weights`.
        encoder: timm's name.
        options: what else the network is created with.
        path: named in an error.

    Raises:
        InputError: a tensor is missing, left over, or of another shape.
    """
    network = timm.create_model(encoder, pretrained=False, **options)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    head = network.pretrained_cfg.get("classifier") or "classifier"
    heads = (head,) if isinstance(head, str) else tuple(head)
    given = {name: tuple(value.shape) for name, value in state.items() if not name.startswith(heads)}
    wanted = {name: shape for name, shape in expected.items() if not name.startswith(heads)}
    odd = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
    if odd:
        raise InputError(
            f"{len(odd)} tensors differ from {encoder}'s", where=path, field=odd[0], mend=f"pass weights of {encoder}"
        )
