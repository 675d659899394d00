"""What is shared of a study holds neither slices nor paths."""

import json

import pytest

from brainmtl.errors import InputError
from brainmtl.study.share import share_study


def test_records_logs_tables_and_charts_are_copied_and_nothing_else(tmp_path, write):
    study = tmp_path / "sweep"
    trials = [{"trial": "trial-000", "status": "failed", "reason": f"{tmp_path}: broken", "value": None}]
    write(study / "sweep.json", {"name": "a", "trials": trials})
    write(study / "recipe.yaml", {"name": "a"})
    for name in ("tables/sweep.md", "figures/heat-map.png", "figures/heat-map.svg", "trial-001/log.csv"):
        (study / name).parent.mkdir(exist_ok=True)
        (study / name).write_text("x")
    for name in ("manifest.parquet", "logs/trial-000.log", "trial-001/data.json", "oof.parquet"):
        (study / name).parent.mkdir(exist_ok=True)
        (study / name).write_text(str(tmp_path))
    out = tmp_path / "shared"
    written = {path.relative_to(out).as_posix() for path in share_study(study, out)}
    expected = {"sweep.json", "recipe.yaml", "tables/sweep.md", "figures/heat-map.png", "trial-001/log.csv"}
    assert written == expected
    assert all(str(tmp_path) not in path.read_text() for path in out.rglob("*") if path.is_file())
    assert json.loads((out / "sweep.json").read_text())["trials"][0]["status"] == "failed"


def test_a_study_that_has_not_finished_is_not_shared(tmp_path):
    with pytest.raises(InputError, match="has not finished"):
        share_study(tmp_path, tmp_path / "shared")
