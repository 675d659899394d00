"""A package is found by its file, its run folder, or its name; the documented example runs."""

import doctest
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import brainmtl
from brainmtl.errors import InputError
from brainmtl.inference.shelf import SHIPPED, describe, find_package, shelved

MakePackage = Callable[..., Path]


@pytest.mark.parametrize(("name", "most"), [("base", 12_000_000), ("small", 5_000_000)])
def test_models_come_with_it_and_know_how_sure_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name, most
):
    """Whole, small, taught by BRISC, and with cards of their own."""
    monkeypatch.setenv("BRAINMTL_MODELS", str(tmp_path / "none"))
    shipped = shelved()
    assert sorted(shipped) == ["base", "small"]
    package = brainmtl.load(name)
    assert package.info.task == "joint"
    assert shipped[name].path.stat().st_size <= most
    assert package.sha256 == shipped[name].sha256
    assert package.sha256 in shipped[name].card.read_text(encoding="utf-8")
    assert brainmtl.load().sha256 == shipped["base"].sha256
    assert "CC BY 4.0" in package.info.provenance.attribution
    assert None not in package.info.certainty.class_sets.lead.values()
    assert package.predict(np.zeros((64, 64), np.uint8)).mask_area_px == 0


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's, empty, with nothing beside it."""
    monkeypatch.setattr("brainmtl.inference.shelf.SHIPPED", tmp_path / "shipped")
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


def test_a_folder_of_a_model_s_name_hides_it_only_if_it_holds_one(
    make_package: MakePackage, shelf: Path, tmp_path: Path
):
    shelf.mkdir()
    (shelf / "base.onnx").write_bytes(make_package().read_bytes())
    own = tmp_path / "base"
    own.mkdir()
    assert find_package("base") == shelf / "base.onnx"
    assert find_package(own) == own / "model.onnx"
    (own / "model.onnx").write_bytes(b"another")
    assert find_package("base") == Path("base", "model.onnx")


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


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for what comes with brainmtl, and nothing in it yet."""
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr("brainmtl.inference.shelf.SHIPPED", tmp_path / "shipped")
    return tmp_path / "shipped"


def ship(folder: Path, package: Path, name: str = "base") -> Path:
    path = folder / f"{name}.onnx"
    path.write_bytes(package.read_bytes())
    path.with_suffix(".md").write_text("# A card\n")
    record = folder / "models.json"
    entries = json.loads(record.read_text()) if record.is_file() else {}
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    record.write_text(json.dumps(entries | {name: {"sha256": sha256, "bytes": path.stat().st_size}}))
    return path


def test_base_is_what_nobody_has_to_name(make_package: MakePackage, shelf: Path, shipped: Path):
    with pytest.raises(InputError, match=r"this brainmtl comes with none \(name a package .*base\.onnx\)"):
        brainmtl.load()
    path = ship(shipped, make_package())
    ship(shipped, make_package(name="small"), "small")
    assert find_package() == find_package("base") == path
    assert brainmtl.load().info.name == "bright"
    assert brainmtl.load("small").info.name == "small"
    with pytest.raises(InputError, match="did you mean small"):
        find_package("smal")
    Path("base").mkdir()  # a folder that happens to be there is not what nobody named
    assert find_package() == path


def test_ones_own_stands_before_what_is_shipped(make_package: MakePackage, shelf: Path, shipped: Path):
    ship(shipped, make_package())
    shelf.mkdir()
    (shelf / "base.onnx").write_bytes(make_package(name="mine").read_bytes())
    assert brainmtl.load().info.name == "mine"
    assert [(one.name, one.sha256) for one in shelved().values()] == [("base", None)]


def test_a_shipped_file_is_the_one_that_was_shipped(make_package: MakePackage, shelf: Path, shipped: Path):
    path = ship(shipped, make_package())
    path.write_bytes(make_package(name="another").read_bytes())
    with pytest.raises(InputError, match=r"base\.onnx: missing, or not the file that was shipped"):
        brainmtl.load()
    path.unlink()
    with pytest.raises(InputError, match="install brainmtl again"):
        brainmtl.load("base")
    (shipped / "models.json").write_text("[")
    with pytest.raises(InputError, match=r"models\.json: cannot be read"):
        brainmtl.load()


def test_what_is_told_of_a_model(make_package: MakePackage, shelf: Path, shipped: Path):
    package = make_package(
        provenance={"brainmtl": "0", "recipe": "r", "created": "2025", "attribution": "A set (CC BY 4.0)."}
    )
    path = ship(shipped, package)
    (told,) = (describe(one) for one in shelved().values())
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    assert (told["name"], told["shipped"], told["sha256"]) == ("base", True, digest)
    assert (told["bytes"], told["licence"]) == (package.stat().st_size, "A set (CC BY 4.0).")
    assert told["card"] == str(path.with_suffix(".md"))


def test_what_is_shipped_is_on_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Every package in the repository, and no more than the record tells of; its size has its limit."""
    monkeypatch.setenv("BRAINMTL_MODELS", str(tmp_path))
    known = shelved()
    assert {path.stem for path in SHIPPED.glob("*.onnx")} == set(known)
    for one in known.values():
        assert describe(one)["bytes"] <= {"base": 12e6, "small": 5e6}[one.name]
        assert one.card is not None


def test_a_prediction_leaves_nothing_at_home(tmp_path: Path):
    """ONNX Runtime by itself keeps a number of the device there, and events to tell its makers."""
    home, picture = tmp_path / "home", tmp_path / "slice.png"
    home.mkdir()
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(picture)
    code = "import sys, brainmtl; brainmtl.load('small').predict(sys.argv[1])"
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "LANG")}
    subprocess.run([sys.executable, "-c", code, str(picture)], env=kept | {"HOME": str(home)}, check=True)
    assert [path for path in home.rglob("*") if path.is_file()] == []
