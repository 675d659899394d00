"""The examples run, and what they write is right."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"
WINDOW = {"WindowCenter": "500", "WindowWidth": "1000", "VOILUTFunction": "LINEAR_EXACT"}


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """A bright block of 20 × 20 pixels on slices 1–4 of six, the largest slice being the third."""
    values = np.random.default_rng(0).integers(50, 150, (6, 64, 64)).astype(np.uint16)
    values[1:5, 20:40, 20:40] = 900
    values[2, 40, 20:40] = 900
    return values


@pytest.fixture
def run(make_package: Callable[..., Path], tmp_path: Path) -> Callable[[str, Path], str]:
    def start(name: str, file: Path) -> str:
        command = [sys.executable, EXAMPLES / f"{name}.py", make_package(), file, tmp_path / "out"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return start


def test_a_picture(run, head, tmp_path: Path):
    Image.fromarray((head[1] / 4).astype(np.uint8)).save(tmp_path / "slice.png")
    said = run("picture", tmp_path / "slice.png")
    assert "tumour on 400 px" in said
    mask = np.asarray(Image.open(tmp_path / "out" / "mask.png"))
    assert (mask == np.where(head[1] > 500, 255, 0)).all()
    assert Image.open(tmp_path / "out" / "overlay.png").mode == "RGB"


def test_a_series(run, write_series, head, tmp_path: Path):
    write_series(tmp_path / "scan", head, **WINDOW)
    said = run("series", tmp_path / "scan")
    assert f"volume: {(4 * 400 + 20) * 0.5 * 0.75 * 5 / 1000:.3f}" in said
    mask = np.asarray(Image.open(tmp_path / "out" / "slice_0002.png"))
    assert (mask == np.where(head[2] > 500, 255, 0)).all()


def test_a_volume(run, head, tmp_path: Path):
    affine = np.diag([-0.75, -0.5, 5, 1])
    nibabel.save(nibabel.Nifti1Image(head.transpose(2, 1, 0), affine), tmp_path / "head.nii.gz")
    said = run("volume", tmp_path / "head.nii.gz")
    assert f"{(4 * 400 + 20) * 0.5 * 0.75 * 5 / 1000:.3f} ml" in said
    assert "on slices [1, 2, 3, 4] of 6" in said
    (file,) = (tmp_path / "out").rglob("*.nii.gz")
    mask = nibabel.load(file)
    assert (mask.affine == affine).all()
    assert (mask.get_fdata() == (head.transpose(2, 1, 0) > 500)).all()


def test_each_is_named_in_the_documents():
    text = (EXAMPLES.parent / "docs" / "predictions.md").read_text(encoding="utf-8")
    for file in EXAMPLES.glob("*.py"):
        assert f"examples/{file.name}" in text
