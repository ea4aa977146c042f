"""What surrounds every request: the check of the host, headers, errors, counts and the log."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from detector.corpus.messages import Message
from detector.service import hosts
from detector.service.answers import Counts
from detector.service.metrics import Metrics
from detector.service.problems import CLOSE, ProblemError, shown
from detector.service.settings import ServiceSettings

Event = MutableMapping[str, Any]  # of ASGI, as are Scope, Receive and Send
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FACTS = "detector.facts"  # the name of `Facts` in a scope
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_CLOSE = (b"connection", b"close")
_NO_STORE = (b"cache-control", b"no-store")
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_PIECE = 1 << 18  # bytes of an answer that are sent at a time
_DRAINED = 1 << 24  # bytes of a refused body that are read and dropped, so that the client gets to read the answer
_DRAIN_SECONDS = 2
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
NO_ANSWER = 499  # the status in the log when the client has gone; nginx has introduced it


@dataclass(slots=True)
class Facts:
    """What is known of a request. ``until_sent`` are contexts that end when the answer has been sent."""

    started: float = field(default_factory=time.perf_counter)
    status: int = 0
    received: int = 0
    sent: int = 0
    counts: Counts = field(default_factory=Counts)
    until_sent: ExitStack = field(default_factory=ExitStack)


class Edge:
    """An ASGI application around another one. ``paths`` are those of the other one."""

    def __init__(self, app: App, settings: ServiceSettings, metrics: Metrics, paths: frozenset[str]) -> None:
        self._app = app
        self._settings = settings
        self._metrics = metrics
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or pass on the events of starting and stopping."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts = scope[FACTS] = Facts()
        exchange = _Exchange(receive, send, facts, self._settings.limits.client_seconds, has_body(scope))
        try:
            await self._serve(scope, exchange)
        finally:
            facts.until_sent.close()
            self._note(scope, facts)

    async def _serve(self, scope: Scope, exchange: _Exchange) -> None:
        app = self._wrong_host(scope) or self._app
        try:
            await app(scope, exchange.receive, exchange.send)
        except TimeoutError:  # the client does not take the answer
            exchange.facts.status = NO_ANSWER
            raise ConnectionAbortedError from None  # ends the connection
        except Exception as error:  # has been answered; its words may quote a text
            self._settings.log(_failure(error))

    def _wrong_host(self, scope: Scope) -> App | None:
        """The answer to a request that calls the service by a name that it does not have."""
        for name, value in scope["headers"]:
            host = value.decode("latin-1")
            if name == b"host" and host and not hosts.is_allowed(host, self._settings.hosts):
                detail = f"no service of the name {shown(hosts.host_name(host))} is here; --allow-host allows a name"
                return ProblemError(HTTPStatus.MISDIRECTED_REQUEST, detail, headers=CLOSE).response()
        return None

    def _note(self, scope: Scope, facts: Facts) -> None:
        """Count a request, and write a line about it."""
        seconds = time.perf_counter() - facts.started
        path = scope["path"] if scope["path"] in self._paths else "other"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.answered(method, path, facts.status, seconds)
        if self._settings.log_requests:
            self._settings.log(_line(method, path, facts, seconds))


class _Exchange:
    """What is received from a client and sent to it."""

    def __init__(self, receive: Receive, send: Send, facts: Facts, seconds: float, more_body: bool) -> None:
        self._receive = receive
        self._send = send
        self._seconds = seconds
        self._until = 0.0  # when the client has to have taken the answer, by the clock of the loop
        self._more_body = more_body
        self._closes = False
        self.facts = facts

    async def receive(self) -> Event:
        """The next part of the body."""
        event = await self._receive()
        self.facts.received += len(event.get("body", b""))
        self._more_body = event.get("more_body", False)
        return event

    async def send(self, event: Event) -> None:
        """Send the head of an answer, or a part of its body, which a slow client has to take in time."""
        if event["type"] == "http.response.start":
            await self._start(event)
            return
        body, more = event.get("body", b""), event.get("more_body", False)
        if not self._closes and len(body) <= _PIECE:  # what is written is bounded, and the connection limits the time
            self.facts.sent += len(body)
            await self._send(event)
            return
        async with asyncio.timeout_at(self._until):
            for start in range(0, len(body), _PIECE):
                await self._send({**event, "body": body[start : start + _PIECE], "more_body": True})
        if not more and self._closes:
            await self._drain()
        self.facts.sent += len(body)
        async with asyncio.timeout_at(self._until + _DRAIN_SECONDS):
            await self._send({**event, "body": b"", "more_body": more})

    async def _start(self, event: Event) -> None:
        """Send the head. After an answer to a request whose body has not been read, the connection is closed."""
        self._until = asyncio.get_running_loop().time() + self._seconds
        self.facts.status = event["status"]
        event["headers"] = _with_headers(event["headers"], closes=self._more_body)
        self._closes = (b"connection", b"close") in event["headers"]
        await self._send(event)

    async def _drain(self) -> None:
        """Read and drop some of what a refused client is still sending.

        Closing the connection at once could take the answer away from a client that has not read it yet.
        """
        left = _DRAINED
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while self._more_body and left > 0:
                    event = await self._receive()
                    self._more_body = event.get("more_body", False)
                    left -= len(event.get("body", b""))
        except TimeoutError:
            pass


def has_body(scope: Scope) -> bool:
    """Whether the headers of a request announce a body."""
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0").strip(b"0") != b""


def _with_headers(headers: list[tuple[bytes, bytes]], closes: bool) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, with those that all answers have."""
    names = {name.lower() for name, _ in headers}
    own = (_NO_STORE, _POLICY, _CLOSE) if closes else (_NO_STORE, _POLICY)
    more = [header for header in own if header[0] not in names]
    return [*((name.lower(), value) for name, value in headers), *_HEADERS, *more]


def _line(method: str, path: str, facts: Facts, seconds: float) -> Message:
    """The line about a request, without anything that its body or its query has."""
    fields = {
        "method": method, "path": path, "status": facts.status, "ms": round(1000 * seconds, 2),
        "bytes": facts.received, "sent": facts.sent, "documents": facts.counts.documents,
    }  # fmt: skip
    line = f"{method} {path} {facts.status} {fields['ms']} ms"
    return Message(line, "request", "error" if facts.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "info", fields)


def _failure(error: Exception) -> Message:
    """The line about an error that nobody expected: its type, and where it was raised. Its words may quote a text."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    kind = type(error).__name__
    return Message(f"detector: {kind} at {where[-1]}", "failure", "error", {"error": kind, "trace": where})
