"""Uploads lie in memory, and nothing of them stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from brainmtl.errors import UsageError
from brainmtl.server.memory import find_memory, memory_folder, sweep

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what lies in memory")


@linux
def test_what_the_server_finds_is_a_tmpfs():
    kind = subprocess.check_output(["stat", "-f", "-c", "%T", str(find_memory())], text=True)
    assert kind.strip() in ("tmpfs", "ramfs")


@linux
def test_a_disk_is_refused_by_name():
    with pytest.raises(UsageError, match="lies on a disk") as error:
        find_memory(Path(__file__).parent)
    assert error.value.field == "--memory"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="no folder in memory"):
        find_memory(tmp_path / "absent")


def test_a_folder_is_private_and_gone_at_the_end_also_after_a_fault(tmp_path: Path):
    def fail(folder: Path) -> None:
        (folder / "a.png").write_bytes(b"a")
        assert folder.stat().st_mode & 0o077 == 0
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), memory_folder(tmp_path) as folder:
        fail(folder)
    assert not list(tmp_path.iterdir())


@linux
def test_what_a_killed_server_left_is_swept_away_and_a_living_ones_is_not(tmp_path: Path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, ours = tmp_path / f"brainmtl-{dead.pid}-abc", tmp_path / f"brainmtl-{os.getpid()}-abc"
    foreign = tmp_path / "brainmtl-notes"
    for folder in (left, ours, foreign):
        folder.mkdir()
    sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([ours, foreign])
