"""What the tests of studies share: a manifest of phantoms, and a recipe that trains on it in a second."""

from pathlib import Path

import pytest

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
