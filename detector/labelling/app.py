"""The labelling over HTTP: the page, and what it asks. `detector.labelling.security` stands before it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from detector.corpus.messages import Message
from detector.errors import DetectorError
from detector.labelling.labelling import Labelling
from detector.labelling.retraining import NotNowError
from detector.labelling.schemas import EventRequest
from detector.labelling.session import Asked, RefusedError
from detector.service.problems import CLOSE, DisconnectedError, ProblemError
from detector.service.requests import invalid
from detector.service.settings import Log

MAX_BODY = 1 << 16  # bytes
_DRAINED = 1 << 20  # bytes of a body that is too large that are read
_SECONDS = 30  # for a body to arrive
MAX_LISTED = 1000  # documents in one answer
_PAGE = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}  # fmt: skip
_NO_ANSWER = 499  # the client has gone
_NOTHING = "there is nothing here"


def application(labelling: Labelling, log: Log) -> FastAPI:
    """The application. ``log`` takes the errors that nobody expected."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(_page())
    app.include_router(_reading(labelling))
    app.include_router(_writing(labelling))

    async def failed(_: Request, error: Exception) -> Response:
        return _answer_to(error, log)

    for kind in (
        ProblemError, DisconnectedError, RefusedError, NotNowError, DetectorError, sqlite3.Error, Exception,
        HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED,
    ):  # fmt: skip
        app.add_exception_handler(kind, failed)
    return app


def _page() -> APIRouter:
    """The files of the page: those that are in its folder now, and no others."""
    router = APIRouter()
    for file in files("detector.labelling").joinpath("page").iterdir():
        extension = f".{file.name.rpartition('.')[2]}"
        if extension in _TYPES:
            path = "/" if file.name == _PAGE else f"/{file.name}"
            router.add_api_route(path, _file(file.read_bytes(), _TYPES[extension]), methods=["GET", "HEAD"])
    return router


def _file(content: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def endpoint() -> Response:
        return Response(content, media_type=media_type)

    return endpoint


def _reading(labelling: Labelling) -> APIRouter:
    """What the page reads."""
    router = APIRouter(prefix="/api")

    @router.get("/state")
    async def state() -> Response:
        return _json(await run_in_threadpool(labelling.state))

    @router.get("/documents")
    async def documents(request: Request) -> Response:
        start, limit = _number(request, "from", 0), _number(request, "limit", 200)
        return _json(await run_in_threadpool(labelling.session.listed, start, min(limit, MAX_LISTED)))

    @router.get("/documents/{number}")
    async def document(number: str) -> Response:
        found = await run_in_threadpool(labelling.session.document, _whole(number))
        if found is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, _NOTHING)
        return _json(found)

    @router.get("/changes")
    async def changes(request: Request) -> Response:
        return _json(await run_in_threadpool(labelling.changes, _number(request, "since", 0)))

    return router


def _writing(labelling: Labelling) -> APIRouter:
    """What the page does."""
    router = APIRouter(prefix="/api")

    @router.post("/events")
    async def events(request: Request) -> Response:
        try:
            asked = EventRequest.model_validate_json(await _body(request))
        except ValidationError as error:
            raise invalid(error) from None
        return _json(await run_in_threadpool(labelling.post, Asked(**asked.model_dump())))

    def command(path: str, function: Callable[[], None], status: HTTPStatus = HTTPStatus.OK) -> None:
        async def endpoint(request: Request) -> Response:
            await _body(request)
            await run_in_threadpool(function)
            return _json(await run_in_threadpool(labelling.state), status)

        router.add_api_route(path, endpoint, methods=["POST"])

    command("/retrain", labelling.retrain, HTTPStatus.ACCEPTED)
    command("/retrain/accept", labelling.retraining.accept)
    command("/retrain/reject", labelling.retraining.reject)
    return router


def _json(values: dict[str, Any], status: int = HTTPStatus.OK) -> Response:
    """An answer; beyond ASCII with escapes, for a text may have lone surrogates."""
    return Response(json.dumps(values), status, media_type="application/json")


async def _body(request: Request) -> bytes:
    """The body of a request.

    Raises `ProblemError` for one that is too large or does not come in time, `DisconnectedError` for half of one.
    """
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(_SECONDS):
            while more and len(body) <= _DRAINED:  # who sends too much gets to read the answer if it is read
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise DisconnectedError
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive in time", headers=CLOSE) from None
    if len(body) > MAX_BODY:
        detail = f"the body has more than {MAX_BODY:,} bytes"
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers=CLOSE)
    return bytes(body)


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name)
    return default if value is None else _whole(value, name)


def _whole(value: str, name: str = "number") -> int:
    if not value.isascii() or not value.isdecimal() or len(value) > 15:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name}: give a whole number from 0 on")
    return int(value)


def _answer_to(error: Exception, log: Log) -> Response:
    """The answer to a request that raised an error, or whose path or method is not there."""
    if isinstance(error, DisconnectedError):
        return Response(status_code=_NO_ANSWER)
    if isinstance(error, ProblemError):
        return error.response()
    if isinstance(error, RefusedError | NotNowError):
        return ProblemError(error.status, str(error)).response()
    if isinstance(error, DetectorError):
        return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)).response()
    return _answer_to_failure(error, log).response()


def _answer_to_failure(error: Exception, log: Log) -> ProblemError:
    if isinstance(error, sqlite3.Error):
        detail = f"the journal cannot be written ({error}); nothing was recorded: try again"
        log(Message(f"detector: {detail}", "failure", "error", {"error": type(error).__name__}))
        return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail)
    status = HTTPStatus(getattr(error, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR))
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        _log_failure(error, log)
    return ProblemError(status, _NOTHING if status == HTTPStatus.NOT_FOUND else status.phrase)


def _log_failure(error: Exception, log: Log) -> None:
    """Log the type of an error, and where it was raised. Its words may quote a text."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__
    log(Message(f"detector: {kind} at {frame.filename}:{frame.lineno}", "failure", "error", {"error": kind}))
