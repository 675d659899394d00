"""Pretrained encoders from files at hand: every tensor arrives, the first layer summed over the colours."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from brainmtl.models.build import build_network
from brainmtl.models.encoders import TimmEncoder
from brainmtl.training.recipe import read_recipe

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def folder() -> Path:
    named = os.environ.get("BRAINMTL_WEIGHTS")
    if named is None:
        pytest.skip("BRAINMTL_WEIGHTS is not set; it names a folder of <timm name>.safetensors")
    return Path(named)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("tf_efficientnet_lite0", {}),
        ("mobilenetv2_100", {"pad_type": "same"}),
        ("tf_efficientnet_b0", {}),
    ],
)
@pytest.mark.parametrize("first_layer", ["sum", "mean"])
def test_every_tensor_arrives(folder, name, options, first_layer):
    path = folder / f"{name}.safetensors"
    if not path.is_file():
        pytest.skip(f"BRAINMTL_WEIGHTS={folder} holds no {path.name}")
    encoder = TimmEncoder(name, True, path, first_layer, options).network.state_dict()
    stored = load_file(path)
    assert len(encoder) > 200
    for key, value in encoder.items():
        expected = stored[key].to(value.dtype)
        if key == "conv_stem.weight":
            expected = expected.sum(dim=1, keepdim=True) / (3 if first_layer == "mean" else 1)
        torch.testing.assert_close(value, expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("recipe", "name", "overrides"),
    [
        ("gil2025-mobilenetv2", "mobilenetv2_100", ["network.encoder.options.pad_type=same"]),
        ("portfolio2026-mobilenetv2", "mobilenetv2_100", ["network.encoder.first_layer=mean"]),
        ("gil2025-efficientnet-b0", "tf_efficientnet_b0", ["network.encoder.name=tf_efficientnet_b0"]),
        ("gil2025-efficientnet-unet", "tf_efficientnet_b0", ["network.encoder.name=tf_efficientnet_b0"]),
    ],
)
def test_recipes_start_from_a_file(folder, recipe, name, overrides):
    path = folder / f"{name}.safetensors"
    if not path.is_file():
        pytest.skip(f"BRAINMTL_WEIGHTS={folder} holds no {path.name}")
    part = read_recipe(recipe, overrides).network
    network = build_network(part, path)
    state = {key.rpartition("network.")[2]: value for key, value in network.state_dict().items()}
    stored = load_file(path)
    head = () if part.decoder is None else ("conv_head.", "bn2.")
    for key in (key for key in stored if not key.startswith(head)):
        expected = stored[key].to(state[key].dtype)
        if key == "conv_stem.weight":
            shares = {"sum": 1, "mean": 3}[part.encoder.first_layer]
            expected = expected.sum(dim=1, keepdim=True) / shares
        torch.testing.assert_close(state[key], expected, atol=1e-6, rtol=1e-6)
    last = state.get("classifier.weight")
    assert (last is None) == (part.decoder is not None)
