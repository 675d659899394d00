"""Writing a file whole or not at all."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from brainmtl.errors import InputError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place once the block ends without an error.

    Args:
        path: the file to write; its folder is created.

    Raises:
        InputError: the folder cannot be written or the disk is full. Nothing is left behind, and a file
            that was there before stays as it was.
    """
    temporary = path.with_name(f".{path.stem[:40]}.{uuid4().hex[:8]}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        mode = temporary.stat().st_mode
        yield temporary
        temporary.chmod(mode)  # some libraries write private files
        temporary.replace(path)
    except OSError as error:
        if error.filename is not None and Path(error.filename) not in (temporary, *temporary.parents):
            raise
        raise InputError(
            f"cannot be written: {error.strerror or error}",
            where=path,
            mend="choose a folder you may write to, on a disk with room",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file.

    Args:
        path: an existing file.

    Returns:
        64 hexadecimal digits.
    """
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
