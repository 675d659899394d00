"""What a file tells, against NumPy on the decoded pixels and what was written into the header."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainmtl.audit.looks import INTENSITY, METADATA, look_at
from brainmtl.errors import InputError


def test_brightness_is_that_of_the_pixels(make_table):
    pixels = np.random.default_rng(3).integers(0, 200, (40, 50)).astype(np.uint8)
    pixels[:10] = 0
    looks, _ = look_at(make_table([{"pixels": pixels}]))
    expected = (
        pixels.mean(),
        pixels.std(),
        np.quantile(pixels, 0.5, method="inverted_cdf"),
        pixels.max(),
        (pixels == 0).mean(),
    )
    assert looks.intensity.iloc[0].to_dict() == pytest.approx(dict(zip(INTENSITY, expected, strict=True)))


def test_headers_tell_files_of_the_same_pixels_apart(make_table, tmp_path: Path):
    table = make_table([{"id": name} for name in ("png", "grey", "colour", "turned")])
    image = Image.open(table["image"][0])
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, (mode, how) in {
        "grey": ("L", {"quality": 60}),
        "colour": ("RGB", {"quality": 90}),
        "turned": ("L", {"quality": 60, "exif": exif, "progressive": True}),
    }.items():
        path = tmp_path / f"{name}.jpg"
        image.convert(mode).save(path, "JPEG", **how)
        table.loc[table["id"] == name, "image"] = str(path)
    found = look_at(table)[0].metadata.set_index(table["id"])
    assert list(found) == list(METADATA)
    assert found["bytes"].tolist() == [Path(path).stat().st_size for path in table["image"]]
    assert found["jpeg_tables"].tolist() == [0, 1, 2, 1]
    assert found["exif_fields"].tolist() == [0, 0, 0, 1]
    assert found["progressive"].tolist() == [0, 0, 0, 1]
    assert found["format"]["png"] != found["format"]["grey"] == found["format"]["colour"]
    assert found["mode"]["colour"] != found["mode"]["grey"]
    assert (
        found["jpeg_quantization"]["grey"] > found["jpeg_quantization"]["colour"] / 2
    )  # lower quality, coarser


def test_thumbnails_are_in_order_and_every_slice_is_counted(phantom):
    counted: list[int] = []
    some = phantom.iloc[:5]
    looks, _ = look_at(some, counted.append)
    assert counted == [1, 2, 3, 4, 5]
    assert looks.thumbnails.shape == (5, 32, 32)
    for thumbnail, path in zip(looks.thumbnails, some["image"], strict=True):
        small = Image.open(path).convert("L").resize((32, 32), Image.Resampling.BILINEAR)
        assert (thumbnail == np.asarray(small)).all()


def test_a_missing_file_is_named(make_table):
    table = make_table([{}])
    Path(table["image"][0]).unlink()
    with pytest.raises(InputError, match=r"s0\.png"):
        look_at(table)
