"""What the tests of inference share: the tiny model package."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bright import SIZE, Bright, certainty, write_package

from brainmtl.inference.package import ModelPackage, load_package


@pytest.fixture(scope="session")
def taught() -> Callable[..., dict[str, Any]]:
    """What validation may have taught; keywords change it."""
    return certainty


@pytest.fixture(scope="session")
def halves() -> Callable[..., np.ndarray]:
    """A slice of two greys, the left half and the right."""

    def draw(left: int, right: int, width: int = SIZE) -> np.ndarray:
        pixels = np.full((SIZE, width), left, np.uint8)
        pixels[:, width // 2 :] = right
        return pixels

    return draw


@pytest.fixture(scope="session")
def bright() -> type[Bright]:
    return Bright


@pytest.fixture(scope="session")
def make_package(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a package; keywords as of :func:`bright.write_package`."""
    return lambda **how: write_package(tmp_path_factory.mktemp("package"), **how)


@pytest.fixture(scope="session")
def package(make_package: Callable[..., Path]) -> ModelPackage:
    return load_package(make_package())
