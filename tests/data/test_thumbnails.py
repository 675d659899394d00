"""Standard thumbnails, whose dot product is a correlation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainmtl.data.thumbnails import standard_thumbnails


def test_thumbnails_have_mean_0_and_length_1(phantom: pd.DataFrame):
    thumbnails = standard_thumbnails(phantom["image"])
    assert thumbnails.shape == (60, 32, 32)
    assert thumbnails.mean(axis=(1, 2)) == pytest.approx(0, abs=1e-6)
    assert (thumbnails**2).sum(axis=(1, 2)) == pytest.approx(1, abs=1e-5)


def test_a_product_is_pearsons_correlation(tmp_path: Path):
    fields = np.random.default_rng(0).integers(0, 255, (2, 32, 32), dtype=np.uint8)
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path, field in zip(paths, fields, strict=True):
        Image.fromarray(field).save(path)
    one, other = standard_thumbnails(pd.Series([str(path) for path in paths]))
    expected = np.corrcoef(fields[0].ravel(), fields[1].ravel())[0, 1]
    assert (one * other).sum() == pytest.approx(expected, abs=1e-5)


def test_a_blank_picture_is_like_nothing(tmp_path: Path):
    Image.fromarray(np.full((40, 40), 7, np.uint8)).save(tmp_path / "blank.png")
    assert not standard_thumbnails(pd.Series([str(tmp_path / "blank.png")])).any()
