"""What a slice and a scan may measure, whichever file holds them."""

from pathlib import Path

from brainmtl.errors import InputError

MAX_PIXELS = 64_000_000
"""Of one slice."""
MIN_SIDE = 16
MAX_ASPECT = 8.0
MAX_SLICES = 4096
"""Of one scan."""
MAX_VOXELS = 2**27
"""Of one scan: 512 slices of 512×512, held as float32 (half a gigabyte) while grey values are found."""
MAX_BYTES = 2**31
"""Of one file, and of what it unpacks to."""


def check_slice(width: int, height: int, path: Path) -> None:
    """Refuse what cannot be a slice.

    Args:
        width: columns.
        height: rows.
        path: the file, for the message.

    Raises:
        InputError: too many pixels, too small, or too long and thin.
    """
    size = f"{width}×{height} pixels"
    if width * height > MAX_PIXELS:
        raise InputError(f"{size}, more than {MAX_PIXELS:,}", where=path, mend="pass single slices")
    if min(width, height) < MIN_SIDE:
        raise InputError(
            f"{size}, too small for a slice", where=path, mend=f"at least {MIN_SIDE} on each side"
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputError(f"{size}, too long and thin for a slice", where=path, mend="pass single slices")


def check_scan(slices: int, width: int, height: int, path: Path) -> None:
    """Refuse what cannot be a scan, before memory is taken for it.

    Args:
        slices: how many.
        width: columns of each.
        height: rows of each.
        path: the file, for the message.

    Raises:
        InputError: a slice that :func:`check_slice` refuses, none at all, or too many.
    """
    check_slice(width, height, path)
    if slices < 1:
        raise InputError("no slices", where=path, mend="export it again")
    if slices > MAX_SLICES or slices * width * height > MAX_VOXELS:
        raise InputError(
            f"{slices} slices of {width}×{height}, more than {MAX_SLICES:,} or than {MAX_VOXELS:,} voxels",
            where=path,
            mend="crop it, or split it into several",
        )


def check_bytes(path: Path) -> None:
    """Refuse a file that would not fit into memory.

    Args:
        path: an existing file.

    Raises:
        InputError: missing, unreadable, empty, or too large.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise InputError("not a file", where=path, mend="pass a file")
    except FileNotFoundError as error:
        raise InputError("no such file", where=path, mend="check the path") from error
    except OSError as error:
        raise InputError(
            f"cannot be opened: {error.strerror}", where=path, mend="pass a file you may read"
        ) from error
    if size == 0:
        raise InputError("the file is empty", where=path, mend="export or download it again")
    if size > MAX_BYTES:
        raise InputError(f"{size:,} bytes, more than {MAX_BYTES:,}", where=path, mend="split it into several")
