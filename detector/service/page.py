"""The page on which a person tries the cleaner, and the files that it consists of. It loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, Request, Response

PATHS = {"/": "page.html", "/page.css": "page.css", "/page.js": "page.js"}
_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def page() -> APIRouter:
    """The routes of the page."""
    router = APIRouter(include_in_schema=False)
    for path, name in PATHS.items():
        router.add_api_route(path, _file(name), methods=["GET", "HEAD"])
    return router


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers with a file."""
    content = (files("detector.service") / name).read_bytes()
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY, "ETag": tag}
    media_type = _TYPES[name.rpartition(".")[2]]

    async def endpoint(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)

    return endpoint
