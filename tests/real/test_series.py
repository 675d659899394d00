"""BRISC's slices wrapped as a DICOM series: what comes out of it is the picture that went in."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from validator import validated

from brainmtl.imaging.dicom import list_frames
from brainmtl.imaging.picture import read_picture
from brainmtl.imaging.series import read_stack, stack_frames
from brainmtl.imaging.window import TOP

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def slices(brisc) -> np.ndarray:
    axial = brisc[(brisc["plane"] == "axial") & (brisc["width"] == 512) & (brisc["height"] == 512)]
    return np.stack([read_picture(Path(path)).pixels for path in axial["image"].iloc[:6]])


def test_through_its_window_a_slice_is_the_picture(write_series, slices, tmp_path: Path):
    sitk = pytest.importorskip("SimpleITK")
    window = {"WindowCenter": "127.5", "WindowWidth": "255", "VOILUTFunction": "LINEAR_EXACT"}
    files = write_series(tmp_path, slices, **window)
    (stack,) = stack_frames(frame for file in files for frame in list_frames(file))
    volume, bad = read_stack(stack)
    assert not bad
    assert (volume.grey == slices).all()
    for number, file in enumerate(files):
        assert (pydicom.dcmread(file).pixel_array == slices[number]).all()
        assert (sitk.GetArrayFromImage(sitk.ReadImage(str(file)))[0] == slices[number]).all()


def test_dcmtk_and_dicom3tools_accept_what_is_wrapped(write_series, slices, tmp_path: Path):
    """The test helper writes DICOM as others know it, so that reading it shows something."""
    for file in write_series(tmp_path, slices[:2].astype(np.uint16), BodyPartExamined="BRAIN"):
        validated(file)
        if shutil.which("dcmdump") is None:
            pytest.skip("dcmdump is not installed (Debian: dcmtk)")
        done = subprocess.run(["dcmdump", "--load-all", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0
        assert "E:" not in done.stderr


def test_without_a_window_it_is_nearly_the_picture(write_series, slices, tmp_path: Path):
    """Stored with 16 bits, as scanners do, and shown by the scan's own percentiles."""
    files = write_series(tmp_path, slices.astype(np.uint16) * 13)
    (stack,) = stack_frames(frame for file in files for frame in list_frames(file))
    grey = read_stack(stack)[0].grey.astype(float)
    assert abs(np.percentile(grey, 99.9) - TOP) <= 1
    assert np.abs(grey - slices).mean() < 10
