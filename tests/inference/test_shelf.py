"""A package is found by its file, its run folder, or its name; the documented example runs."""

import doctest
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import brainmtl
from brainmtl.errors import InputError
from brainmtl.inference.shelf import find_package

MakePackage = Callable[..., Path]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRAINMTL_MODELS", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "models"


def test_by_file_by_run_and_by_name(make_package: MakePackage, shelf: Path, tmp_path: Path):
    content = make_package().read_bytes()
    for folder, name in ((shelf, "base.onnx"), (tmp_path / "run", "model.onnx"), (tmp_path, "own.onnx")):
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    assert find_package("base") == shelf / "base.onnx"
    for name in ("base", "run", "own.onnx", tmp_path / "own.onnx"):
        assert brainmtl.load(name).info.name == "bright"


def test_an_unknown_name_tells_the_nearest(shelf: Path):
    with pytest.raises(InputError, match=r"base: no model package of this name \(Name a file"):
        brainmtl.load("base")
    shelf.mkdir()
    (shelf / "base.onnx").touch()
    with pytest.raises(InputError, match="did you mean base"):
        brainmtl.load("bass")
    with pytest.raises(InputError, match="no such model package"):
        brainmtl.load("absent.onnx")


def test_the_example_runs(make_package: MakePackage, shelf: Path):
    pixels = np.full((60, 50), 40, np.uint8)
    pixels[4:56, 3:47] = 250
    Image.fromarray(pixels).save("slice.png")
    Path("demo.onnx").write_bytes(make_package().read_bytes())
    found = doctest.testmod(brainmtl)
    assert (found.attempted, found.failed) == (6, 0)


def test_importing_loads_nothing_heavy():
    code = "import sys, brainmtl; assert not {'torch', 'numpy', 'onnxruntime', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
