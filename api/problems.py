"""Errors as problem details (RFC 9457): every failure says what is wrong, where, and the fix."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from engine.exceptions import InputError, KonsilError, NotFoundError
from knowledge_graph.store import NoServerError, StoreError, UnreachableError

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """A problem detail. where: the place in the input; suggestions: close names."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    where: str | None = None
    fix: str | None = None
    suggestions: list[str] | None = None


class BodyTooLargeError(KonsilError):
    """The request body is larger than the service takes."""


class MediaTypeError(KonsilError):
    """The request body is of a type no reader takes."""


_TITLES = {
    404: "Not found",
    413: "Request body too large",
    415: "Unsupported media type",
    422: "The input cannot be used",
    500: "Internal error",
    501: "Not configured",
    503: "The graph server does not answer",
}


def install(app: FastAPI) -> None:
    """Answer every error of this application with a problem detail."""
    app.add_exception_handler(KonsilError, _konsil)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _unexpected)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI documentation of the problems an operation can answer with."""
    return {
        status: {
            "model": Problem,
            "description": _TITLES[status],
            "content": {MEDIA_TYPE: {}},
        }
        for status in statuses
    }


def _answer(status: int, detail: str, **more: Any) -> JSONResponse:
    title = _TITLES.get(status, "Request cannot be served")
    problem = Problem(title=title, status=status, detail=detail, **more)
    return JSONResponse(
        problem.model_dump(exclude_none=True), status_code=status, media_type=MEDIA_TYPE
    )


_STATUSES: dict[type[KonsilError], int] = {
    NotFoundError: 404,
    BodyTooLargeError: 413,
    MediaTypeError: 415,
    InputError: 422,
    NoServerError: 501,
    UnreachableError: 503,
    StoreError: 422,
}
"""The first class an error belongs to gives its status."""


async def _konsil(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, KonsilError)
    status = next((s for kind, s in _STATUSES.items() if isinstance(error, kind)), 500)
    return _answer(
        status,
        error.message,
        where=getattr(error, "where", None),
        fix=error.fix,
        suggestions=list(getattr(error, "suggestions", ())) or None,
    )


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _answer(error.status_code, str(error.detail))


async def _validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    where = ".".join(str(part) for part in faults[0]["loc"]) if faults else None
    detail = "; ".join(f"{fault['msg']}" for fault in faults) or "invalid request"
    return _answer(422, detail, where=where, fix="see the OpenAPI document at /openapi.json")


async def _unexpected(_: Request, error: Exception) -> JSONResponse:
    return _answer(
        500,
        f"unexpected {type(error).__name__}; no result was produced",
        fix="report this with the version shown by /healthz",
    )
