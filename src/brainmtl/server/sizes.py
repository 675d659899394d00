"""Too many bytes, pixels or slices, told before anything is unpacked or decoded."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path

from brainmtl.errors import InputError
from brainmtl.imaging.kind import kind_of
from brainmtl.imaging.picture import claimed_size
from brainmtl.inference.inputs import Scan
from brainmtl.server.problems import Refusal


def check_unpacked(names: dict[Path, str], most: int) -> None:
    """Refuse a request whose packed files (deflated DICOM, NIfTI) are far larger than they are sent.

    Args:
        names: its files, and what the client calls each.
        most: bytes that all of them may unpack to.

    Raises:
        Refusal: too large (413).
    """
    left = most
    for path, name in names.items():
        try:
            left -= _unpacked(path, left)
        except InputError as error:
            raise _too_large(error.what, name) from error
        if left < 0:
            raise _too_large(f"unpacks to more than {most:,} bytes", name)


def check_sizes(scans: Sequence[Scan], names: dict[Path, str], *, max_pixels: int, max_slices: int) -> None:
    """Refuse a request by what the headers of its files claim.

    Args:
        scans: of its files. One whose header cannot be read has no size; reading it tells more.
        names: what the client calls each file.
        max_pixels: of one slice.
        max_slices: in all.

    Raises:
        Refusal: too large (413).
    """
    slices = 0
    for scan in scans:
        name = names[scan.files[0]]
        try:
            claims = list(_claims(scan))
        except InputError as error:
            raise _too_large(error.what, name) from error
        for count, height, width in claims:
            slices += count
            if width * height > max_pixels:
                raise _too_large(f"slices of {width}×{height} pixels, more than {max_pixels:,}", name)
    if slices > max_slices:
        raise _too_large(f"{slices:,} slices, more than {max_slices:,}", None)


def _unpacked(path: Path, most: int) -> int:
    kind = kind_of(path)
    if kind == "dicom":
        from brainmtl.imaging.deflated import unpacked_bytes

        return unpacked_bytes(path, most)
    if kind == "nifti":
        from brainmtl.imaging.nifti import claimed_bytes

        return claimed_bytes(path)
    return 0


def _claims(scan: Scan) -> Iterator[tuple[int, int, int]]:
    """Slices, rows and columns."""
    if scan.kind == "dicom":
        yield from ((1, *frame.shape) for frame in scan.frames)
    elif scan.kind == "nifti":
        from brainmtl.imaging.nifti import claimed_shape

        try:
            yield claimed_shape(scan.files[0])
        except InputError:
            yield 1, 0, 0
    else:
        yield 1, *(claimed_size(scan.files[0]) or (0, 0))


def _too_large(what: str, where: str | None) -> Refusal:
    mend = "send them in parts" if where is None else "send smaller slices"
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, what, where=where, mend=mend)
