"""Making a folder whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brainmtl.errors import InputError


@contextmanager
def whole_folder(folder: Path, mend: str) -> Iterator[Path]:
    """Give a temporary folder beside ``folder`` that takes its place once the block ends without an error.

    Where two make it at once, the one who finishes second leaves what the first one made.

    Args:
        folder: the folder to make.
        mend: what the user can do where it cannot be written.

    Raises:
        InputError: it cannot be written, or the disk is full. Nothing is left behind.
    """
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        temporary.chmod(0o755)
        yield temporary
        try:
            temporary.replace(folder)
        except OSError:
            if not folder.is_dir() or not any(folder.iterdir()):
                raise
    except OSError as error:
        if temporary and error.filename and temporary not in (named := Path(error.filename), *named.parents):
            raise
        raise InputError(f"cannot be written: {error.strerror or error}", where=folder, mend=mend) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
