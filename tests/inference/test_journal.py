"""A batch that was stopped, however rudely, ends as if it had not been."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainmtl.errors import InterruptedRun
from brainmtl.inference.journal import JOURNAL, Journal
from brainmtl.inference.package import ModelPackage
from brainmtl.inference.predict import predict_files


@pytest.fixture
def scans(write_series, tmp_path: Path) -> Path:
    """Pictures, and series among them."""
    rng = np.random.default_rng(2)
    for number in range(6):
        folder = tmp_path / "scans" / f"{number}"
        blob = np.kron(rng.integers(0, 2, (4, 4, 4)), np.ones((1, 8, 8))).astype(np.uint16) * 900
        write_series(folder, blob, series=number + 1, WindowCenter="500", WindowWidth="1000")
        Image.fromarray(rng.integers(0, 256, (40, 50), np.uint8)).save(folder / f"{number}.png")
    return tmp_path / "scans"


def content(out: Path, *, dates: bool = True) -> dict[str, bytes]:
    """Every file, by name; DICOM objects, which carry the time of the batch, only where asked for."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {
        path.relative_to(out).as_posix(): path.read_bytes() if dates or path.suffix != ".dcm" else b""
        for path in files
    }


def stop_after(monkeypatch: pytest.MonkeyPatch, scans: int) -> None:
    plain = Journal.add

    def add(self, number, rows):
        if len(self.done) == scans:
            raise KeyboardInterrupt
        plain(self, number, rows)

    monkeypatch.setattr(Journal, "add", add)


@pytest.mark.parametrize("after", [0, 1, 5, 11])
def test_a_stopped_batch_resumes_to_the_same_files(package: ModelPackage, scans: Path, tmp_path: Path, after):
    whole = predict_files(package, [scans], tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, after)
        with pytest.raises(InterruptedRun, match=rf"stopped after {after} of 12 scans.*goes on") as caught:
            predict_files(package, [scans], tmp_path / "out")
    assert caught.value.exit_code == 4
    assert not (tmp_path / "out" / "results.json").exists()
    done: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        plain = Journal.add
        patch.setattr(Journal, "add", lambda self, n, rows: (done.append(rows[0].file), plain(self, n, rows)))
        assert predict_files(package, [scans], tmp_path / "out") == whole
    assert len(done) == 12 - after
    assert content(tmp_path / "out", dates=False) == content(tmp_path / "whole", dates=False)


def test_objects_of_one_batch_are_the_same_to_the_last_byte(
    package: ModelPackage, scans: Path, tmp_path: Path
):
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 12 - 1)
        with pytest.raises(InterruptedRun):
            predict_files(package, [scans], tmp_path / "out")
    before = {name: data for name, data in content(tmp_path / "out").items() if name.endswith(".dcm")}
    lines = (tmp_path / "out" / JOURNAL).read_text().splitlines(keepends=True)
    (tmp_path / "out" / JOURNAL).write_text(lines[0] + lines[1][:-20])  # all is made again, dated as before
    predict_files(package, [scans], tmp_path / "out")
    after = content(tmp_path / "out")
    assert before
    assert all(after[name] == data for name, data in before.items())


@pytest.mark.parametrize("change", ["option", "file", "missing mask", "torn", "nonsense"])
def test_what_cannot_be_taken_up_is_made_again(package: ModelPackage, scans: Path, tmp_path: Path, change):
    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 4)
        with pytest.raises(InterruptedRun):
            predict_files(package, [scans], out)
    journal = out / JOURNAL
    if change == "file":
        Image.fromarray(np.full((40, 50), 200, np.uint8)).save(scans / "0" / "0.png")
    elif change == "missing mask":
        (out / "masks" / "0.png").unlink()
    elif change == "torn":
        journal.write_bytes(journal.read_bytes()[:-30])
    elif change == "nonsense":
        journal.write_bytes(b"\xff\x00 no journal")
    options = {"overlay": change != "option"}
    fresh = predict_files(package, [scans], tmp_path / "fresh", **options)
    assert predict_files(package, [scans], out, **options) == fresh
    assert not journal.exists()
    found = content(out, dates=False)
    assert {name: found[name] for name in content(tmp_path / "fresh")} == content(
        tmp_path / "fresh", dates=False
    )


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_process_resumes(
    make_package: Callable[..., Path], package: ModelPackage, scans: Path, tmp_path: Path, kind
):
    """The process sends itself the signal in the midst of the batch."""
    code = (
        "import os, sys\nfrom brainmtl.inference.journal import Journal\nplain = Journal.add\n"
        "def add(self, number, rows):\n"
        "    plain(self, number, rows)\n"
        f"    if len(self.done) == 5: os.kill(os.getpid(), {int(kind)})\n"
        "Journal.add = add\nfrom brainmtl.cli import main\nmain()"
    )
    command = [sys.executable, "-c", code, "predict", str(scans), "--model", str(make_package())]
    command += ["-o", str(tmp_path / "out"), "--json"]
    restored = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    first = subprocess.run(command, capture_output=True, text=True, check=False, **restored)
    assert first.returncode == (4 if kind == signal.SIGINT else -kind), first.stderr
    assert (tmp_path / "out" / JOURNAL).exists()
    whole = predict_files(package, [scans], tmp_path / "whole")
    again = predict_files(package, [scans], tmp_path / "out")
    assert [row.row() | {"model_sha256": 0} for row in again] == [
        row.row() | {"model_sha256": 0} for row in whole
    ]
    assert content(tmp_path / "out", dates=False).keys() == content(tmp_path / "whole", dates=False).keys()


def test_nothing_is_unpickled(package: ModelPackage, scans: Path, tmp_path: Path, monkeypatch):
    """Not by us, nor by a library on our behalf."""
    import pickle

    import nibabel

    def refuse(*_args, **_options):
        raise AssertionError("unpickled")

    voxels = np.random.default_rng(0).integers(0, 900, (20, 20, 4), np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), scans / "a.nii.gz")
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    assert all(row.status == "ok" for row in predict_files(package, [scans], tmp_path / "out"))


def test_a_journal_tells_its_batch(package: ModelPackage, scans: Path, tmp_path: Path):
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 2)
        with pytest.raises(InterruptedRun):
            predict_files(package, [scans], tmp_path / "out")
    head, *lines = map(json.loads, (tmp_path / "out" / JOURNAL).read_text().splitlines())
    assert head["batch"]["model_sha256"] == package.sha256
    assert [line["scan"] for line in lines] == [0, 1]
