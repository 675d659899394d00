"""What a run shares."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from brainmtl.errors import InputError
from brainmtl.report.share import share_records, share_run, share_weights
from brainmtl.study.records import read_record


def test_no_slice_and_no_path_is_shared(reported: Path, tmp_path: Path):
    written = share_run(reported, tmp_path / "out")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in written}
    assert {"recipe.yaml", "log.csv", "data.json", "evaluation/test/metrics.json", "CARD.md"} <= names
    assert not [name for name in names if "panels" in name or name.endswith((".html", ".parquet"))]
    assert any(name.startswith("figures/") for name in names)
    tables = {name for name in names if name.startswith("tables/")}
    for_the_card = {name for name in tables if name.endswith("-failures.json")}
    assert for_the_card
    assert {Path(name).suffix for name in tables - for_the_card - {"tables/numbers.tex"}} == {".md", ".csv"}
    for path in written:
        if path.suffix != ".png":
            assert str(reported.parent) not in path.read_text()
    assert "command" not in json.loads((tmp_path / "out/environment.json").read_text())
    assert "manifest_sha256" in json.loads((tmp_path / "out/data.json").read_text())


def test_shared_numbers_are_the_runs_own(reported: Path, tmp_path: Path):
    share_run(reported, tmp_path / "out")
    for part in ("validation", "test"):
        name = f"evaluation/{part}/metrics.json"
        assert (tmp_path / "out" / name).read_bytes() == (reported / name).read_bytes()


def test_records_alone_need_no_report(reported: Path, tmp_path: Path):
    run = tmp_path / "run"
    shutil.copytree(reported, run, ignore=shutil.ignore_patterns("report.html", "figures", "tables"))
    alone, whole = share_records(run, tmp_path / "alone"), share_run(reported, tmp_path / "whole")
    names = {path.relative_to(tmp_path / "alone").as_posix() for path in alone}
    assert names < {path.relative_to(tmp_path / "whole").as_posix() for path in whole}
    record = read_record(tmp_path / "alone")
    assert record.parts == read_record(reported).parts


def test_a_run_without_a_report_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="brainmtl report"):
        share_run(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_are_shared_at_half_precision(tmp_path: Path):
    chance = np.random.default_rng(0)
    state = {
        "conv": chance.normal(size=(8, 4, 3, 3)).astype(np.float32),
        "norm.running_var": np.array([1e-9, 1e6], np.float32),
        "norm.num_batches_tracked": np.array(7),
    }
    (tmp_path / "run").mkdir()
    save_file(state, tmp_path / "run" / "model.safetensors")
    found = load_file(share_weights(tmp_path / "run", tmp_path / "out"))
    assert found["conv"].dtype == np.float16
    np.testing.assert_allclose(found["conv"], state["conv"], rtol=2**-11, atol=2**-24)
    for name in ("norm.running_var", "norm.num_batches_tracked"):
        np.testing.assert_array_equal(found[name], state[name])


def test_a_run_that_has_not_finished_has_no_weights_to_share(tmp_path: Path):
    with pytest.raises(InputError, match="no weights yet"):
        share_weights(tmp_path, tmp_path / "out")
