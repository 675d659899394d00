"""One input of an archive."""

from pathlib import Path
from typing import NamedTuple

from brainmtl.errors import InputError


class Entry(NamedTuple):
    """An input: what is in one file, one row or one member.

    Attributes:
        name: as its rows name it: a path, an address, or ``shard#name``.
        content: where it lies on this machine, what it is, or why it cannot be read.
    """

    name: str
    content: Path | bytes | InputError


def unreadable(name: str, error: Exception) -> Entry:
    """An input that cannot be read.

    Args:
        name: of the input.
        error: of any kind: file systems and decoders raise what they like.
    """
    if isinstance(error, InputError):
        return Entry(name, error)
    if isinstance(error, FileNotFoundError):
        return Entry(name, InputError("no such file", mend="check the path"))
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return Entry(name, InputError(f"cannot be read: {said}", mend="upload or download it again"))
