"""Jobs: what a worker is told, and what becomes of its exit code."""

from pathlib import Path

import pytest

from brainmtl.errors import BrainmtlError, InputError, InterruptedRun
from brainmtl.study.jobs import BUSY, Job, epochs_done, log_of, outcome, run_jobs
from brainmtl.study.workers import HERE


def job_in(folder: Path, name: str = "fold-0") -> Job:
    return Job(str(folder / name), "recipe.yaml", ("data.fold=0",), "m.parquet", ("validation",))


def test_a_job_survives_the_way_to_its_worker(tmp_path):
    job = job_in(tmp_path)
    assert Job.from_json(job.to_json()) == job


@pytest.mark.parametrize(
    ("code", "kind"), [(3, InputError), (4, InterruptedRun), (BUSY, InterruptedRun), (-9, BrainmtlError)]
)
def test_an_exit_code_becomes_the_error_it_stands_for(tmp_path, code, kind):
    job = job_in(tmp_path)
    log_of(job).parent.mkdir()
    log_of(job).write_text("epoch 1/2\nerror: slice.png: not a picture\n")
    failure = outcome(job, code)
    assert type(failure) is kind
    if code != BUSY:
        assert "slice.png: not a picture" in str(failure)


def test_epochs_of_a_fold_are_the_rows_of_its_log_until_it_has_ended(tmp_path):
    job, run = job_in(tmp_path), tmp_path / "fold-0"
    assert epochs_done(job, 9) == 0
    run.mkdir()
    (run / "log.csv").write_text("epoch,lr\n1,0.1\n2,0.1\n")
    assert epochs_done(job, 9) == 2
    (run / "model.safetensors").touch()
    assert epochs_done(job, 9) == 9


def test_what_is_done_is_not_done_again(tmp_path):
    metrics = tmp_path / "fold-0" / "evaluation" / "validation" / "metrics.json"
    metrics.parent.mkdir(parents=True)
    metrics.write_text("{}")
    assert list(run_jobs([job_in(tmp_path)], HERE)) == [(job_in(tmp_path), None)]
    assert not log_of(job_in(tmp_path)).exists()
