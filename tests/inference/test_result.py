"""A row is the same as JSON and as CSV, and the page that describes it names every field and runs."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from brainmtl.inference.package import load_package
from brainmtl.inference.predict import predict_files
from brainmtl.inference.result import Result
from brainmtl.labels import CLASSES

PAGE = Path(__file__).parents[2] / "docs" / "predictions.md"


@pytest.fixture
def sure(make_package: Callable[..., Path], taught: Callable[..., Any]) -> Path:
    outputs = ["mask_probability", "class_probability", "features"]
    return make_package(outputs=outputs, certainty=taught())


@pytest.fixture
def files(tmp_path: Path, halves: Callable[..., Any]) -> list[Path]:
    """One that is answered, one that is not, and one that cannot be read."""
    for name, pixels in (("ok", halves(2, 150)), ("strange", halves(200, 250))):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    (tmp_path / "bad.png").write_text("no picture")
    return [tmp_path / f"{name}.png" for name in ("ok", "strange", "bad")]


def test_json_and_csv_hold_the_same(sure: Path, files: list[Path], tmp_path: Path):
    results = predict_files(load_package(sure), files, tmp_path / "out")
    assert [result.status for result in results] == ["ok", "abstained", "error"]
    rows = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [Result.from_row(row) for row in rows] == results
    with (tmp_path / "out" / "results.csv").open(newline="") as handle:
        table = list(csv.DictReader(handle))
    for line, row in zip(table, rows, strict=True):
        assert line["class_set"].split() == (row["class_set"] or [])
        for name in ("status", "reason", "outlier_score", "mask_margin_px", "longest_diameter_px"):
            assert line[name] == ("" if row[name] is None else str(row[name]))
        assert set(row) - {"probabilities"} == {name for name in line if not name.startswith("p_")}
        assert {f"p_{name}" for name in CLASSES} <= set(line)


def test_an_abstained_row_keeps_what_a_person_may_look_at(sure: Path, files: list[Path], tmp_path: Path):
    row = predict_files(load_package(sure), files, tmp_path / "out")[1].row()
    for name in ("class", "probabilities", "class_set", "mask", "mask_area_px", "reason", "outlier_score"):
        assert row[name] is not None


def test_the_page_names_every_field():
    table = PAGE.read_text().split("## Fields")[1].split("## What")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(Result(file=None, model="", model_sha256="", version="").row())


def test_the_examples_of_the_page_run(
    sure: Path,
    files: list[Path],
    halves: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys,
):
    monkeypatch.chdir(tmp_path)
    Path("base.onnx").write_bytes(sure.read_bytes())
    files[0].rename("slice.png")
    scan = np.stack([halves(2, 2), *[halves(2, 150)] * 3])  # its first slice is blank
    nibabel.save(nibabel.Nifti1Image(scan.transpose(2, 1, 0), np.diag([1, 1, 5, 1])), "scan.nii.gz")
    exec("\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)), {})
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("ok ")
    assert said[1].startswith("2048 2048 ")
    volume, abstained = said[2].split(" ", 1)
    assert float(volume) == pytest.approx(3 * 2048 * 5 / 1000)
    assert abstained.startswith("[0")
    assert said[3].startswith("200 150 ()")
