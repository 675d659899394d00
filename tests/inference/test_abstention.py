"""Blank and coloured pictures are no slices; marks on a slice, and quiet slices, are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brainmtl.imaging.picture import read_picture
from brainmtl.inference.abstention import FLAT, is_blank
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.predict import predict_files


def disc(radius: float) -> np.ndarray:
    rows, columns = np.ogrid[:100, :100]
    return np.where((rows - 50) ** 2 + (columns - 50) ** 2 < radius**2, 120, 0).astype(np.uint8)


@given(st.integers(0, 255 - FLAT), st.integers(0, FLAT), st.integers(0, 10**6))
def test_a_slice_within_few_greys_is_blank_whatever_is_written_on_it(least, width, seed):
    pixels = np.random.default_rng(seed).integers(least, least + width + 1, (100, 100)).astype(np.uint8)
    pixels[3:8, 3:20] = 255
    assert is_blank(pixels)


def test_a_small_head_is_not_blank():
    assert not is_blank(disc(8))
    assert is_blank(disc(4))


def coloured(share: float) -> np.ndarray:
    pixels = np.repeat(disc(40)[..., None], 3, axis=2)
    pixels[: int(100 * share)] = (200, 120, 40)
    return pixels


@pytest.mark.parametrize(("share", "status"), [(0.05, "ok"), (0.3, "abstained"), (0.9, "abstained")])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_colour_photograph_is_no_slice_but_a_coloured_mark_is_none(
    package: ModelPackage, tmp_path: Path, share, status, suffix
):
    Image.fromarray(coloured(share)).save(tmp_path / f"a.{suffix}")
    alone = package.predict(tmp_path / f"a.{suffix}")
    (result,) = predict_files(package, [tmp_path / f"a.{suffix}"], tmp_path / "out")
    assert (alone.status, result.status) == (status, status)
    assert alone.reason == result.reason
    if status == "abstained":
        assert result.reason.startswith("a colour picture, no MRI slice")
        assert result.class_name is not None
        assert (tmp_path / "out" / result.mask).is_file()


@pytest.mark.parametrize(("share", "status"), [(0, "ok"), (0.05, "ok"), (0.3, "abstained")])
def test_colour_in_dicom_is_no_slice_either(
    package: ModelPackage, write_series, tmp_path: Path, share, status
):
    (path,) = write_series(tmp_path / "scan", disc(40)[None])
    dataset = pydicom.dcmread(path)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.PixelData = coloured(share).tobytes()
    dataset.save_as(path)
    alone = package.predict(path)
    (result,) = predict_files(package, [path], tmp_path / "out")
    assert (alone.status, result.status) == (status, status)
    if status == "abstained":
        Image.fromarray(coloured(share)).save(tmp_path / "a.png")
        assert alone.reason == result.reason == package.predict(tmp_path / "a.png").reason


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "I;16"])
def test_grey_is_not_colour_however_it_is_stored(tmp_path: Path, mode):
    grey = Image.fromarray(disc(40))
    suffix = "tif" if mode == "CMYK" else "png"
    (grey.convert("I;16") if mode == "I;16" else grey.convert(mode)).save(tmp_path / f"a.{suffix}")
    assert read_picture(tmp_path / f"a.{suffix}").colour == 0


def test_noise_of_an_old_scanner_is_not_colour(tmp_path: Path):
    noisy = coloured(0) + np.random.default_rng(0).integers(0, 12, (100, 100, 3)).astype(np.uint8)
    Image.fromarray(noisy).save(tmp_path / "a.jpg", quality=60)
    assert read_picture(tmp_path / "a.jpg").colour == 0


def test_a_blank_picture_says_so_first(package: ModelPackage, make_package: Callable[..., Path]):
    result = package.predict(np.full((50, 40), 90, np.uint8))
    assert (result.status, result.reason) == ("abstained", "blank: there is nothing on the slice")


def test_another_modality_is_not_answered(package: ModelPackage, write_series, tmp_path: Path):
    slices = np.random.default_rng(0).integers(0, 900, (3, 64, 64)).astype(np.uint16)
    for modality, status in (("MR", "ok"), ("OT", "ok"), ("CT", "abstained"), ("NM", "abstained")):
        write_series(tmp_path / modality, slices, Modality=modality)
        found = package.predict_scan(tmp_path / modality)
        assert {one.status for one in found} == {status}
        assert found[0].class_name is not None
        if status == "abstained":
            assert f"modality {modality}: the model knows MR only" in found[0].reason
