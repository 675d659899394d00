"""A server whose model's answers can be written down: bright is tumour, mean grey tells the class."""

import http.client
import io
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from starlette.testclient import TestClient

from brainmtl.inference.info import CLASS, KEY, MASK, OUTPUTS, PackageInfo, Provenance
from brainmtl.inference.package import ModelPackage
from brainmtl.server.app import create_app
from brainmtl.server.settings import Settings

SIZE = 64
WEIGHTS, BIAS = np.array([4, 1, -2, -6], np.float32), np.array([-1, 0.5, 0.5, 1], np.float32)


class Bright:
    """A runtime in NumPy; while its gate is shut, batches wait in it."""

    name = "numpy"

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.gate, self.busy = threading.Event(), threading.Event()
        self.gate.set()

    def metadata(self, key: str) -> None:
        return None

    def values(self) -> list:
        return []

    def run(self, names, images):
        self.busy.set()
        assert self.gate.wait(30)
        self.sizes.append(len(images))
        powers = np.exp(images.mean((1, 2, 3))[:, None] * WEIGHTS + BIAS)
        said = {
            MASK: (1 / (1 + np.exp(-50 * (images - 0.5)))).astype(np.float32),
            CLASS: (powers / powers.sum(1, keepdims=True)).astype(np.float32),
        }
        return [said[name] for name in names]


def bright_package(name: str = "bright") -> ModelPackage:
    info = PackageInfo(
        name=name,
        task="joint",
        size=SIZE,
        fit="pad",
        outputs=OUTPUTS["joint"],
        parameters=8,
        provenance=Provenance(brainmtl="0.1.0", recipe="none", created="2025-01-01T00:00:00+00:00"),
    )
    return ModelPackage(info, "ab" * 32, Bright())


@pytest.fixture
def package() -> ModelPackage:
    return bright_package()


@pytest.fixture
def another() -> Callable[[str], ModelPackage]:
    """A package of another name."""
    return bright_package


@pytest.fixture
def client(package: ModelPackage) -> Callable[..., TestClient]:
    """Open a client: keywords are settings."""

    @contextmanager
    def open_client(*more: ModelPackage, **settings) -> Iterator[TestClient]:
        app = create_app([package, *more], Settings(**settings))
        with TestClient(app, raise_server_exceptions=False) as made:
            yield made

    return open_client


@pytest.fixture
def png() -> Callable[..., bytes]:
    """A picture of noise as PNG."""

    def make(seed: int = 0, height: int = 70, width: int = 50) -> bytes:
        noise = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
        held = io.BytesIO()
        Image.fromarray(noise).save(held, "PNG")
        return held.getvalue()

    return make


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose mask is the picture itself."""
    shape = ["batch", 1, 64, 64]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    mask = helper.make_tensor_value_info(MASK, TensorProto.FLOAT, shape)
    one = numpy_helper.from_array(np.asarray(np.float32(1)), "one")
    graph = helper.make_graph(
        [helper.make_node("Mul", ["image", "one"], [MASK])], "same", [image], [mask], [one]
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    info = {
        "format_version": 1, "name": "same", "task": "segmentation", "size": 64, "fit": "pad",
        "outputs": [MASK], "parameters": 1,
        "provenance": {"brainmtl": "0.1.0", "recipe": "none", "created": "2025-01-01"},
    }  # fmt: skip
    helper.set_model_props(made, {KEY: json.dumps(info)})
    path = tmp_path_factory.mktemp("model") / "same.onnx"
    onnx.save(made, path)
    return path


class Running:
    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address, self.parts = process, address, urlsplit(address)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(str(self.parts.hostname), self.parts.port, timeout=60)

    def refuses(self) -> bool:
        try:
            socket.create_connection((self.parts.hostname, self.parts.port), 5).close()
        except OSError:
            return True
        return False


@pytest.fixture
def serve(model: Path) -> Iterator[Callable[..., Running]]:
    started = []

    def start(*options: str) -> Running:
        command = [
            sys.executable,
            "-m",
            "brainmtl.cli",
            "serve",
            "--model",
            str(model),
            "--port",
            "0",
            *options,
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stderr is not None
        line = next(line for line in process.stderr if "serving on" in line)
        return Running(process, re.findall(r"http://\S+", line)[0])

    yield start
    for process in started:
        process.kill()
        process.communicate()
