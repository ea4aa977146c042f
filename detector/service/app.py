"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from threading import Event
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi import Request as HttpRequest

from detector import __version__
from detector.backend.choice import backend
from detector.cleaner import Cleaner
from detector.service import answers, metrics, schemas
from detector.service.answers import Answer
from detector.service.body import Held, read_body
from detector.service.edge import FACTS, NO_ANSWER, App, Edge, Facts
from detector.service.page import PATHS, page
from detector.service.problems import MEDIA_TYPE, DisconnectedError, ProblemError
from detector.service.queue import WorkQueue
from detector.service.requests import Asked, Reader, Received
from detector.service.settings import ServiceSettings

Compute = Callable[[Asked, Event], Answer]
Responses = dict[int | str, dict[str, Any]]  # as FastAPI takes them

_DESCRIPTION = """Removes from article text what is not the article, paragraph by paragraph.

`POST /clean` returns the clean text and what was removed of it, `POST /predict` the decision on every paragraph. Both
take a document or a batch, as JSON. Plain text (`text/plain`) is one document; `/clean` then answers with plain text.
Bodies may be compressed (`Content-Encoding: gzip`)."""
_ANSWERED = "The answer, in the order of the batch."
_REFUSED = {
    400: "The body is not JSON, not UTF-8, or not complete.",
    408: "The body did not arrive in time.",
    413: "The body, the number of documents or their number of lines is too large.",
    415: "The body is neither JSON nor plain text, or it is compressed by something else than gzip.",
    422: "A field is missing, unknown or wrong, or a setting does not fit the model.",
    503: "Too many requests are waiting; the header Retry-After says when to try again.",
    504: "There was no answer in time.",
}


def application(settings: ServiceSettings) -> App:
    """The application with these settings. Raises the errors of `detector.load`."""
    cleaner = settings.cleaner.cleaner
    # so that the first request does not wait for what is imported or made at first use
    replace(cleaner, effort=1.0 if cleaner.encoder else 0.0).clean("Rain fell.")
    limits = settings.limits
    queue = WorkQueue(settings.threads, limits.queue, limits.seconds)
    counted = metrics.Metrics(queue)
    counted.describe(cleaner)
    app = FastAPI(
        title="detector", version=__version__, description=_DESCRIPTION, docs_url=None, redoc_url=None,
        redirect_slashes=False, lifespan=partial(_lifespan, queue),
    )  # fmt: skip
    service = Service(settings, Reader(cleaner, limits), queue, counted)
    app.include_router(service.routes())  # first, because routers are tried in order
    app.include_router(page())
    app.include_router(_status(cleaner, counted))
    for kind in (ProblemError, DisconnectedError, Exception, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        app.add_exception_handler(kind, answer_to_error)
    app.openapi = partial(_described, app.openapi)  # type: ignore[method-assign]
    app.openapi()
    paths = frozenset({*PATHS, "/clean", "/predict", "/healthz", "/metrics", "/openapi.json"})
    return Edge(app, settings, counted, paths)


class Service:
    """Answers requests with documents."""

    def __init__(self, settings: ServiceSettings, reader: Reader, queue: WorkQueue, counted: metrics.Metrics) -> None:
        self._limits = settings.limits
        self._held = Held(settings.limits.held)
        self._reader = reader
        self._queue = queue
        self._metrics = counted

    def routes(self) -> APIRouter:
        """The routes ``/clean`` and ``/predict``."""
        router = APIRouter()
        problem = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{schemas.Problem.__name__}"}}}
        refused: Responses = {status: {"description": text, "content": problem} for status, text in _REFUSED.items()}
        ways: tuple[tuple[str, Compute, Any, str], ...] = (
            ("/clean", answers.clean, schemas.Clean | schemas.CleanBatch, "Clean documents"),
            ("/predict", answers.predict, schemas.Prediction | schemas.PredictionBatch, "Decide on every paragraph"),
        )
        for path, compute, model, summary in ways:
            plain = {"text/plain": {"schema": {"type": "string"}}} if compute is answers.clean else {}
            answered: Responses = {200: {"model": model, "description": _ANSWERED, "content": plain}}
            router.add_api_route(
                path, self._endpoint(path, compute), methods=["POST"], summary=summary, operation_id=path[1:],
                responses={**answered, **refused}, openapi_extra=_REQUEST,
            )  # fmt: skip
        return router

    def _endpoint(self, path: str, compute: Compute) -> Callable[[HttpRequest], Awaitable[Response]]:
        async def endpoint(request: HttpRequest) -> Response:
            facts: Facts = request.scope[FACTS]
            share = facts.until_sent.enter_context(self._held.share())
            body = await read_body(request, self._limits, share)
            received = _received(request, body)
            answer = await self._queue.run(partial(self._computed, compute, received))
            share.replace(len(answer.body))
            facts.counts = answer.counts
            self._metrics.decided(path, len(body), answer.counts)
            return Response(answer.body, media_type=answer.media_type)

        return endpoint

    def _computed(self, compute: Compute, received: Received, stopped: Event) -> Answer:
        return compute(self._reader.read(received), stopped)


def _received(request: HttpRequest, body: bytes) -> Received:
    headers = request.headers
    kind, encoding = headers.get("content-type", ""), headers.get("content-encoding", "")
    return Received(body, kind, encoding, request.query_params.multi_items())


_CONTENT: dict[str, Any] = {
    "application/json": {"schema": {"$ref": f"#/components/schemas/{schemas.Request.__name__}"}},
    "text/plain": {"schema": {"type": "string"}, "example": "Rain fell all day.\nShare this story\n"},
}
_REQUEST: dict[str, Any] = {
    "requestBody": {"required": True, "content": _CONTENT},
    "parameters": [
        {"in": "query", "name": name, "required": False, "schema": {"type": "string"}, "description": field.description}
        for name, field in schemas.Options.model_fields.items()
    ],
}


def _status(cleaner: Cleaner, counted: metrics.Metrics) -> APIRouter:
    """The routes ``/healthz`` and ``/metrics``."""
    router = APIRouter()
    model = cleaner.model
    health = schemas.Health(
        status="ok", version=__version__, backend=backend().name, labels=list(model.labels),
        kinds=list(model.kinds), thresholds=dict(model.thresholds), model=str(model.metadata.get("sha256", "")),
        encoder=cleaner.encoder.digest if cleaner.encoder else None, effort=cleaner.effort if cleaner.encoder else None,
    ).model_dump_json()  # fmt: skip

    async def healthz() -> Response:
        return Response(health, media_type="application/json")

    async def measured() -> Response:
        return Response(counted.text(), headers={"Content-Type": metrics.MEDIA_TYPE})

    ready: Responses = {200: {"model": schemas.Health, "description": "The service is ready."}}
    router.add_api_route("/healthz", healthz, summary="Whether the service is ready", responses=ready)
    text: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The counts."}}
    router.add_api_route("/metrics", measured, summary="Counts for Prometheus", response_class=Response, responses=text)
    for path, answer in (("/healthz", healthz), ("/metrics", measured)):
        router.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)
    return router


def _described(openapi: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The OpenAPI description, with what the service reads and refuses itself."""
    described = openapi()
    for model in (schemas.Request, schemas.Problem):
        described["components"]["schemas"].update(schemas.component(model))
    return described


async def answer_to_error(_: HttpRequest, error: Exception) -> Response:
    """The answer to a request that raised an error, or whose path or method is not there."""
    if isinstance(error, ProblemError):
        return error.response()
    if isinstance(error, DisconnectedError):
        return Response(status_code=NO_ANSWER)
    status = HTTPStatus(getattr(error, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR))
    headers = getattr(error, "headers", None) or {}
    return ProblemError(status, _DETAILS[status], headers=headers).response()


_DETAILS = {
    HTTPStatus.NOT_FOUND: "there is no such path; /openapi.json lists those that there are",
    HTTPStatus.METHOD_NOT_ALLOWED: "the path does not support this method; the header Allow lists what it supports",
    HTTPStatus.INTERNAL_SERVER_ERROR: "an error of the service; its log has more",
}


@asynccontextmanager
async def _lifespan(queue: WorkQueue, _: FastAPI) -> AsyncIterator[None]:
    yield
    queue.close()
