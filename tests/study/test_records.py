"""Records are runs, cross-validations and sweeps; anything else is named."""

import pytest

from brainmtl.errors import InputError
from brainmtl.study.records import read_record
from brainmtl.study.reproduction import read_records


def test_a_folder_that_is_no_record_is_named(tmp_path, write):
    with pytest.raises(InputError, match="not a run folder"):
        read_record(tmp_path)
    with pytest.raises(InputError, match="no record"):
        read_records([tmp_path])
    write(tmp_path / "plan.json", {})
    with pytest.raises(InputError, match="has not finished"):
        read_record(tmp_path)


def test_a_sweep_is_read_as_its_best_trial(tmp_path, write):
    trials = [{"trial": f"trial-{number}", "value": value} for number, value in enumerate((0.7, 0.8, None))]
    found = {
        "name": "portfolio2026-grid",
        "trials": trials,
        "best": "trial-1",
        "sources": ["brisc2025"],
        "objective": {"metric": "segmentation.dice"},
        "hours": 3.0,
    }
    write(tmp_path / "sweep.json", found)
    record = read_record(tmp_path)
    assert record.kind == "sweep"
    best = record.find("segmentation.dice", "validation")
    assert best is not None
    assert (best.value, record.cost["hours"]) == (0.8, 3.0)


def test_a_crossvalidation_says_how_its_folds_were_drawn(crossval):
    record = read_record(crossval)
    assert record.protocol == "5 folds by person of 80%, tested on the rest"
    assert record.find("cost.parameters_keras", "test").value == 608645
