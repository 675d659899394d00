"""Pretrained encoder weights: from a file, read without unpickling code, or from timm's hub."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import huggingface_hub
import timm
import torch
from huggingface_hub.errors import EntryNotFoundError
from safetensors.torch import load_file
from torch import Tensor

from brainmtl.errors import InputError

HUB_FILES = ("model.safetensors", "pytorch_model.bin")
HUB_SECONDS = 10
HUB_MEND = "pass --encoder-weights FILE, or --set network.encoder.pretrained=false"


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
    except Exception as error:  # decoders raise anything on broken bytes
        raise InputError(
            "not a state dict of tensors", where=path, mend="save it with safetensors.torch.save_file"
        ) from error


def check_weights(state: dict[str, Tensor], encoder: str, options: Mapping[str, Any], path: Path) -> None:
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
    head = cast(dict[str, Any], network.pretrained_cfg).get("classifier") or "classifier"
    heads = tuple(f"{name}." for name in ([head] if isinstance(head, str) else head))
    given = {name: tuple(value.shape) for name, value in state.items() if not name.startswith(heads)}
    wanted = {name: shape for name, shape in expected.items() if not name.startswith(heads)}
    odd = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
    if odd:
        raise InputError(
            f"{len(odd)} tensors differ from {encoder}'s",
            where=path,
            field=odd[0],
            mend=f"pass weights of {encoder}",
        )


def reach_hub(encoder: str) -> None:
    """Ask timm's hub once for a network's weights, so that a missing hub is told without minutes of retries.

    Args:
        encoder: timm's name.

    Raises:
        InputError: the hub does not answer, and the weights were not fetched before.
    """
    known_of = timm.get_pretrained_cfg(encoder)
    repository = known_of.hf_hub_id if known_of is not None else None
    if not repository:
        return
    known = (huggingface_hub.try_to_load_from_cache(repository, name) for name in HUB_FILES)
    if any(isinstance(path, str) for path in known):
        return
    try:
        address = huggingface_hub.hf_hub_url(repository, HUB_FILES[0])
        huggingface_hub.get_hf_file_metadata(address, timeout=HUB_SECONDS)
    except EntryNotFoundError:
        return
    except Exception as error:  # the hub's client changes its errors with its releases
        raise hub_error(encoder, error) from error


def hub_error(encoder: str, error: Exception) -> InputError:
    """Say that pretrained weights cannot be fetched, and what to do instead.

    Args:
        encoder: timm's name.
        error: what went wrong.
    """
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return InputError(
        f"the weights of {encoder} cannot be fetched: {reason}",
        field="network.encoder.pretrained",
        mend=HUB_MEND,
    )
