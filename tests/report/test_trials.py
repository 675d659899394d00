"""Trials that lie in a run folder are in its report."""

import json
from pathlib import Path

import pytest

from brainmtl.errors import InputError
from brainmtl.report.trials import read_trials

ENSEMBLE = {
    "slices": 3,
    "part": "validation",
    "ways": [
        {
            "name": "alone",
            "voices": 1,
            "ms_per_slice": 12.5,
            "segmentation": {"dice": {"value": 0.75, "low": 0.7, "high": 0.8, "n": 3}},
            "classification": None,
            "gain": {},
        }
    ],
}


def test_a_record_is_read_as_its_table(tmp_path: Path):
    (tmp_path / "ensemble").mkdir()
    (tmp_path / "ensemble" / "ensemble.json").write_text(json.dumps(ENSEMBLE))
    (trial,) = read_trials(tmp_path)
    assert trial.name == "ensemble"
    assert [cell.value for cell in trial.table.rows[0]][:3] == ["alone", 1, 12.5]


def test_without_trials_there_are_none(tmp_path: Path):
    assert read_trials(tmp_path) == []


@pytest.mark.parametrize("content", ["{", "{}", '{"ways": 3}'])
def test_a_damaged_record_is_named(tmp_path: Path, content: str):
    (tmp_path / "ensemble").mkdir()
    (tmp_path / "ensemble" / "ensemble.json").write_text(content)
    with pytest.raises(InputError, match=r"ensemble\.json"):
        read_trials(tmp_path)
