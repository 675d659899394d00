"""Writing a file whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brainmtl.errors import InputError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place once the block ends without an error.

    Args:
        path: the file to write; its folder is created.

    Raises:
        InputError: the folder cannot be written or the disk is full. Nothing is left behind.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        if error.filename is not None and Path(error.filename).parent != path.parent and error.errno is None:
            raise
        raise InputError(
            f"cannot be written: {error.strerror or error}",
            where=path,
            mend="choose a folder you may write to, on a disk with room",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
