"""Folders that lie in memory, so that what is uploaded never touches a disk."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brainmtl.errors import UsageError

SHARED = Path("/dev/shm")
MOUNTS = Path("/proc/self/mounts")
MARK = "brainmtl-"
IN_MEMORY = ("tmpfs", "ramfs")


def find_memory(asked: Path | None = None) -> Path:
    """Find a folder in memory.

    Args:
        asked: one that somebody vouches for; on Linux it is looked at all the same.

    Raises:
        UsageError: there is none.
    """
    folder = asked or SHARED
    known = MOUNTS.exists()
    if not folder.is_dir() or not os.access(folder, os.W_OK) or (asked is None and not known):
        raise UsageError(
            "no folder in memory, and uploads must not touch a disk",
            where=folder,
            field="--memory",
            mend="mount a tmpfs or a RAM disk, and name it with --memory",
        )
    if known and _kind(folder) not in IN_MEMORY:
        raise UsageError(
            "lies on a disk, which uploads must not touch",
            where=folder,
            field="--memory",
            mend="name a tmpfs, e.g. /dev/shm",
        )
    return folder


@contextmanager
def memory_folder(memory: Path) -> Iterator[Path]:
    """A private folder in memory, gone at the end.

    Args:
        memory: of :func:`find_memory`.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{MARK}{os.getpid()}-", dir=memory))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(memory: Path) -> None:
    """Remove what servers left that were killed.

    Args:
        memory: of :func:`find_memory`.
    """
    for folder in memory.glob(f"{MARK}*"):
        owner = folder.name.removeprefix(MARK).partition("-")[0]
        if owner.isdecimal() and not _alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _kind(folder: Path) -> str:
    """Kind of the file system that holds a folder: that of the longest mount point above it."""
    whole = folder.resolve()
    mounts = [line.split()[1:3] for line in MOUNTS.read_text().splitlines()]
    above = [(point, kind) for point, kind in mounts if whole.is_relative_to(point)]
    return max(above, key=lambda mount: len(mount[0]), default=("", ""))[1]


def _alive(process: int) -> bool:
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
