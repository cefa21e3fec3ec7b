"""The HTTP API. Bodies are read with a limit, results leave as the same bytes the CLI prints."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from api import examples, problems, routes_interview, routes_kg
from api.engine import Engine
from api.shared import Shared
from engine.bundle import question_moment
from engine.serialize import as_bytes, to_json
from engine.types import Finding, Issue, Result

MAX_BODY = 64 * 1024 * 1024
"""Bytes taken in one request; larger bodies are refused while they arrive."""
FORMATS = {
    "application/json": "bundle.json",
    "application/fhir+json": "bundle.json",
    "text/plain": "note.txt",
    "application/zip": "bundle.zip",
}
"""Media type of a request -> the file name that tells the reader its format."""

_WITHOUT = (
    "rank as if this had not been there, repeatable: modality:KIND (all notes, labs, phenotypes,"
    " imaging, ecg), KIND:NUMBER or KIND:ID (note:2), finding:HP:..."
)


class Health(BaseModel):
    """status: "ok"; version: of the software."""

    status: str
    version: str


class Ready(BaseModel):
    """Releases of the graph that answers."""

    status: str
    sources: list[str]


class Extracted(BaseModel):
    """Findings of one text, each citing its characters."""

    findings: tuple[Finding, ...]
    issues: tuple[Issue, ...]


def create_app(engine: Engine | None = None) -> FastAPI:
    """The application. engine: given by tests; otherwise built when the server starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        app.state.engine = engine or await run_in_threadpool(Engine)
        await run_in_threadpool(app.state.engine.warm)
        yield

    app = FastAPI(
        title="Konsil",
        version=version("konsil"),
        summary="A patient bundle in, ranked and cited diagnoses out. Research use only.",
        lifespan=lifespan,
    )
    problems.install(app)
    _add_diagnosis(app)
    app.include_router(routes_kg.router)
    app.include_router(routes_interview.router)
    _add_health(app)
    return app


def _add_diagnosis(app: FastAPI) -> None:
    body = {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "object"}, "example": examples.PHENOPACKET},
                "application/fhir+json": {"schema": {"type": "object"}, "example": examples.FHIR},
                "text/plain": {"schema": {"type": "string"}, "example": examples.NOTE},
                "application/zip": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    }

    @app.post(
        "/v1/diagnose",
        response_model=Result,
        responses=problems.responses(404, 413, 415, 422),
        openapi_extra=body,
    )
    async def diagnose(
        request: Request,
        engine: Shared,
        top: Annotated[int, Query(ge=1, le=100)] = 10,
        as_of: Annotated[str | None, Query(description="moment of the question, ISO 8601")] = None,
        explain: Annotated[str | None, Query(description="one disease, by id or name")] = None,
        without: Annotated[tuple[str, ...], Query(description=_WITHOUT)] = (),
    ) -> Response:
        """Rank diagnoses for a FHIR bundle, a phenopacket, a text or a zip of files.

        With `explain`, answers {rank, gap, abstained, diagnosis, without, left_out}: every
        contribution for one disease, and where it would stand without each finding.
        """
        name = _name(request)
        data = await _body(request)
        moment = None if as_of is None else question_moment(as_of)

        def work() -> bytes:
            assessment = engine.read_bytes(data, name=name, as_of=moment, without=without)
            if explain is not None:
                return as_bytes(assessment.explain(explain))
            return to_json(assessment.result(top=top))

        return Response(await run_in_threadpool(work), media_type="application/json")

    @app.post(
        "/v1/extract",
        response_model=Extracted,
        responses=problems.responses(413, 415, 422),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"text/plain": {"schema": {"type": "string"}, "example": examples.NOTE}},
            }
        },
    )
    async def extract(request: Request, engine: Shared) -> Response:
        """Findings of one text, each with its characters."""
        if _name(request) != "note.txt":
            raise problems.MediaTypeError(
                "extract reads plain text", fix="send Content-Type: text/plain"
            )
        data = await _body(request)

        def work() -> bytes:
            result = engine.read_bytes(data, name="note.txt")
            return as_bytes({"findings": result.findings, "issues": result.issues})

        return Response(await run_in_threadpool(work), media_type="application/json")


def _add_health(app: FastAPI) -> None:
    @app.get("/healthz")
    def healthz() -> Health:
        """The process lives."""
        return Health(status="ok", version=version("konsil"))

    @app.get("/readyz")
    def readyz(engine: Shared) -> Ready:
        """The graph is loaded: this server can answer."""
        return Ready(status="ok", sources=[f"{s.name} {s.version}" for s in engine.graph.sources])


def _name(request: Request) -> str:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in FORMATS:
        raise problems.MediaTypeError(
            f"no reader for {media_type or 'a body without Content-Type'}",
            fix=f"send one of {', '.join(FORMATS)}",
        )
    return FORMATS[media_type]


async def _body(request: Request) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise problems.BodyTooLargeError(
                f"the body is larger than {MAX_BODY // 2**20} MiB", fix="send a smaller bundle"
            )
    return bytes(data)
