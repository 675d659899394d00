"""What the tests of studies share: a manifest of phantoms, and a recipe that trains on it in a second."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

RECIPE = """
name: tiny
data: {size: 32, batch_size: 16}
augmentation: {mirror: 0.5, noise: 0.05}
network:
  encoder: {name: plain, widths: [4, 8]}
  decoder: {widths: [4]}
  classifier: {dropout: 0.2}
optimizer: {name: adamw, lr: 1.0e-2}
schedule: {epochs: 1, monitor: validation_loss}
precision: fp32
seed: 7
"""


@pytest.fixture(scope="session", autouse=True)
def _cache_home(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINMTL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def manifest(phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty phantom slices."""
    from brainmtl.data.manifest import write_manifest

    path = tmp_path_factory.mktemp("manifest") / "phantoms.parquet"
    write_manifest(phantom, path)
    return path


@pytest.fixture(scope="session")
def recipe_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="session")
def recipe(recipe_file: Path):
    from brainmtl.training.recipe import read_recipe

    return read_recipe(recipe_file)


@pytest.fixture(scope="session")
def tiny_run(recipe, manifest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A joint network after one epoch on phantoms; to be read only."""
    from brainmtl.training import fit

    run = tmp_path_factory.mktemp("tiny") / "run"
    fit.train(recipe, manifest, run)
    return run


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content) if path.suffix == ".yaml" else json.dumps(content))


@pytest.fixture
def unet(tmp_path) -> Path:
    """A run of jalal2025-unet on BRISC's official test, with intervals."""
    run = tmp_path / "my-unet"
    _write(run / "recipe.yaml", {"name": "jalal2025-unet", "data": {"size": 128}})
    _write(run / "data.json", {"sources": ["brisc2025"], "protocol": "official", "fold": 0})
    _write(run / "network.json", {"task": "segmentation", "parameters": 31037633, "size_mb": 124.2})
    _write(run / "result.json", {"status": "finished", "hours": 2.5, "epochs": 10})
    (run / "log.csv").write_text("epoch,seconds\n1,10\n2,20\n")
    dice = {"value": 0.9, "low": 0.88, "high": 0.92, "n": 860}
    iou = {"value": 0.75, "low": None, "high": None, "n": 860}
    _write(run / "evaluation/test/metrics.json", {"segmentation": {"dice": dice, "iou": iou}})
    return run


@pytest.fixture
def crossval(tmp_path) -> Path:
    """A cross-validation of ferreira2024-mtl."""
    out = tmp_path / "cv-mtl"

    def spread(mean: float, sd: float) -> dict[str, object]:
        return {"mean": mean, "sd": sd, "n": 5, "values": [mean, mean + sd, mean - sd, mean, mean]}

    parts = {
        "train": {"classification": {"accuracy": spread(0.99, 0.003)}},
        "test": {
            "classification": {"accuracy": spread(0.9, 0.01)},
            "segmentation": {"iou": spread(0.5, 0.02)},
        },
    }
    found = {
        "recipe": "ferreira2024-mtl",
        "by": "person",
        "folds": 5,
        "test_share": 0.2,
        "sources": ["figshare2017", "sartaj"],
        "manifest_sha256": "a" * 64,
        "parts": parts,
        "cost": {"parameters_keras": 608645, "epoch_seconds": 7.0, "hours": 1.0, "epochs": spread(40, 2)},
    }
    _write(out / "crossval.json", found)
    _write(out / "plan.json", {})
    return out


GIVEN = {"file": "mine.safetensors", "sha256": "0123456789abcdef" * 4}
"""An encoder's weights, as records name them."""


@pytest.fixture
def given_weights(tmp_path):
    """A copy of a finished study whose runs say that they were handed weights, without its summary."""

    def make(study: Path, record: str) -> Path:
        out = tmp_path / "given"
        shutil.copytree(study, out)
        for path in out.rglob("data.json"):
            path.write_text(json.dumps(json.loads(path.read_text()) | {"encoder_weights": GIVEN}))
        (out / record).unlink()
        return out

    return make


@pytest.fixture(scope="session")
def write():
    """Write a mapping as YAML or JSON, as its suffix says."""
    return _write
