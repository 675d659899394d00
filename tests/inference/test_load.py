"""``brainmtl.load(…).predict`` takes what the command takes, and gives the same rows."""

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

import brainmtl
from brainmtl.errors import InputError
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.predict import predict_files

WINDOW = {"WindowCenter": "500", "WindowWidth": "1000", "VOILUTFunction": "LINEAR_EXACT"}
WRITTEN = ("mask", "overlay", "nifti", "dicom_seg", "dicom_sr")


@pytest.fixture(scope="module")
def model(make_package) -> ModelPackage:
    return brainmtl.load(make_package())


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """A block through slices 1–4 of six, and a stray one on the fifth."""
    values = np.random.default_rng(0).integers(50, 150, (6, 64, 64)).astype(np.uint16)
    values[1:5, 20:40, 20:40] = 900
    values[4, 50:54, 50:54] = 900
    return values


@pytest.mark.parametrize("kind", ["series", "nifti"])
def test_a_scan_gives_what_the_command_gives(model, write_series, head, tmp_path: Path, kind):
    path = tmp_path / ("scan" if kind == "series" else "scan.nii.gz")
    if kind == "series":
        write_series(path, head, **WINDOW)
    else:
        nibabel.save(nibabel.Nifti1Image(head.transpose(2, 1, 0), np.diag([1, 1, 4, 1])), path)
    results = model.predict_scan(path)
    expected = predict_files(model, [path], tmp_path / "out")
    assert [replace(one, **dict.fromkeys(WRITTEN)).row() for one in expected] == [
        result.row() for result in results
    ]
    assert results[0].volume_ml > 0
    for result, told in zip(results, expected, strict=True):
        with Image.open(tmp_path / "out" / told.mask) as mask:
            assert (result.mask_pixels == (np.asarray(mask) > 127)).all()
        assert result.mask_probabilities.shape == (result.height, result.width)
    assert not list(Path.cwd().glob("masks"))


def test_a_file_of_one_slice_is_a_slice(model, write_series, head, tmp_path: Path):
    (file,) = write_series(tmp_path / "scan", head[2:3], **WINDOW)
    result = model.predict(file)
    assert (result.file, result.slice, result.status) == (str(file), 0, "ok")
    assert result.mask_area_px == 400
    assert result.mask_area_mm2 is not None
    assert result.row() == model.predict_scan(file)[0].row()


def test_several_slices_are_no_slice(model, head, tmp_path: Path):
    nibabel.save(nibabel.Nifti1Image(head.transpose(2, 1, 0), np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(InputError, match=r"a\.nii: 6 slices \(predict_scan takes scans\)"):
        model.predict(tmp_path / "a.nii")


def test_what_is_no_scan(model, write_series, head, tmp_path: Path):
    for series in (1, 2):
        write_series(tmp_path / "two", head, series=series, **WINDOW)
    with pytest.raises(InputError, match="2 scans or pictures"):
        model.predict_scan(tmp_path / "two")
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "a.png")
    for path in (tmp_path / "a.png", tmp_path / "absent"):
        with pytest.raises(InputError, match="no DICOM or NIfTI"):
            model.predict_scan(path)
    (tmp_path / "bad.dcm").write_bytes(b"no DICOM at all")
    with pytest.raises(InputError, match=r"bad\.dcm"):
        model.predict(tmp_path / "bad.dcm")


def test_a_series_with_a_bad_file_says_so_at_its_end(model, write_series, head, tmp_path: Path):
    files = write_series(tmp_path / "scan", head, **WINDOW)
    files[5].write_bytes(files[5].read_bytes()[:-4000])
    results = model.predict_scan(tmp_path / "scan")
    assert [result.status for result in results] == ["ok"] * 5 + ["error"]
    assert results[-1].file == str(files[5])
