"""The cost of storage is the difference of two evaluations."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainmtl.data.manifest import read_manifest
from brainmtl.inference.package import load_package
from brainmtl.inference.predict import predict_files
from brainmtl.training.evaluate import evaluate
from brainmtl.training.export import export_run


def test_both_sides_are_what_others_measure(finished: Path, manifest: Path, tmp_path: Path):
    """In fp32 what ``evaluate`` measures with torch; in eight bits what the written masks and rows say."""
    package = load_package(export_run(finished, tmp_path / "a.onnx", "int8"))
    cost = package.info.storage_cost
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    measured = evaluate(run, "validation")
    assert cost.slices == 8
    assert cost.dice_fp32 == pytest.approx(measured["segmentation"]["dice"]["value"], abs=1e-3)
    assert cost.accuracy_fp32 == pytest.approx(measured["classification"]["accuracy"]["value"])
    slices = read_manifest(manifest).query("validation")
    results = predict_files(package, slices["image"].to_list(), tmp_path / "out")
    overlaps = []
    for result, path in zip(results, slices["mask"], strict=True):
        if isinstance(path, str):
            said, truth = (
                np.asarray(Image.open(one)) > 127 for one in (tmp_path / "out" / result.mask, path)
            )
            overlaps.append(2 * (said & truth).sum() / (said.sum() + truth.sum()))
    assert cost.dice == pytest.approx(np.mean(overlaps), abs=1e-5)
    right = [result.class_name == label for result, label in zip(results, slices["label"], strict=True)]
    assert cost.accuracy == pytest.approx(np.mean(right), abs=1e-5)


def test_it_travels_as_plain_numbers(finished: Path, tmp_path: Path, capfd):
    path = export_run(finished, tmp_path / "a.onnx", "int8")
    assert capfd.readouterr() == ("", "")
    told = json.loads(load_package(path).runtime.metadata("brainmtl"))["storage_cost"]
    assert set(told) == {"slices", "dice", "dice_fp32", "accuracy", "accuracy_fp32"}
