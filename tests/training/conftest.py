"""What the tests of training share: a tiny manifest, a tiny recipe, and its finished run."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from brainmtl.data.manifest import write_manifest
from brainmtl.imaging.files import file_sha256
from brainmtl.imaging.mask import write_mask
from brainmtl.imaging.picture import write_picture
from brainmtl.labels import CLASSES, HEALTHY
from brainmtl.training.recipe import Recipe, read_recipe

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

SIDE = 32
RECIPE = """
name: tiny
data: {size: 32, batch_size: 8}
augmentation: {mirror: 0.5, rotation: 10, scale: [0.9, 1.1], brightness: 0.1, noise: 0.05}
network:
  encoder: {name: plain, widths: [4, 8]}
  decoder: {widths: [4]}
  classifier: {dropout: 0.2}
optimizer: {name: adamw, lr: 1.0e-2, weight_decay: 0.01, gradient_clip: 5}
schedule: {name: one-cycle, epochs: 3, monitor: validation_loss, ema: 0.8}
precision: fp32
seed: 7
"""


@pytest.fixture(scope="session", autouse=True)
def _cache_home(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINMTL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty-four slices of 32×32: a disc whose place tells its class; 28 train, 8 validate, 8 test."""
    folder = tmp_path_factory.mktemp("slices")
    chance = np.random.default_rng(0)
    table = pd.DataFrame([_slice(folder, number, chance) for number in range(44)])
    write_manifest(table, folder / "manifest.parquet")
    return folder / "manifest.parquet"


def _slice(folder: Path, number: int, chance: np.random.Generator) -> dict[str, object]:
    label = CLASSES[number % 4]
    place = ((8, 8), (8, 22), (22, 15), None)[number % 4]
    pixels = chance.normal(90, 12, (SIDE, SIDE))
    row: dict[str, object] = {
        "id": f"tiny_{number:02}",
        "image": str(folder / f"{number:02}.png"),
        "mask": None,
        "label": label,
        "plane": "axial",
        "source": "tiny",
        "group": f"person-{number}",
        "split": "test" if number >= 36 else "train",
        "validation": 28 <= number < 36,
        "fold": number % 5,
        "width": SIDE,
        "height": SIDE,
    }
    if label != HEALTHY:
        assert place is not None
        rows, columns = np.ogrid[:SIDE, :SIDE]
        radius = chance.uniform(3.5, 5.5)
        mask = (rows - place[0]) ** 2 + (columns - place[1]) ** 2 <= radius**2
        pixels[mask] += 100
        row["mask"] = str(folder / f"{number:02}-mask.png")
        write_mask(folder / f"{number:02}-mask.png", mask)
        row["mask_sha256"] = file_sha256(folder / f"{number:02}-mask.png")
    write_picture(folder / f"{number:02}.png", pixels.clip(0, 255).astype(np.uint8))
    row["sha256"] = file_sha256(folder / f"{number:02}.png")
    return row


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Recipe]:
    """The tiny recipe, with overrides as ``--set`` takes them."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(RECIPE)
    return lambda *overrides: read_recipe(path, overrides)


@pytest.fixture(scope="session")
def finished(
    manifest: Path, tiny: Callable[..., Recipe], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A run of the tiny recipe that was never interrupted; many tests read it, so none may write in it."""
    from brainmtl.training.fit import train

    run = tmp_path_factory.mktemp("runs") / "finished"
    train(tiny(), manifest, run, bar=False)
    held = _held(run)
    yield run
    assert _held(run) == held, "a test wrote in the run that all share; let it copy the folder first"


def _held(run: Path) -> dict[Path, str]:
    return {path.relative_to(run): file_sha256(path) for path in run.rglob("*") if path.is_file()}


@pytest.fixture
def run(tiny: Callable[..., Recipe], manifest: Path, tmp_path: Path) -> Callable[..., Path]:
    """Train the tiny recipe with overrides; the run folder."""
    from brainmtl.training.fit import train

    def start(*overrides: str, manifest: Path = manifest, name: str = "run", **options: Any) -> Path:
        train(tiny(*overrides), manifest, tmp_path / name, bar=False, **options)
        return tmp_path / name

    return start


@pytest.fixture(scope="session")
def steady(tiny: Callable[..., Recipe]) -> Recipe:
    """Accuracy stays what it is, so the rate falls every epoch and early stopping ends the run after four."""
    return tiny(
        "schedule={name: plateau, patience: 0, stop_after: 3, epochs: 9, monitor: validation_accuracy}",
        "optimizer={name: sgd, lr: 1e-6, momentum: 0.9}",
    )


@pytest.fixture(scope="session")
def stopped_early(steady: Recipe, manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that early stopping ended."""
    from brainmtl.training.fit import train

    run = tmp_path_factory.mktemp("runs") / "stopped-early"
    train(steady, manifest, run, bar=False)
    return run
