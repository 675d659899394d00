"""Two cross-validations on the same folds, and on others."""

import json
import shutil

import pytest

from brainmtl.study.records import read_record
from brainmtl.study.reproduction import write_page
from brainmtl.study.steadiness import contrasts


def test_two_cross_validations_on_the_same_folds_are_set_beside_each_other(crossval, tmp_path, write):
    shutil.copytree(crossval, tmp_path / "cv-st")
    found = json.loads((crossval / "crossval.json").read_text())
    values = found["parts"]["test"]["classification"]["accuracy"]["values"]
    wider = [3 * (value - 0.9) + 0.91 for value in reversed(values)]
    found["recipe"] = "ferreira2024-st"
    found["parts"]["test"]["classification"]["accuracy"]["values"] = wider
    write(tmp_path / "cv-st/crossval.json", found)
    records = [read_record(crossval), read_record(tmp_path / "cv-st")]
    (contrast,) = [one for one in contrasts(records) if one.part == "test" and "accuracy" in one.metric]
    assert contrast.difference.value == pytest.approx(-0.01)
    assert contrast.spread.ratio == pytest.approx(1 / 9)
    assert "| ferreira2024-mtl − ferreira2024-st | 5 folds by person of 80%" in write_page(records)
    write(tmp_path / "cv-st/crossval.json", found | {"manifest_sha256": "b" * 64})
    assert contrasts([records[0], read_record(tmp_path / "cv-st")]) == []
