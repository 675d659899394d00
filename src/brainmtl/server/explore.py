"""The routes that show run folders and what is published; read only."""

import io
import json
from collections.abc import Mapping
from http import HTTPStatus
from importlib.resources import files
from typing import Annotated, Any, Final

from fastapi import FastAPI, Path
from PIL import Image
from pydantic import BaseModel
from starlette.responses import Response

from brainmtl.server.problems import Problem, Refusal
from brainmtl.server.runs import Layer, Part, ServedRun

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    int(status): {"model": Problem, "description": status.phrase}
    for status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
}
PNG: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}
RunName = Annotated[str, Path(description="One of /v1/runs.")]


class Evaluated(BaseModel):
    """A part of a run: ``metrics.json``, and a row a slice."""

    metrics: dict[str, Any]
    rows: list[dict[str, Any]]


def add_explore(app: FastAPI, runs: Mapping[str, ServedRun]) -> None:
    """Add the routes.

    Args:
        app: the application.
        runs: by name.
    """

    def find(run: str) -> ServedRun:
        if run not in runs:
            raise _absent("no such run", "see /v1/runs for their names")
        return runs[run]

    def measured(run: str, part: Part) -> ServedRun:
        found = find(run)
        if part not in found.parts:
            raise _absent(
                f"the {part} part is not evaluated", "brainmtl evaluate, or brainmtl report, writes it"
            )
        return found

    @app.get("/v1/runs", responses={code: PROBLEMS[code] for code in (401, 422)})
    def list_runs() -> list[dict[str, Any]]:
        """The run folders, and their metrics over each part."""
        return [run.card() for run in runs.values()]

    @app.get("/v1/runs/{run}/log", responses=PROBLEMS)
    def log(run: RunName) -> list[dict[str, float | None]]:
        """The learning curves of a run: a row an epoch."""
        return find(run).log()

    @app.get("/v1/runs/{run}/{part}", responses=PROBLEMS)
    def part(run: RunName, part: Part) -> Evaluated:
        """A part's metrics, and its slices: a row each."""
        return Evaluated(**measured(run, part).evaluation(part))

    @app.get("/v1/runs/{run}/{part}/{number}/{layer}", responses={**PROBLEMS, **PNG}, response_class=Response)
    def layer(
        run: RunName,
        part: Part,
        number: Annotated[int, Path(description="Of the row, from 0.")],
        layer: Layer,
    ) -> Response:
        """A slice that the rows list, its true mask or the predicted one, as PNG."""
        pixels = measured(run, part).layer(part, number, layer)
        if pixels is None:
            raise _absent(f"row {number} has no {layer}", "see the part's rows")
        held = io.BytesIO()
        Image.fromarray(pixels).save(held, format="PNG", compress_level=1)
        return Response(held.getvalue(), media_type="image/png")

    published = json.loads((files("brainmtl.server") / "published.json").read_text(encoding="utf-8"))

    @app.get("/v1/published", responses={401: PROBLEMS[401]})
    def list_published() -> list[dict[str, Any]]:
        """What was published: a row a system and the part it was measured on."""
        return list(published)


def _absent(what: str, mend: str) -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, what, mend=mend)
