"""Run folders: whole, partial and damaged."""

import pytest

from brainmtl.errors import InputError
from brainmtl.report.folder import read_run


def test_a_whole_run(reported):
    run = read_run(reported)
    assert (run.name, run.task, run.status, run.date) == ("joint-run", "joint", "finished", "2026-11-21")
    assert [evaluation.part for evaluation in run.evaluations] == ["test", "validation"]
    assert run.setting("network.encoder.name") == "plain"
    assert run.setting("data.size") == 64
    assert run.setting("data.size.depth") is None
    assert len(run.log) == 12


def test_an_empty_run_has_only_its_recipe(tmp_path):
    (tmp_path / "recipe.yaml").write_text("name: x\n")
    run = read_run(tmp_path)
    assert (run.task, run.status, run.date, run.log, run.evaluations) == ("", "unfinished", "", None, ())


def test_a_log_without_an_epoch_is_none(make_run):
    run = make_run(epochs=0)
    (run / "log.csv").write_text("epoch,lr\n")
    assert read_run(run).log is None


def test_not_a_run(tmp_path):
    with pytest.raises(InputError, match=r"recipe\.yaml") as caught:
        read_run(tmp_path)
    assert caught.value.where == tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "recipe.yaml",
        "data.json",
        "result.json",
        "log.csv",
        "evaluation/test/metrics.json",
        "evaluation/test/per_image.parquet",
    ],
)
@pytest.mark.parametrize("content", [b"", b"[1, 2", b"\xff\xfe\x00[["])
def test_a_damaged_file_is_named(make_run, name, content):
    run = make_run(measured=("test",))
    (run / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_run(run)
    assert caught.value.where == run / name
