"""An archive over a cluster of two workers: one row an input, the same bytes, whatever is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from brainmtl.archive.listing import list_files
from brainmtl.archive.partition import predict_partition
from brainmtl.archive.plan import open_plan
from brainmtl.archive.predict import Worker, predict_archive
from brainmtl.errors import InputError
from brainmtl.imaging.threads import THREADS
from brainmtl.inference.package import ModelPackage

SIZE = 10
PATIENCE_S = 240
KILLS = int(os.environ.get("BRAINMTL_KILLS", "0"))
MOMENT_S = float(os.environ.get("BRAINMTL_KILLS_SECONDS", "20"))
"""A kill falls within so many seconds of the last; a worker needs some to begin."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Ray of two processors."""
    pytest.importorskip("ray", reason="needs ray: pip install 'brainmtl[ray]'")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        node = {"num_cpus": 2, "include_dashboard": False, "object_store_memory": 80_000_000}
        begun = Cluster(initialize_head=True, head_node_args=node)
        yield begun
        begun.shutdown()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, slice_bytes, write_parquet, write_tar) -> list[str]:
    """A folder, a table and a tar file, each with damage in it: 74 inputs, 4 of them unreadable."""
    root = tmp_path_factory.mktemp("archive")
    pictures = {f"{number:02}.png": slice_bytes(number, side=400) for number in range(70)}
    (root / "loose").mkdir()
    loose, table, members = (dict(list(pictures.items())[start : start + 30]) for start in (0, 30, 60))
    for name, content in {**loose, "bad.png": b"x"}.items():
        (root / "loose" / name).write_bytes(content)
    columns = {"image": [*table.values(), None], "id": [*table, "empty"]}
    write_parquet(root / "table.parquet", columns, rows=5)
    cut = write_tar(root / "cut.tar", {**members, "bad.png": b"x", "late.png": slice_bytes(99, side=400)})
    with cut.open("rb+") as file:
        file.truncate(cut.stat().st_size - 10_240)
    return [str(root / "loose"), str(root / "table.parquet"), str(root / "cut.tar")]


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker keeps to one thread, and says so to its process."""
    monkeypatch.setenv(THREADS, "1")


@pytest.fixture(scope="module")
def undisturbed(inputs, package: ModelPackage, tmp_path_factory) -> dict[str, bytes]:
    """Every partition as one process writes it, without Ray."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for part in open_plan(folder, list_files(inputs), SIZE, {}):
        predict_partition(package, part, folder)
    return {path.name: path.read_bytes() for path in folder.glob("part-*.parquet")}


def begin(address: str, model: Path, inputs: list[str], out: Path) -> subprocess.Popen:
    words = ["predict", *inputs, "--model", str(model), "-o", str(out), "--ray", address, "--workers", "2"]
    words += ["--partition", str(SIZE), "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "brainmtl.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(out: Path, pattern: str, process: subprocess.Popen) -> list[Path]:
    last = time.monotonic() + PATIENCE_S
    while not (found := sorted((out / "results").glob(pattern))):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < last
        time.sleep(0.005)
    return found


def kill_workers(cluster: Any) -> int:
    """Kill −9 the processes of the cluster that predict."""
    (raylet,) = cluster.head_node.all_processes["raylet"]
    killed = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            mine = f"\nPPid:\t{raylet.process.pid}\n" in status.read_text()
            if mine and b"MapWorker" in status.with_name("cmdline").read_bytes():
                os.kill(int(status.parent.name), signal.SIGKILL)
                killed += 1
        except (FileNotFoundError, ProcessLookupError):
            continue
    return killed


def written(out: Path) -> dict[str, bytes]:
    """All that lies in the folder, hidden files too."""
    return {path.name: path.read_bytes() for path in (out / "results").iterdir()}


@pytest.mark.ray
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="finds workers in Linux's /proc")
def test_workers_killed_midway(cluster, model: Path, inputs, undisturbed, tmp_path: Path):
    process = begin(cluster.address, model, inputs, tmp_path)
    killed = 0
    for finished in (0, 3):
        if finished:
            wait_for(tmp_path, f"part-00000{finished}.parquet", process)
        wait_for(tmp_path, ".*.attempts", process)
        killed += kill_workers(cluster)
    said, complaint = process.communicate(timeout=PATIENCE_S)
    assert killed >= 2
    assert process.returncode == 3, complaint
    assert "4 of 74 rows" in complaint
    told = json.loads(said)
    assert [told[name] for name in ("rows", "ok", "error")] == [74, 70, 4]
    assert written(tmp_path) == undisturbed
    rows = pq.read_table(tmp_path / "results").select(["file", "status"]).to_pylist()
    assert len({row["file"] for row in rows}) == len(rows) == 74


@pytest.mark.ray
def test_a_killed_command_given_again(cluster, model: Path, inputs, undisturbed, tmp_path: Path):
    process = begin(cluster.address, model, inputs, tmp_path)
    wait_for(tmp_path, "part-*.parquet", process)
    process.kill()
    process.communicate()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").glob("part-*.parquet")}
    assert all(undisturbed[path.name] == path.read_bytes() for path in kept)
    (tmp_path / "results" / ".part-000001.0123abcd.parquet").write_bytes(b"half")  # of one that died writing
    again = begin(cluster.address, model, inputs, tmp_path)
    _, complaint = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 3, complaint
    assert written(tmp_path) == undisturbed
    assert kept == {path: path.stat().st_mtime_ns for path in kept}


@pytest.mark.ray
@pytest.mark.skipif(
    not KILLS, reason="BRAINMTL_KILLS=20 kills workers and commands at that many random moments"
)
def test_killed_at_random_moments(cluster, model: Path, inputs, undisturbed, tmp_path: Path):
    random, fell, out, process = Random(0), Counter[str](), tmp_path, None
    while fell.total() < KILLS:
        if process is None or process.poll() is not None:  # the first, or after one that ended or was killed
            out = tmp_path / str(fell.total()) if process is None or process.returncode == 3 else out
            process = begin(cluster.address, model, inputs, out)
        time.sleep(random.uniform(0, MOMENT_S))
        if random.random() < 0.3 and process.poll() is None:
            process.kill()
            fell["command"] += 1
        else:
            fell["worker"] += kill_workers(cluster)
    process.communicate(timeout=PATIENCE_S)
    again = begin(cluster.address, model, inputs, out)
    _, complaint = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 3, complaint
    for folder in tmp_path.iterdir():
        assert written(folder).keys() == undisturbed.keys()
        for name, content in undisturbed.items():  # after many deaths the rows lie in smaller groups
            assert pq.read_table(folder / "results" / name).equals(pq.read_table(BytesIO(content))), name
    print(fell)


def test_finished_predictions_need_no_cluster(model: Path, inputs, undisturbed, package, tmp_path: Path):
    out, calls = tmp_path / "out", []
    batch = {
        "model_sha256": package.sha256,
        "version": package.blank(None).version,
        "runtime": "cpu",
        "batch_size": 8,
    }
    for part in open_plan(out, list_files(inputs), SIZE, batch):
        (out / "results").mkdir(exist_ok=True)
        (out / "results" / part.name).write_bytes(undisturbed[part.name])
    tally = predict_archive(
        model, inputs, out, address="nowhere", size=SIZE, progress=lambda *said: calls.append(said)
    )
    assert (tally.rows, tally.ok, tally.abstained, tally.error) == (74, 70, 0, 4)
    assert calls == [(len(undisturbed), len(undisturbed))]


def test_a_worker_tells_what_hinders_it(model: Path, inputs, undisturbed, tmp_path: Path):
    (part, *_) = open_plan(tmp_path, list_files(inputs), SIZE, {})
    row = {"partition": part.line()}
    assert Worker(str(tmp_path), "cpu", 8)(row)["hindered"] == "no such model package"
    (tmp_path / "model.onnx").write_bytes(model.read_bytes())
    assert Worker(str(tmp_path), "abacus", 8)(row)["hindered"] == "no such runtime"
    assert not (tmp_path / "results").exists()
    assert Worker(str(tmp_path), "cpu", 8)(row) == {"hindered": "", "where": "", "mend": ""}
    assert written(tmp_path) == {part.name: undisturbed[part.name]}


def test_a_second_process_is_kept_out(model: Path, inputs, tmp_path: Path):
    with FileLock(tmp_path / ".lock"), pytest.raises(InputError, match="another process"):
        predict_archive(model, inputs, tmp_path, address="nowhere")


def test_an_output_folder_that_cannot_be(model: Path, inputs, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        predict_archive(model, inputs, tmp_path / "file", address="nowhere")
