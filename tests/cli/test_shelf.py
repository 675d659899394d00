"""The models that go by a name, as the command line lists and uses them."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from bright import write_package

from brainmtl.imaging.picture import write_picture


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what comes with brainmtl lies; nothing does, and the user has nothing."""
    monkeypatch.setattr("brainmtl.inference.shelf.SHIPPED", tmp_path / "shipped")
    monkeypatch.setenv("BRAINMTL_MODELS", str(tmp_path / "own"))
    (tmp_path / "shipped").mkdir()
    return tmp_path / "shipped"


def ship(folder: Path) -> bytes:
    content = write_package(folder).read_bytes()
    (folder / "bright.onnx").rename(folder / "base.onnx")
    record = {"base": {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}}
    (folder / "models.json").write_text(json.dumps(record))
    return content


def test_models_are_listed(run, shipped: Path):
    code, out, err = run("models")
    assert (code, out) == (0, "")
    assert "no model comes with this brainmtl" in err
    content = ship(shipped)
    digest = hashlib.sha256(content).hexdigest()
    code, out, err = run("models", "--json")
    (row,) = json.loads(out)
    assert (code, row["name"], row["sha256"], row["bytes"]) == (0, "base", digest, len(content))
    assert digest[:12] in run("models")[1]
    (shipped / "base.onnx").write_bytes(content[:-1])
    code, out, err = run("models", "--json")
    assert (code, json.loads(out)) == (3, [])
    assert "base.onnx: missing, or not the file that was shipped" in err


def test_a_slice_is_predicted_though_no_model_is_named(run, shipped: Path, tmp_path: Path):
    pixels = np.full((60, 50), 40, np.uint8)
    pixels[10:30, 10:30] = 250
    write_picture(tmp_path / "slice.png", pixels)
    words = ("predict", tmp_path / "slice.png", "-o", tmp_path / "out", "--json")
    code, _, err = run(*words)
    assert code == 3
    assert "this brainmtl comes with none" in err
    content = ship(shipped)
    code, out, _ = run(*words)
    (row,) = json.loads(out)
    assert code == 0
    assert row["model_sha256"] == hashlib.sha256(content).hexdigest()
    assert row["mask_area_px"] == pytest.approx(400, abs=60)


def test_the_server_answers_with_base_by_itself(tmp_path: Path):
    write_package(tmp_path).rename(tmp_path / "base.onnx")
    command = [sys.executable, "-m", "brainmtl.cli", "serve", "--port", "0"]
    environment = {**os.environ, "BRAINMTL_MODELS": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "serving on" in line)
            with urlopen(re.findall(r"http://\S+", line)[0] + "v1/models") as answer:
                (told,) = json.load(answer)
        finally:
            process.kill()
    assert told["name"] == "bright"
