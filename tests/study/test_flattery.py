"""Folds by slice beside folds by person, of the same recipe."""

import json
import shutil

import pytest

from brainmtl.study.flattery import flattery
from brainmtl.study.records import read_record
from brainmtl.study.reproduction import write_page


@pytest.fixture
def both(crossval, tmp_path, write):
    """The same recipe by person, and at random, where each accuracy is .05 higher."""
    shutil.copytree(crossval, tmp_path / "cv-random")
    found = json.loads((crossval / "crossval.json").read_text())
    accuracy = found["parts"]["test"]["classification"]["accuracy"]
    accuracy["values"] = [value + 0.05 for value in accuracy["values"]]
    accuracy["mean"] += 0.05
    write(tmp_path / "cv-random/crossval.json", found | {"by": "random", "manifest_sha256": "b" * 64})
    return [read_record(crossval), read_record(tmp_path / "cv-random")]


def test_what_folds_by_slice_flatter_stands_in_the_page(both):
    (found,) = [
        one for one in flattery(both) if (one.part, one.metric) == ("test", "classification.accuracy")
    ]
    assert found.difference.value == pytest.approx(0.05)
    assert found.difference.low < 0.05 < found.difference.high
    assert (found.by_slice.value, found.by_person.value) == pytest.approx((0.95, 0.9))
    assert "| ferreira2024-mtl | test | Accuracy | 0.950 ± 0.010 | 0.900 ± 0.010 | +0.0500 (" in write_page(
        both
    )


def test_other_settings_are_another_system(both, write):
    write(both[1].path / "recipe.yaml", {"name": "ferreira2024-mtl", "seed": 7})
    assert flattery([both[0], read_record(both[1].path)]) == []


def test_one_way_of_drawing_has_nothing_beside_it(both):
    assert flattery(both[:1]) == []
    assert "flatter" not in write_page(both[:1])
