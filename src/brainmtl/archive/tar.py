"""Tar shards, read from their start to their end as they come, compressed or not."""

import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Self

from brainmtl.archive.entry import Entry, unreadable
from brainmtl.archive.listing import file_system
from brainmtl.errors import InputError
from brainmtl.imaging.kind import named_kind
from brainmtl.imaging.limits import MAX_BYTES

MARK, MARKED = b"DICM", 132
"""DICOM's mark, and where it ends (PS3.10, 7.1)."""


class _Member(tarfile.TarInfo):
    """Python takes a damaged header for the end of the archive, and loses what follows without a word."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"damaged or cut off ({error})") from error


def member_entries(uri: str) -> Iterator[Entry]:
    """Read the slices of a tar file; what else lies in it, such as labels, is passed over.

    Args:
        uri: of the shard.

    Yields:
        One entry a slice, in order, and one more where the rest of the file cannot be read.
    """
    found = 0
    try:
        system, path = file_system(uri)
        with system.open(path, "rb") as file, tarfile.open(fileobj=file, mode="r|*", tarinfo=_Member) as tar:
            for member in tar:
                entry = _entry(uri, tar, member)
                if entry is not None:
                    yield entry
                    found += 1
    except Exception as error:  # of each compression's and file system's own
        yield unreadable(uri, InputError(f"ends after {found} slices: {error}", mend="copy it again"))


def _entry(uri: str, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry | None:
    path = PurePosixPath(member.name)
    hidden = any(part.startswith(".") and part != ".." for part in path.parts)
    held = tar.extractfile(member) if member.isfile() and not hidden else None
    if held is None:
        return None
    name, start = f"{uri}#{member.name}", held.read(MARKED)
    if named_kind(path.name) is None and not start.endswith(MARK):
        return None
    if member.size > MAX_BYTES:
        return Entry(name, InputError(f"{member.size:,} bytes, more than {MAX_BYTES:,}", mend="split it"))
    content = start + held.read()
    if len(content) < member.size:
        raise tarfile.ReadError("cut off")
    return Entry(name, content)
