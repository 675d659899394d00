"""The server's application: its models, its ways in, and its routes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException
from starlette.responses import Response

import brainmtl
from brainmtl.errors import InputError, UsageError
from brainmtl.inference.info import NOTE
from brainmtl.inference.package import ModelPackage
from brainmtl.server.admission import Admission, too_late
from brainmtl.server.answer import FORMATS, JSON, Ask, Embedded, Picture, choose_format, make_answer
from brainmtl.server.batching import Batcher, Expired
from brainmtl.server.explore import add_explore
from brainmtl.server.guard import Guard
from brainmtl.server.memory import find_memory, sweep
from brainmtl.server.metrics import Counted, Metrics
from brainmtl.server.pages import load_page
from brainmtl.server.prefix import Prefix
from brainmtl.server.problems import (
    Problem,
    Refusal,
    on_http_error,
    on_input_error,
    on_refusal,
    on_wrong_parameter,
)
from brainmtl.server.reading import read_files
from brainmtl.server.runs import ServedRun
from brainmtl.server.settings import Settings
from brainmtl.server.upload import FIELD, FORM, Upload, read_uploads

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        FIELD: {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "Pictures, DICOM (one file, or several of a series), NIfTI.",
                        }
                    },
                }
            }
        },
    }
}
ROWS = {"type": "array", "items": {"type": "object", "additionalProperties": True}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A row a slice; or the one mask, picture or DICOM-SEG that `Accept` asks for.",
        "content": {JSON: {"schema": ROWS}}
        | {kind: {"schema": {"type": "string", "format": "binary"}} for kind in FORMATS[1:]},
    },
    **{
        int(status): {"model": Problem, "description": status.phrase}
        for status in (
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.NOT_ACCEPTABLE,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.SERVICE_UNAVAILABLE,
            HTTPStatus.GATEWAY_TIMEOUT,
        )
    },
}


def create_app(
    packages: Sequence[ModelPackage], settings: Settings, runs: Mapping[str, ServedRun] | None = None
) -> FastAPI:
    """Put the server together.

    Args:
        packages: the first answers where a request names none; there may be none where there are runs.
        settings: limits and doors.
        runs: run folders to show, by name.

    Raises:
        UsageError: neither a model nor a run, two models of one name, or no folder in memory.
    """
    if not packages and not runs:
        raise UsageError("neither a model nor a run", field="--model", mend="name a model package, or --runs")
    desk = Desk(packages, settings)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        desk.open()
        yield
        await asyncio.to_thread(desk.close)

    app = FastAPI(
        title="brainmtl",
        version=brainmtl.__version__,
        description=f"Finds and names the tumour on brain MRI slices. {NOTE}",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
    )
    app.state.desk = desk
    handlers = {
        Refusal: on_refusal,
        InputError: on_input_error,
        RequestValidationError: on_wrong_parameter,
        HTTPException: on_http_error,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)
    app.add_middleware(Guard, token=settings.token, hosts=settings.hosts, prefix=settings.prefix)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(Counted, metrics=desk.metrics, prefix=settings.prefix)
    app.add_middleware(Prefix, prefix=settings.prefix)
    _add_api(app, desk)
    add_explore(app, runs or {})
    _add_watch(app, desk)
    _add_page(app)
    return app


class Desk:
    """Where requests meet models.

    Args:
        packages: the models.
        settings: limits.

    Attributes:
        metrics: what is counted.
        ready: whether requests are answered.
    """

    def __init__(self, packages: Sequence[ModelPackage], settings: Settings) -> None:
        self.settings, self.metrics, self.ready = settings, Metrics(), False
        self.packages = {package.info.name: package for package in packages}
        if len(self.packages) < len(packages):
            raise UsageError("two models of one name", field="--model", mend="name model packages, each once")
        self.memory = find_memory(settings.memory)
        self.batchers: dict[str, Batcher] = {}

    def open(self) -> None:
        """Warm up the models and let requests in."""
        sweep(self.memory)
        settings = self.settings
        self.admission = Admission(
            queue=settings.queue,
            workers=min(settings.workers, settings.queue),
            time_out_s=settings.time_out_s,
        )
        self.metrics.inside.set_function(lambda: self.admission.inside)
        for name, package in self.packages.items():
            package.run(np.zeros((1, package.info.size, package.info.size), np.uint8))
            self.batchers[name] = Batcher(
                package.runtime,
                most=settings.batch,
                wait_s=settings.wait_ms / 1000,
                observe=self.metrics.batch.observe,
            )
        self.ready = True

    def close(self) -> None:
        """Answer what is inside, and stop."""
        self.ready = False
        self.admission.close()
        for batcher in self.batchers.values():
            batcher.close()

    def find(self, model: str | None) -> ModelPackage:
        """The model of a name.

        Raises:
            Refusal: there is none (404).
        """
        if not self.packages:
            raise Refusal(HTTPStatus.NOT_FOUND, "no model is served", mend="start the server with --model")
        name = model or next(iter(self.packages))
        if name not in self.packages:
            raise Refusal(
                HTTPStatus.NOT_FOUND, "no such model", field="model", mend="see /v1/models for their names"
            )
        return self.packages[name]

    async def answer(self, request: Request, model: str | None, ask: Ask) -> Response:
        """Read a request's files and answer it.

        Raises:
            Refusal: as the API documents.
        """
        package = self.find(model)
        settings = self.settings
        with self.admission.enter() as place:
            try:
                async with asyncio.timeout(settings.time_out_s):
                    uploads = await read_uploads(
                        request, max_bytes=settings.max_bytes, max_files=settings.max_files
                    )
                share = self.batchers[package.info.name].share(place.deadline)
                shared = replace(package, runtime=share)
                return await place.work(lambda: self._read(uploads, shared, ask))
            except (TimeoutError, Expired) as error:
                raise too_late(settings.time_out_s) from error

    def _read(self, uploads: list[Upload], package: ModelPackage, ask: Ask) -> Response:
        with read_files(uploads, package, self.settings, self.memory, ask.wants) as reading:
            for result in reading.results:
                self.metrics.rows.labels(result.model, result.status).inc()
            return make_answer(reading, ask)


def _add_api(app: FastAPI, desk: Desk) -> None:
    @app.post("/v1/predict", responses=ANSWERS, openapi_extra=BODY, response_class=Response)
    async def predict(
        request: Request,
        model: Annotated[str | None, Query(description="One of /v1/models; by default the first.")] = None,
        embed: Annotated[
            list[Embedded], Query(description="Files that JSON rows hold as data: addresses.")
        ] = [],  # noqa: B006 (FastAPI copies it)
        image: Annotated[Picture, Query(description="Which picture `Accept: image/png` gets.")] = "mask",
    ) -> Response:
        """Find and name the tumour on slices and scans. Research use only.

        The rows are those of `brainmtl predict`. What a scan has once (`nifti`, `dicom_seg`, `dicom_sr`) is
        embedded in its first row.
        """
        kind = choose_format(request.headers.get("accept", ""))
        return await desk.answer(request, model, Ask(kind, image, frozenset(embed)))

    @app.get("/v1/models", responses={401: ANSWERS[401]})
    async def models() -> list[dict[str, Any]]:
        """The models, the default first, without the numbers of the space that tells what is familiar."""
        return [
            {
                **package.info.model_dump(mode="json", exclude={"certainty": {"familiarity": {"space"}}}),
                "sha256": package.sha256,
                "runtime": package.computed_by,
            }
            for package in desk.packages.values()
        ]


def _add_watch(app: FastAPI, desk: Desk) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the process lives."""
        return {"status": "alive", "version": brainmtl.__version__}

    @app.get("/readyz", responses={503: ANSWERS[503]})
    async def readyz() -> dict[str, str]:
        """Whether it answers requests."""
        if not desk.ready or not all(batcher.alive for batcher in desk.batchers.values()):
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "not ready", mend="wait")
        return {"status": "ready"}

    @app.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, 401: ANSWERS[401]},
    )
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(desk.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_page(app: FastAPI) -> None:
    page = load_page()

    @app.get("/{path:path}", include_in_schema=False)
    async def file(request: Request, path: str) -> Response:
        if path == "favicon.ico":
            return Response(status_code=204)
        found = page.get(path or "index.html")
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return found.respond(request)
