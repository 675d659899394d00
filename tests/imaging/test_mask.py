"""Masks survive the disk, and are held to their slice."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from brainmtl.errors import InputError
from brainmtl.imaging.mask import read_mask, write_mask


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("masks")


@given(mask=arrays(bool, st.tuples(st.integers(16, 40), st.integers(16, 40))))
def test_round_trip(folder: Path, mask):
    write_mask(folder / "mask.png", mask)
    assert (read_mask(folder / "mask.png", mask.shape) == mask).all()
    with Image.open(folder / "mask.png") as image:
        assert image.mode == "L"
        assert (np.asarray(image) == np.where(mask, 255, 0)).all()


def test_only_what_is_brighter_than_half_is_tumour(tmp_path: Path):
    values = np.zeros((16, 16), np.uint8)
    values[0, :6] = (10, 127, 128, 246, 255, 0)
    Image.fromarray(values).save(tmp_path / "soft.png")
    assert read_mask(tmp_path / "soft.png")[0, :6].tolist() == [False, False, True, True, True, False]


def test_another_size_than_its_slice(tmp_path: Path):
    write_mask(tmp_path / "mask.png", np.zeros((20, 30), bool))
    with pytest.raises(InputError, match=r"mask is 30×20, its slice 20×30.*save the mask") as caught:
        read_mask(tmp_path / "mask.png", (30, 20))
    assert caught.value.field == "mask"
