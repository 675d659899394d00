"""Archives unpacked with nothing outside the folder and nothing beyond a limit."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from brainmtl.errors import InputError

MOST_BYTES = 8 << 30
MOST_FILES = 100_000
CHUNK = 1 << 20
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)
"""What an archive raises that is cut short, altered or packed in a way nobody reads."""
Opened = Callable[[], IO[bytes]]


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP or TAR archive (compressed or not).

    Args:
        path: an existing file.
    """
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def unpack(
    archive: Path, folder: Path, *, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES
) -> None:
    """Unpack the regular files of an archive.

    Args:
        archive: a ZIP or TAR file.
        folder: where to; it exists.
        most_bytes: what the files may weigh together, counted as they are written, whatever the archive says.
        most_files: how many there may be.

    Raises:
        InputError: the archive is damaged or encrypted, names a file outside the folder or one twice, holds a
            link, or is beyond a limit.
        OSError: a file cannot be written.
    """
    left = most_bytes
    try:
        with _members(archive) as members:
            for number, (name, opened) in enumerate(members):
                if number >= most_files:
                    raise _refusal(archive, f"more than {most_files} files")
                left -= _write(archive, name, opened, folder, left)
    except DAMAGED as error:
        raise _refusal(archive, f"damaged: {error}") from error


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[tuple[str, Opened]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield _zip_members(archive, zipped)
    else:
        with tarfile.open(archive) as tarred:
            yield _tar_members(archive, tarred)


def _zip_members(archive: Path, zipped: zipfile.ZipFile) -> Iterator[tuple[str, Opened]]:
    for entry in zipped.infolist():
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refusal(archive, f"{entry.filename!r} is a link or a device")
        if entry.flag_bits & 1:
            raise _refusal(archive, "encrypted")
        if not entry.is_dir():
            yield entry.filename, partial(zipped.open, entry)


def _tar_members(archive: Path, tarred: tarfile.TarFile) -> Iterator[tuple[str, Opened]]:
    for entry in tarred:
        if entry.isdir():
            continue
        if not entry.isreg():
            raise _refusal(archive, f"{entry.name!r} is a link or a device")
        yield entry.name, partial(_regular, tarred, entry)


def _write(archive: Path, name: str, opened: Opened, folder: Path, most: int) -> int:
    path = _inside(archive, name, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    if path.exists():
        raise _refusal(archive, f"{name!r} is in it twice")
    with opened() as source, path.open("xb") as target:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > most:
                raise _refusal(archive, "more bytes than a data set of slices can have")
            target.write(chunk)
    return written


def _regular(tarred: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    source = tarred.extractfile(entry)
    assert source is not None  # what is no regular file has been refused
    return source


def _inside(archive: Path, name: str, folder: Path) -> Path:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or not path.parts:
        raise _refusal(archive, f"{name!r} lies outside the folder")
    return folder.joinpath(*path.parts)


def _refusal(archive: Path, what: str) -> InputError:
    return InputError(what, where=archive, mend="remove it and fetch it again")
