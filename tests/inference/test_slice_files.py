"""What a viewer draws: the slice as it was shown, and the probability of every pixel."""

from pathlib import Path

import numpy as np
from PIL import Image

from brainmtl.inference.package import ModelPackage
from brainmtl.inference.predict import predict_files


def test_a_viewer_gets_the_slice_and_its_probabilities(package: ModelPackage, bright, tmp_path: Path):
    pixels = np.tile(np.linspace(90, 160, 64).astype(np.uint8), (64, 1))
    Image.fromarray(pixels).save(tmp_path / "ramp.png")
    (row,) = predict_files(package, [tmp_path / "ramp.png"], tmp_path / "out", view=True, overlay=False)
    assert (row.picture, row.mask_probability) == ("slices/ramp.png", "probabilities/ramp.png")
    assert row.overlay is None
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / row.picture)), pixels)
    shades = np.asarray(Image.open(tmp_path / "out" / row.mask_probability)).astype(float)
    assert np.abs(shades / 255 - bright.mask(pixels / 255)).max() <= 0.5 / 255 + 1e-6


def test_nobody_else_gets_them(package: ModelPackage, tmp_path: Path):
    Image.new("L", (64, 64), 200).save(tmp_path / "a.png")
    (row,) = predict_files(package, [tmp_path / "a.png"], tmp_path / "out")
    assert row.picture is row.mask_probability is None
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "masks",
        "overlays",
        "results.csv",
        "results.json",
    ]


def test_a_scan_gets_them_slice_by_slice(package: ModelPackage, write_series, tmp_path: Path):
    values = np.full((3, 64, 64), 100, np.uint16)
    values[:, 20:40, 20:40] = 900
    write_series(tmp_path / "scan", values, WindowCenter="500", WindowWidth="1000")
    rows = predict_files(package, [tmp_path / "scan"], tmp_path / "out", view=True)
    assert [row.picture for row in rows] == [f"slices/scan/{number:04}.png" for number in range(3)]
    for row in rows:
        mask = np.asarray(Image.open(tmp_path / "out" / str(row.mask))) > 0
        shades = np.asarray(Image.open(tmp_path / "out" / str(row.mask_probability)))
        assert np.array_equal(mask, shades > 127)
