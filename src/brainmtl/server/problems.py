"""What goes wrong, as JSON with a status."""

import logging
import traceback
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from brainmtl.errors import BrainmtlError, InputError

log = logging.getLogger("brainmtl.server")


class ErrorBody(BaseModel):
    """What is wrong, where, and how to mend it."""

    what: str
    where: str | None = None
    field: str | None = None
    mend: str | None = None


class Problem(BaseModel):
    """An answer that is none."""

    error: ErrorBody
    rows: list[dict[str, Any]] | None = Field(
        default=None, description="A row a file, where every one of them failed."
    )


class Refusal(BrainmtlError):
    """A request that is not answered.

    Args:
        status: of HTTP.
        what: what is wrong.
        where: the file or the part of the request.
        field: the parameter concerned.
        mend: what the client can do.
        headers: to send along.
        rows: of files that all failed.
    """

    def __init__(
        self,
        status: HTTPStatus,
        what: str,
        *,
        where: str | None = None,
        field: str | None = None,
        mend: str | None = None,
        headers: dict[str, str] | None = None,
        rows: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(what, where=where, field=field, mend=mend)
        self.status, self.headers, self.rows = status, headers, rows


def respond(refusal: Refusal) -> JSONResponse:
    """Turn a refusal into an answer."""
    said = ErrorBody(
        what=refusal.what,
        where=None if refusal.where is None else str(refusal.where),
        field=refusal.field,
        mend=refusal.mend,
    )
    body = Problem(error=said, rows=refusal.rows).model_dump()
    if refusal.rows is None:
        del body["rows"]
    return JSONResponse(body, refusal.status, refusal.headers)


async def on_refusal(_: Request, error: Exception) -> JSONResponse:
    """A request that is refused."""
    assert isinstance(error, Refusal)
    return respond(error)


async def on_input_error(_: Request, error: Exception) -> JSONResponse:
    """Input that cannot be used; the place in memory where it lay is nobody's business."""
    assert isinstance(error, InputError)
    return respond(Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, error.what, field=error.field, mend=error.mend))


async def on_wrong_parameter(_: Request, error: Exception) -> JSONResponse:
    """A parameter that is not what the API asks for."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where, *field = (str(part) for part in first["loc"])
    mend = "see openapi.json"
    return respond(
        Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            first["msg"],
            where=where,
            field=".".join(field) or None,
            mend=mend,
        )
    )


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """No such path, or no such method there."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers) if error.headers else None
    return respond(
        Refusal(status, status.phrase, where=request.url.path, mend="see openapi.json", headers=headers)
    )


def fault(error: BaseException) -> JSONResponse:
    """A fault of ours: the log learns its kind and place, and nothing of what was uploaded."""
    places = " < ".join(
        f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[:-9:-1]
    )
    log.error("a fault of ours: %s at %s", type(error).__name__, places)
    return respond(
        Refusal(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "a fault of ours",
            mend="report it with the line of the server's log",
        )
    )
