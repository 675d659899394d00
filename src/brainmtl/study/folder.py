"""A study's folder: free for a new one, or begun and killed before its plan was written."""

from collections.abc import Set
from pathlib import Path

from brainmtl.errors import InputError
from brainmtl.training.run import TEMPORARY


def check_free(out: Path, begun: Set[str]) -> None:
    """Make sure that a folder can become a study's.

    Args:
        out: a path.
        begun: names of what lies there before a study's first run; half-written files count for nothing.

    Raises:
        InputError: something else lies there.
    """
    if not out.exists():
        return
    if (
        not out.is_dir()
        or {path.name for path in out.iterdir() if not TEMPORARY.fullmatch(path.name)} - begun
    ):
        raise InputError("is not empty", where=out, mend="name a new folder")
