"""Reading the body of a request, within limits of size and time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request

from detector.service.problems import CLOSE, RETRY, DisconnectedError, ProblemError
from detector.service.settings import Limits

_GZIP = 31  # the number by which zlib knows the format
_PIECE = 1 << 12  # bytes that are decompressed at a time, to 4 MB at most; what is behind a member is copied


class Held:
    """The bytes of all bodies and answers that are in memory."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """The share of one request, which ends with the block."""
        share = Share(self)
        try:
            yield share
        finally:
            self.bytes -= share.bytes


@dataclass
class Share:
    """The bytes of one request: those of its body, then those of its answer."""

    held: Held
    bytes: int = 0

    def add(self, number: int) -> None:
        """Count more bytes. Raises `ProblemError` if there is no room for them."""
        self._set(self.bytes + number, {**CLOSE, **RETRY})

    def replace(self, number: int) -> None:
        """Count so many bytes instead, those of the answer. Raises `ProblemError` if there is no room for them."""
        self._set(number, RETRY)

    def _set(self, number: int, headers: Mapping[str, str]) -> None:
        others = self.held.bytes - self.bytes
        if number > self.bytes and others + number > self.held.limit:
            detail = "too much is being received and sent at the same time; try again later"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=headers)
        self.held.bytes = others + number
        self.bytes = number


async def read_body(request: Request, limits: Limits, share: Share) -> bytes:
    """The body of a request as it was sent.

    Raises `ProblemError` for a body that is too large, or that a slow client does not send in time, and
    `DisconnectedError` if the client goes away.
    """
    _check_length(request.headers, limits)
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(limits.client_seconds):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise DisconnectedError
                part = message.get("body", b"")
                share.add(len(part))
                if share.bytes > limits.body:
                    raise too_large(limits)
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        detail = f"the body did not arrive within {limits.client_seconds:g} seconds; send it faster, or send less"
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, detail, headers=CLOSE) from None


def decompressed(body: bytes, encoding: str, limits: Limits) -> bytes:
    """A body without its content encoding: gzip or none.

    Raises `ProblemError` for other encodings, for damaged data, and for more bytes than a body may have.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "this Content-Encoding is not supported; send gzip, or an uncompressed body",
            headers={"Accept-Encoding": "gzip"},
        )
    unpacked = bytearray()
    try:
        for part in _members(memoryview(body)):
            unpacked += part
            if len(unpacked) > limits.body:
                raise too_large(limits)
    except zlib.error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body is no complete gzip data; compress it again") from None
    return bytes(unpacked)


def _members(body: memoryview) -> Iterator[bytes]:
    """The parts of gzip data, which may have several members. Raises `zlib.error` if it is damaged."""
    at = 0
    while at < len(body):
        stream = zlib.decompressobj(_GZIP)
        while not stream.eof:
            piece = body[at : at + _PIECE]
            if not piece:
                raise zlib.error
            at += len(piece)
            yield stream.decompress(piece)
        at -= len(stream.unused_data)


def too_large(limits: Limits) -> ProblemError:
    """The problem of a body that is too large."""
    detail = (
        f"the body has more than {limits.body:,} bytes; send fewer documents at a time, or start the service with a "
        "larger --max-body"
    )
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers=CLOSE)


def _check_length(headers: Mapping[str, str], limits: Limits) -> None:
    """Refuse a body by its announced length, before any of it is read."""
    length = headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and int(length) > limits.body:
        raise too_large(limits)
