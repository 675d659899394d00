"""Jobs on a cluster whose processes and machines are killed, against the same jobs here and undisturbed."""

import json
import os
import signal
from pathlib import Path

import pytest
from filelock import FileLock

from brainmtl.errors import InputError
from brainmtl.study.crossval import cross_validate
from brainmtl.study.jobs import Job, epochs_done, log_of, run_jobs
from brainmtl.study.workers import Workers
from brainmtl.training.recipe import read_recipe

pytest.importorskip("ray", reason="needs ray: pip install 'brainmtl[ray]'")
pytestmark = pytest.mark.ray

FOLDS = 2
NODE = {"num_cpus": 2, "object_store_memory": 2**27}


@pytest.fixture(scope="module")
def machines(_cache_home):
    """A head that does no work, and one machine."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        cluster = Cluster(initialize_head=True, head_node_args=NODE | {"num_cpus": 0})
        cluster.add_node(**NODE)
        yield cluster
        cluster.shutdown()


@pytest.fixture(scope="module")
def slow(recipe_file):
    """Epochs enough to be killed between two of them."""
    return read_recipe(recipe_file, ["schedule.epochs=3"])


@pytest.fixture(scope="module")
def alone(slow, manifest, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("study") / "alone"
    cross_validate(slow, manifest, out, folds=FOLDS)
    return out


def job_like(alone: Path, run: Path, **changes: str) -> Job:
    """The first fold, in a folder of its own."""
    names = {"recipe": str(alone / "recipe.yaml"), "manifest": str(alone / "manifest.parquet")} | changes
    return Job(str(run), overrides=("data.fold=0",), parts=("validation",), **names)


def process_of(run: Path) -> int:
    """The process that trains a run."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"brainmtl.study.worker" in words and str(run).encode() in words[-2]:
                return int(entry.name)
    raise AssertionError(f"nothing trains {run}")


def parent(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])


def weights(folder: Path, fold: int = 0) -> bytes:
    return (folder / f"fold-{fold}" / "model.safetensors").read_bytes()


def test_folds_whose_processes_are_killed_end_as_one_worker_s_here(
    machines, alone, slow, manifest, tmp_path, monkeypatch, capsys
):
    """Of the first fold the training itself dies, of the second the process of Ray's that started it; the
    folder is named as seen from here, and stdout is for results alone."""
    monkeypatch.chdir(tmp_path)
    out, killed = Path("alone"), []

    def kill(done: int, total: int) -> None:
        for fold, victim in ((0, process_of), (1, lambda run: parent(process_of(run)))):
            if fold not in killed and (out / f"fold-{fold}" / "checkpoints" / "last.ckpt").exists():
                os.kill(victim(out.resolve() / f"fold-{fold}"), signal.SIGKILL)
                killed.append(fold)

    cross_validate(
        slow, manifest, out, folds=FOLDS, workers=Workers(FOLDS, ray=machines.address), progress=kill
    )
    assert sorted(killed) == [0, 1]
    assert capsys.readouterr().out == ""
    found = [json.loads((folder / "crossval.json").read_text()) for folder in (alone, out)]
    for one in found:
        del one["cost"]  # what the clock says
    assert found[0] == found[1]
    for fold in range(FOLDS):
        assert weights(out, fold) == weights(alone, fold)


def test_a_machine_dies_and_another_goes_on(machines, alone, tmp_path):
    job, died = job_like(alone, tmp_path / "fold-0"), []

    def die() -> None:
        if not died and epochs_done(job, 3) > 0:
            died.append(process_of(Path(job.run)))
            machines.remove_node(next(iter(machines.worker_nodes)), allow_graceful=False)
            machines.add_node(**NODE)

    ended = list(run_jobs([job], Workers(ray=machines.address), die))
    assert ended == [(job, None)]
    assert len(died) == 1
    assert weights(tmp_path) == weights(alone)


def test_whoever_stops_asking_stops_the_jobs(machines, alone, tmp_path):
    """A job whose recipe is of no use ends at once, and the other is let go of."""
    (tmp_path / "wrong.yaml").write_text("name: wrong")
    wrong = job_like(alone, tmp_path / "wrong", recipe=str(tmp_path / "wrong.yaml"))
    long = job_like(alone, tmp_path / "long")
    long = Job.from_json(long.to_json().replace("data.fold=0", "schedule.epochs=10000"))
    asked = run_jobs([long, wrong], Workers(2, ray=machines.address))
    job, failure = next(asked)
    assert job == wrong
    assert isinstance(failure, InputError)
    assert "network" in str(failure)
    assert log_of(wrong).is_file()
    asked.close()
    with FileLock(tmp_path / ".long.lock", timeout=60):
        assert not (tmp_path / "long" / "model.safetensors").exists()


@pytest.mark.parametrize("begun_here", [False, True])
def test_a_folder_that_a_machine_does_not_see(machines, tmp_path, begun_here):
    where = {"recipe": str(tmp_path / "elsewhere.yaml"), "manifest": str(tmp_path / "m.parquet")}
    job = Job(str(tmp_path / "fold-0"), overrides=(), parts=("validation",), **where)
    address = "local" if begun_here else machines.address
    [(_, failure)] = run_jobs([job], Workers(ray=address))
    assert isinstance(failure, InputError)
    assert "elsewhere.yaml" in str(failure)
    assert "share" in str(failure)
