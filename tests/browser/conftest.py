"""Chromium, and a server to show it; where there is no browser, the tests skip and say so."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from brainmtl.inference.info import CLASS, KEY, MASK, OUTPUTS

SIZE = 128
STAGES = [
    {"name": "stage1", "room": "encoder", "shape": [4, 128, 128], "parameters": 100, "macs": 3000},
    {"name": "stage2", "room": "encoder", "shape": [8, 64, 64], "parameters": 300, "macs": 1000},
    {
        **{"name": "up1", "room": "decoder", "shape": [4, 128, 128], "parameters": 500, "macs": 6000},
        **{"takes": "stage1", "attention": True},
    },
    {"name": "mask", "room": "mask", "shape": [1, 128, 128], "parameters": 60, "macs": 0},
    {"name": "classes", "room": "classes", "shape": [4], "parameters": 40, "macs": 0},
]


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on the path (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory, write_run) -> Path:
    """Two runs on the same phantoms, ``near`` paints closer to the truth; and one of a thousand slices."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "far", shift=6)
    write_run(folder / "near", shift=1)
    shutil.copytree(folder / "near", folder / "thousand")
    part = folder / "thousand" / "evaluation" / "test"
    rows = json.loads((part / "per_image.json").read_text())
    many = [
        {**rows[number % len(rows)], "id": f"slice-{number:04}", "predicted_px": None}
        for number in range(1000)
    ]
    (part / "per_image.json").write_text(json.dumps(many))
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that marks what is bright and calls everything a meningioma."""
    path = tmp_path_factory.mktemp("model") / "bright.onnx"
    onnx.save(_bright(), path)
    return path


@contextmanager
def served(*options: str) -> Iterator[str]:
    """The address of a server of these options."""
    command = [sys.executable, "-m", "brainmtl.cli", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "serving on" in line)
        yield re.findall(r"http://\S+", line)[0]
        process.terminate()


@pytest.fixture(scope="session")
def address(model: Path, runs: Path) -> Iterator[str]:
    """A server of the model and of the runs."""
    with served("--model", str(model), "--runs", str(runs)) as found:
        yield found


@pytest.fixture
def guarded(model: Path, runs: Path, tmp_path: Path) -> Iterator[str]:
    """The same below a path, for those who know the token."""
    (tmp_path / "token").write_text("sesame")
    token = ("--token-file", str(tmp_path / "token"))
    with served("--model", str(model), "--runs", str(runs), "--prefix", "/brain", *token) as found:
        yield found


def _bright() -> onnx.ModelProto:
    shapes = {"image": ["b", 1, SIZE, SIZE], MASK: ["b", 1, SIZE, SIZE], CLASS: ["b", 4]}
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in shapes}
    constants = {
        "half": np.float32(0.5),
        "steep": np.float32(10),
        "none": np.zeros((1, 4), np.float32),
        "chances": np.log(np.array([0.2, 0.5, 0.2, 0.1], np.float32)),
    }
    nodes = [
        helper.make_node("Sub", ["image", "half"], ["centred"]),
        helper.make_node("Mul", ["centred", "steep"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], [MASK]),
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "none", "chances"], ["class_logits"]),
        helper.make_node("Softmax", ["class_logits"], [CLASS], axis=1),
    ]
    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "bright", [values["image"]], [values[MASK], values[CLASS]], held)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    info = {
        "format_version": 1, "name": "bright", "task": "joint", "size": SIZE, "fit": "pad", "parameters": 1,
        "outputs": list(OUTPUTS["joint"]),
        "provenance": {"brainmtl": "0.1.0", "recipe": "none", "created": "2025-01-01"},
        "metrics": {"test": {"dice": 0.25}}, "stages": STAGES,
    }  # fmt: skip
    helper.set_model_props(made, {KEY: json.dumps(info)})
    return made


@pytest.fixture
def page(chromium, address: str, tmp_path: Path):
    """The page; whatever it asks of anyone else, or complains of, fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    opened.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, "data:", "blob:"))
            else complaints.append(f"asked {request.url}")
        ),
    )
    opened.complaints = complaints
    opened.goto(address)
    opened.locator("#model option").first.wait_for(state="attached")
    yield opened
    context.close()
