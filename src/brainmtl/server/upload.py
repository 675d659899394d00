"""The files of a request, read into memory and nowhere else."""

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from brainmtl.imaging.kind import DICOM, NIFTI
from brainmtl.imaging.picture import SUFFIXES
from brainmtl.server.problems import Refusal

FIELD = "files"
FORM = "multipart/form-data"
LONGEST_NAME = 255


@dataclass(frozen=True)
class Upload:
    """A file of a request.

    Attributes:
        name: as the client calls it.
        content: what is in it.
    """

    name: str
    content: BinaryIO


class _InMemory(MultiPartParser):
    """Starlette rolls parts above a megabyte onto the disk; this one does not."""

    spool_max_size = sys.maxsize


async def read_uploads(request: Request, *, max_bytes: int, max_files: int) -> list[Upload]:
    """Read the files of a multipart request.

    Args:
        request: with one or more parts named ``files``.
        max_bytes: of its body; what is longer is refused as soon as it is known.
        max_files: in it.

    Raises:
        Refusal: too large (413), not multipart (415), malformed or broken off (400), or without files (422).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"a body of {kind or 'no type'}",
            where="Content-Type",
            mend=f"send {FORM} with parts named {FIELD}",
        )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_long(max_bytes)
    parser = _InMemory(request.headers, _counted(request, max_bytes), max_files=max_files, max_fields=0)  # type: ignore[arg-type]
    try:
        form = await parser.parse()
    except (Refusal, TimeoutError):
        raise
    except MultiPartException as error:
        if "Too many files" in error.message:
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {max_files} files", mend="send them in parts"
            ) from error
        raise _malformed(error.message) from error
    except ClientDisconnect as error:
        raise _malformed("the body broke off") from error
    except (ValueError, LookupError, AttributeError, TypeError) as error:  # of parsing hostile headers
        raise _malformed("its headers cannot be read") from error
    found = [part for name, part in form.multi_items() if name == FIELD and isinstance(part, UploadFile)]
    if not found or len(found) < len(form.multi_items()):
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "a part that is no file" if found else "no files",
            field=FIELD,
            mend=f"send parts named {FIELD}, each with a filename",
        )
    return [Upload((part.filename or "")[:LONGEST_NAME], part.file) for part in found]


def store_uploads(uploads: list[Upload], folder: Path) -> dict[Path, str]:
    """Lay files into a folder in memory, named by number: their own names may name the patient.

    Args:
        uploads: the files, which are closed.
        folder: of :func:`~brainmtl.server.memory.memory_folder`.

    Returns:
        Path of each file, in order, and what its client calls it.

    Raises:
        Refusal: memory is full (503).
    """
    folder.mkdir()
    names: dict[Path, str] = {}
    for number, upload in enumerate(uploads):
        path = folder / f"{number:05}{_suffix(upload.name)}"
        try:
            with upload.content as content, path.open("wb") as stored:
                while piece := content.read(2**20):
                    stored.write(piece)
        except OSError as error:
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the server's memory is full",
                mend="try again, or ask for a larger --memory folder (Docker: --shm-size)",
                headers={"Retry-After": "10"},
            ) from error
        names[path] = upload.name
    return names


async def _counted(request: Request, most: int) -> AsyncIterator[bytes]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise _too_long(most)
        yield piece


def _suffix(name: str) -> str:
    """The suffix that tells the kind; nothing else of a name is kept."""
    lower = name.lower()
    volume = next((suffix for suffix in reversed(NIFTI) if lower.endswith(suffix)), None)
    last = PurePosixPath(lower).suffix
    return volume or (last if last in SUFFIXES | DICOM else "")


def _too_long(most: int) -> Refusal:
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"more than {most:,} bytes",
        where="body",
        mend="send fewer files",
    )


def _malformed(said: str) -> Refusal:
    return Refusal(
        HTTPStatus.BAD_REQUEST,
        f"malformed: {said}",
        where="body",
        mend=f"send {FORM} with files in parts named {FIELD}",
    )
