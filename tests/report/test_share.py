"""What a run shares."""

import json
from pathlib import Path

import pytest

from brainmtl.errors import InputError
from brainmtl.report.share import share_run


def test_no_slice_and_no_path_is_shared(reported: Path, tmp_path: Path):
    written = share_run(reported, tmp_path / "out")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in written}
    assert {"recipe.yaml", "log.csv", "data.json", "evaluation/test/metrics.json"} <= names
    assert not [name for name in names if "panels" in name or name.endswith((".html", ".parquet"))]
    assert any(name.startswith("figures/") for name in names)
    for path in written:
        if path.suffix != ".png":
            text = path.read_text()
            assert str(reported.parent) not in text
            assert "command" not in text
    assert "manifest_sha256" in json.loads((tmp_path / "out/data.json").read_text())


def test_shared_numbers_are_the_runs_own(reported: Path, tmp_path: Path):
    share_run(reported, tmp_path / "out")
    for part in ("validation", "test"):
        name = f"evaluation/{part}/metrics.json"
        assert (tmp_path / "out" / name).read_bytes() == (reported / name).read_bytes()


def test_a_run_without_a_report_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="brainmtl report"):
        share_run(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
