"""MONAI runs the bundle without a line of ours, and says what the package says."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from brainmtl.errors import BrainmtlError, InputError
from brainmtl.inference.info import CLASS, MASK, PackageInfo, Provenance
from brainmtl.inference.package import load_package
from brainmtl.labels import CLASSES
from brainmtl.training.bundle import metadata, readme, write_bundle
from brainmtl.training.export import export_run
from brainmtl.training.run import load_network, read_json, write_weights
from brainmtl.training.workflow import workflow

REQUIRED = {
    "version": str, "monai_version": str, "pytorch_version": str, "numpy_version": str,
    "required_packages_version": dict, "task": str, "description": str, "authors": str, "copyright": str,
    "network_data_format": dict, "schema": str,
}  # fmt: skip
"""By MONAI's specification, and by its schema of July 2024."""
OF_A_TENSOR = {"type", "format", "num_channels", "spatial_shape", "dtype", "value_range"}
CONFIG = "configs/inference.json"


@pytest.fixture(scope="module")
def made(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, and its package beside it."""
    folder = tmp_path_factory.mktemp("bundle")
    write_bundle(finished, export_run(finished, folder / "tiny.onnx"), folder / "tiny")
    return folder / "tiny"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which brainmtl cannot be imported."""
    folder = tmp_path_factory.mktemp("hidden")
    (folder / "brainmtl.py").write_text("raise ImportError('the bundle needs brainmtl')\n")
    return {**os.environ, "PYTHONPATH": str(folder)}


def test_monai_runs_it_and_says_what_the_package_says(made: Path, alone, phantom, tmp_path: Path):
    slices, out = tmp_path / "slices", tmp_path / "out"
    slices.mkdir()
    for name, row, width in (("head", 0, 200), ("half", 1, 110), ("small", 2, 61)):
        with Image.open(phantom["image"].iloc[row]) as image:
            image.resize((width, 150)).save(slices / f"{name}.png")
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", CONFIG]
    command += ["--dataset_dir", str(slices), "--output_dir", str(out)]
    done = subprocess.run(command, cwd=made, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    package = load_package(made / "models" / "model.onnx")
    with (out / "predictions.csv").open(newline="") as handle:
        chances = {Path(name).stem: list(map(float, row)) for name, *row in csv.reader(handle)}
    assert set(chances) == {"half", "head", "small"}
    for name, row in chances.items():
        expected = package.predict(slices / f"{name}.png")
        mask = np.asarray(Image.open(out / f"{name}_mask.png"))
        assert set(np.unique(mask)) <= {0, 255}
        assert mask.shape == expected.mask_pixels.shape
        assert ((mask > 127) == expected.mask_pixels).mean() >= 0.9999
        assert row == pytest.approx(list(expected.probabilities.values()), abs=1e-4)
    assert len(list(out.iterdir())) == 4


def test_the_metadata_have_what_monai_asks_for(made: Path):
    said = read_json(made / "configs" / "metadata.json")
    assert {name for name, kind in REQUIRED.items() if isinstance(said.get(name), kind)} == set(REQUIRED)
    tensors = said["network_data_format"]
    assert list(tensors["inputs"]) == ["image"]
    assert list(tensors["outputs"]) == [MASK, CLASS]
    for tensor in (*tensors["inputs"].values(), *tensors["outputs"].values()):
        assert tensor.keys() >= OF_A_TENSOR
        assert len(tensor["channel_def"]) == tensor["num_channels"]
    assert list(tensors["outputs"][CLASS]["channel_def"].values()) == list(CLASSES)


def test_the_metadata_fit_monais_own_schema(made: Path):
    schema = os.environ.get("BRAINMTL_MONAI_SCHEMA")
    if schema is None:
        pytest.skip("BRAINMTL_MONAI_SCHEMA names no copy of the schema that the metadata point to")
    validator = pytest.importorskip("jsonschema_rs")
    validator.validate(json.loads(Path(schema).read_text()), read_json(made / "configs" / "metadata.json"))


def test_the_folder_is_laid_out_as_monai_says(made: Path):
    found = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert found == {
        "LICENSE", "configs/inference.json", "configs/metadata.json", "docs/README.md", "models/model.onnx",
        "models/model.ts",
    }  # fmt: skip
    assert "Apache License" in (made / "LICENSE").read_text()
    assert "not a medical device" in (made / "docs" / "README.md").read_text()
    assert (made / "models" / "model.onnx").read_bytes() == (made.parent / "tiny.onnx").read_bytes()
    told = "".join((made / name).read_text() for name in found if not name.startswith("models"))
    assert str(Path.home()) not in told
    assert str(made.parent) not in told
    assert not list(made.parent.glob(".*"))


def test_the_script_needs_torch_alone(made: Path, alone):
    code = (
        "import torch; said = torch.jit.load('models/model.ts')(torch.rand(2, 1, 70, 90) * 255)\n"
        "print(sorted((name, *value.shape) for name, value in said.items()))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=made, env=alone, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str([(CLASS, 2, 4), (MASK, 2, 1, 70, 90)])


def test_a_network_that_says_something_else_leaves_no_bundle(made: Path, finished: Path, tmp_path: Path):
    other = tmp_path / "other"
    shutil.copytree(finished, other)
    network = load_network(other)
    with torch.no_grad():
        for weights in network.classifier.parameters():
            weights.mul_(-1)
    write_weights(network.state_dict(), other / "model.safetensors")
    with pytest.raises(BrainmtlError, match=r"does not say what the package says.*nothing was kept"):
        write_bundle(other, made.parent / "tiny.onnx", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_what_lies_there_stays(made: Path, finished: Path):
    before = sorted(made.rglob("*"))
    with pytest.raises(InputError, match="is not empty"):
        write_bundle(finished, made.parent / "tiny.onnx", made)
    assert sorted(made.rglob("*")) == before


@pytest.mark.parametrize(("task", "outputs"), [("segmentation", (MASK,)), ("classification", (CLASS,))])
def test_a_network_with_one_head(task, outputs):
    info = PackageInfo(
        name="one", task=task, size=32, fit="pad", outputs=outputs, parameters=1,
        provenance=Provenance(brainmtl="0", recipe="one", created="then"),
    )  # fmt: skip
    assert tuple(metadata(info)["network_data_format"]["outputs"]) == outputs
    said = json.dumps(workflow(info))
    assert ("SaveImaged" in said) == (MASK in outputs)
    assert ("ClassificationSaver" in said) == (CLASS in outputs)
    assert ("_mask.png" in readme(info)) == (MASK in outputs)
