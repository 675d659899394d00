"""A server whose model's answers can be written down: bright is tumour, mean grey tells the class."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from brainmtl.inference.package import CLASS, MASK, OUTPUTS, ModelPackage, PackageInfo, Provenance
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
