"""TorchScript that resamples as Pillow does, whatever the slice's shape."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import brainmtl
from brainmtl.imaging.square import from_square, to_square
from brainmtl.inference.certainty import temper
from brainmtl.inference.info import CLASS, FEATURES, MASK, PackageInfo, Provenance
from brainmtl.training.native import load_script, native_script

SIZE, TEMPERATURE = 48, 0.7


class Mirror(nn.Module):
    """Its mask is the square that it sees, its classes tell how bright that is."""

    def forward(self, squares: torch.Tensor) -> tuple[torch.Tensor, ...]:
        mean = squares.mean(dim=(1, 2, 3))[:, None]
        return squares, torch.softmax(mean * torch.tensor([9.0, 3.0, -2.0, -50.0]), dim=1), mean


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    made = {}
    for fit in ("pad", "stretch"):
        info = PackageInfo(
            name="mirror", task="joint", size=SIZE, fit=fit, outputs=(MASK, CLASS, FEATURES), parameters=0,
            temperature=TEMPERATURE, provenance=Provenance(brainmtl="0", recipe="mirror", created="then"),
        )  # fmt: skip
        made[fit] = native_script(Mirror().eval(), info)
    return made


@pytest.fixture(scope="module")
def scripts(contents: dict[str, bytes]) -> dict[str, nn.Module]:
    return {fit: load_script(content) for fit, content in contents.items()}


SIDES = st.integers(16, 200)


@given(height=SIDES, width=SIDES, fit=st.sampled_from(["pad", "stretch"]), seed=st.integers(0, 99))
def test_there_and_back_as_pillow_goes(scripts, height, width, fit, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    with torch.inference_mode():
        said = scripts[fit](torch.from_numpy(pixels)[None, None].float())
    square = to_square(pixels, SIZE, fit).astype(np.float32) / 255
    expected = from_square(square, height, width, fit)
    found = said[MASK][0, 0].numpy()
    assert found.shape == (height, width)
    exact = fit == "pad" or height == width
    assert np.abs(found - expected).max() <= (1e-4 if exact else 2.01 / 255)
    powers = np.exp(float(square.mean()) * np.array([9.0, 3.0, -2.0, -50.0]))
    chances = temper((powers / powers.sum())[None], TEMPERATURE)[0]
    assert said[CLASS][0].numpy() == pytest.approx(chances, abs=1e-5 if exact else 1e-3)
    assert set(said) == {MASK, CLASS}


def test_a_batch_is_its_slices(scripts):
    slices = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 1, 70, 50))).float()
    script = scripts["pad"]
    with torch.inference_mode():
        together = script(slices)
        for row in range(3):
            alone = script(slices[row : row + 1])
            assert torch.allclose(together[MASK][row], alone[MASK][0], atol=1e-6)
            assert torch.allclose(together[CLASS][row], alone[CLASS][0], atol=1e-6)


def test_the_file_names_no_file_of_this_machine(contents):
    with zipfile.ZipFile(io.BytesIO(contents["pad"])) as file:
        content = b"".join(file.read(name) for name in file.namelist())
    for place in (Path(brainmtl.__file__).parent, Path(torch.__file__).parent, Path.cwd(), Path(__file__)):
        assert str(place).encode() not in content
