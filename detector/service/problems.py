"""Answers to requests that cannot be served, in the form of RFC 9457."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType

from fastapi import Response

MEDIA_TYPE = "application/problem+json"
_SHOWN = 40  # characters of what a client sent that a message may show
CLOSE: Mapping[str, str] = MappingProxyType({"Connection": "close"})
RETRY: Mapping[str, str] = MappingProxyType({"Retry-After": "1"})  # seconds


class ProblemError(Exception):
    """A request that cannot be served: the status of the answer, and in words what is wrong and what to do.

    ``errors`` name the fields of the request that are wrong, each with what is wrong. No message has more than 40
    characters of a document.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers

    def response(self) -> Response:
        """The answer."""
        content: dict[str, object] = {"title": self.status.phrase, "status": self.status.value, "detail": self.detail}
        if self.errors:
            content["errors"] = list(self.errors)
        body = json.dumps(content, ensure_ascii=False)
        return Response(body, self.status.value, dict(self.headers), MEDIA_TYPE)


class DisconnectedError(Exception):
    """The client has closed the connection: there is nobody to answer."""


def shown(value: str) -> str:
    """A value that a client sent, quoted and shortened for a message."""
    return repr(value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…")
