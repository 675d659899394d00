"""Disks with no room, and copies of the phantoms to spoil."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[[str], str]

MOUNT = 'mount -t tmpfs -o size=64k tmpfs "$1" && cd "$1" && shift && exec "$@"'
LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"


@pytest.fixture(params=["full disk", "file size limit"])
def no_room(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Run Python code in an empty folder with next to no room; gives what it prints."""
    room = tmp_path / "room"
    room.mkdir()
    command = [sys.executable, "-c"]
    if request.param == "full disk":
        command = [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            MOUNT,
            "sh",
            str(room),
            *command,
        ]
        if (
            shutil.which("unshare") is None
            or subprocess.run([*command, "pass"], capture_output=True).returncode
        ):
            pytest.skip("a small disk cannot be mounted here")

    def run(code: str) -> str:
        limit = LIMIT if request.param != "full disk" else ""
        done = subprocess.run([*command, limit + code], capture_output=True, text=True, cwd=room)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def folder(phantom_root: Path, tmp_path: Path) -> Path:
    """A copy of the phantoms that no manifest.csv vouches for."""
    shutil.copytree(phantom_root, tmp_path / "set")
    for name in ("manifest.csv", "manifest.csv.sha256"):
        (tmp_path / "set" / name).unlink()
    return tmp_path / "set"


@pytest.fixture
def published(phantom_root: Path, tmp_path: Path) -> Path:
    """A copy of the phantoms with its manifest.csv."""
    return Path(shutil.copytree(phantom_root, tmp_path / "published"))
