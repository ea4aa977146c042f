"""Who may call the server: only the page that it serves, at its secret address.

A page of another site may run in the same browser. It can make its name mean this machine (DNS rebinding): then Host
has that name. It can send requests here without reading the answers (CSRF): then Origin, or Sec-Fetch-Site, says whose
they are. It does not know the token, and neither do other users of the machine.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from detector.service import hosts
from detector.service.problems import CLOSE, ProblemError

Event = MutableMapping[str, Any]  # of ASGI, as are Scope, Receive and Send
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_READING = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller has to know: the ``token`` in the path, and a name and the ``port`` of the server in Host.

    The names are those of this machine, and ``names``. Where other machines may call, every IP address is one, too.
    """

    token: str
    port: int
    loopback_only: bool = True
    names: frozenset[str] = frozenset()

    def allows_host(self, host: str) -> bool:
        """Whether a header Host names this server."""
        if not host or _port(host) != self.port:
            return False
        name = hosts.host_name(host)
        if name in LOOPBACK or name in self.names:
            return True
        return not self.loopback_only and hosts.is_allowed(host, self.names)


class Guard:
    """An ASGI application around another one, which it calls with the path behind the token."""

    def __init__(self, app: App, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that may be served, or pass on the events of starting and stopping."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return
        try:
            path = self._path(scope)
        except ProblemError as problem:
            await problem.response()(scope, receive, _with_headers(send))
            return
        inner = {**scope, "path": path, "raw_path": path.encode(), "root_path": ""}
        await self._app(inner, receive, _with_headers(send))

    def _path(self, scope: Scope) -> str:
        """The path behind the token. Raises `ProblemError` for a request that may not be served."""
        headers = [(name, value.decode("latin-1")) for name, value in scope["headers"]]
        given = [value for name, value in headers if name == b"host"]
        if len(given) != 1 or not self._access.allows_host(given[0]):
            raise ProblemError(HTTPStatus.MISDIRECTED_REQUEST, "no server of this name is here", headers=CLOSE)
        token, slash, rest = scope["path"].removeprefix("/").partition("/")
        known = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._access.token.encode())
        if not known or not slash:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is nothing here", headers=CLOSE)
        if scope["method"] not in _READING:
            _check_origin(dict(headers), given[0], scope.get("scheme", "http"))
        elif rest.startswith("api/"):
            _check_site(dict(headers))
        return f"/{rest}"


def _check_origin(headers: dict[bytes, str], host: str, scheme: str) -> None:
    """Raise `ProblemError` unless the page of this server has sent the request."""
    origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
    if origin is None:
        own = site in ("same-origin", "none")
    else:
        own = origin.lower() == f"{scheme}://{host}".lower() and site in (None, "same-origin", "none")
    if not own:
        raise ProblemError(HTTPStatus.FORBIDDEN, "only the page of this server may do this", headers=CLOSE)
    kind = headers.get(b"content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON: Content-Type: application/json", headers=CLOSE
        )


def _check_site(headers: dict[bytes, str]) -> None:
    if headers.get(b"sec-fetch-site", "none") not in ("same-origin", "none"):
        raise ProblemError(HTTPStatus.FORBIDDEN, "only the page of this server may read this", headers=CLOSE)


def _port(host: str) -> int:
    """The port in a header Host; that of HTTP where it has none; -1 for no number."""
    _, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return 80
    return int(port) if port.isascii() and port.isdecimal() and len(port) <= 5 else -1


def _with_headers(send: Send) -> Send:
    async def sending(event: Event) -> None:
        if event["type"] == "http.response.start":
            names = {name for name, _ in _HEADERS}
            own = [(name, value) for name, value in event.get("headers", []) if name.lower() not in names]
            event = {**event, "headers": [*own, *_HEADERS]}
        await send(event)

    return sending
