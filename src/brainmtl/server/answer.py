"""What a client asks to be answered with, and the answer."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal

from starlette.responses import JSONResponse, Response

from brainmtl.inference.result import Result
from brainmtl.server.problems import Refusal
from brainmtl.server.reading import Reading

Picture = Literal["mask", "overlay", "picture", "mask_probability"]
Embedded = Literal["mask", "overlay", "picture", "mask_probability", "nifti", "dicom_seg", "dicom_sr"]
JSON: Final = "application/json"
PNG: Final = "image/png"
DICOM: Final = "application/dicom"
FORMATS: Final = (JSON, PNG, DICOM)
FILES: Final[dict[str, str]] = {
    "mask": PNG,
    "overlay": PNG,
    "picture": PNG,
    "mask_probability": PNG,
    "nifti": "application/gzip",
    "dicom_seg": DICOM,
    "dicom_sr": DICOM,
}
"""Field of a row that names a file → the file's type."""


@dataclass(frozen=True)
class Ask:
    """What a client wants.

    Attributes:
        kind: one of :data:`FORMATS`.
        image: which picture, where it is a PNG.
        embed: files that JSON rows hold as ``data:`` addresses.
    """

    kind: str
    image: Picture = "mask"
    embed: frozenset[str] = frozenset()

    def wants(self, field: str) -> bool:
        """Whether the files of a field of a row are needed."""
        return field in {JSON: self.embed, PNG: {self.image}, DICOM: {"dicom_seg"}}[self.kind]


def choose_format(accept: str) -> str:
    """Choose the format that a client likes best (RFC 9110, 12.5.1).

    Args:
        accept: its ``Accept`` header; empty takes anything.

    Raises:
        Refusal: it takes none of ours (406).
    """
    liked: dict[str, float] = {}
    for part in accept.lower().split(",") if accept.strip() else ["*/*"]:
        kind, *parameters = (word.strip() for word in part.split(";"))
        liked[kind] = next((_number(word[2:]) for word in parameters if word.startswith("q=")), 1.0)
    likings = {
        ours: next(
            (liked[kind] for kind in (ours, ours.partition("/")[0] + "/*", "*/*") if kind in liked), 0.0
        )
        for ours in FORMATS
    }
    best = max(FORMATS, key=lambda ours: likings[ours])
    if likings[best] <= 0:
        raise Refusal(
            HTTPStatus.NOT_ACCEPTABLE, "no such format", where="Accept", mend=f"ask for {', '.join(FORMATS)}"
        )
    return best


def make_answer(reading: Reading, ask: Ask) -> Response:
    """Answer a request.

    Args:
        reading: what was found.
        ask: what is wanted.

    Raises:
        Refusal: no file could be read, or there is not exactly one of what is wanted (422).
    """
    results = reading.results
    bad = [result for result in results if result.status == "error"]
    if len(bad) == len(results):
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            bad[0].reason or "cannot be read",
            where=bad[0].file,
            mend="see the rows",
            rows=list(_rows(results, reading, frozenset())),
        )
    if ask.kind == JSON:
        return JSONResponse(list(_rows(results, reading, ask.embed)))
    field = "dicom_seg" if ask.kind == DICOM else ask.image
    paths = {path: result for result in results if (path := getattr(result, field)) is not None}
    if len(paths) != 1:
        warned = (f"; {warning}" for result in results for warning in result.warnings[-1:])
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{len(paths)} files to answer with, not one" + ("" if paths else next(warned, "")),
            field=field,
            mend="send one slice or one scan, or ask for JSON with embed",
        )
    return Response(reading.content(next(iter(paths))), media_type=ask.kind)


def _rows(results: Iterable[Result], reading: Reading, embed: frozenset[str]) -> Iterable[dict[str, Any]]:
    """Rows whose files are embedded, each once, or left out: paths lead nowhere outside the server."""
    given: set[str] = set()
    for result in results:
        row = result.row()
        for field, kind in FILES.items():
            path = row[field]
            row[field] = None
            if path is not None and field in embed and path not in given:
                given.add(path)
                row[field] = f"data:{kind};base64,{base64.b64encode(reading.content(path)).decode()}"
        yield row


def _number(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
