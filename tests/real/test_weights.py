"""Pretrained encoders from files at hand: every tensor arrives, the first layer summed over the colours."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from brainmtl.models.encoders import TimmEncoder

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
