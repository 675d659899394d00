"""bf16 where it is asked for, or where the machine is quick at it."""

from pathlib import Path

import pytest
import torch
from torch import nn

from brainmtl.training.precision import use_bf16
from brainmtl.training.recipe import read_recipe

FULL = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Conv2d(8, 8, 1))
DEPTHWISE = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Conv2d(8, 8, 3, groups=8))


def asked(precision: str):
    return read_recipe("demo-joint", [f"precision={precision}"])


@pytest.mark.parametrize("network", [FULL, DEPTHWISE])
def test_a_recipe_that_asks_gets_what_it_asks_for(network):
    assert use_bf16(asked("bf16"), network)
    assert not use_bf16(asked("fp32"), network)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a graphics processor decides")
def test_by_itself_only_what_this_processor_is_quick_at():
    information = Path("/proc/cpuinfo")
    if not information.is_file():
        pytest.skip("this system does not tell what its processor can")
    lines = information.read_text().splitlines()
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    assert use_bf16(asked("auto"), FULL) == bool(flags & {"amx_bf16", "avx512_bf16"})
    assert use_bf16(asked("auto"), DEPTHWISE) == ("amx_bf16" in flags)
