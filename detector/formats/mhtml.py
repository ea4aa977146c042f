"""MHTML: a web page that a browser saved in one file, with its images. The page is read, and nothing else.

The format is RFC 2557: a MIME message of the type ``multipart/related``, whose root is the page. Frames are other
parts, and are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidBase64PaddingDefect,
    MessageDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected, Writer
from detector.formats.pages import PageReader, page_record, read_page
from detector.formats.text import TextFormat

_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_ENCODINGS = ("", "7bit", "8bit", "binary", "quoted-printable", "base64")


@dataclass(frozen=True)
class MhtmlFormat:
    """The page is one record, whose id is the file's name."""

    reader: PageReader
    name: str = "mhtml"
    own_compressions: tuple[str, ...] = ()

    def require(self) -> None:
        """Raise `UsageError` if the library that reads HTML is not installed."""
        self.reader.require()

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read the page as one record. Raises `DataError` if the file is damaged or cut, or has no page."""
        number, part = _root(_message(read_page(stream, name), name), name)
        place = f"{name}: part {number} ({part.get_content_type()})"
        yield page_record(self.reader, _body(part, place), part.get_content_charset(), name)

    def original(self, record: Record, text: str) -> bytes | None:
        """None: the text is restored exactly. The MHTML is not."""
        return None

    def writer(self, stream: BinaryIO, fields: Fields) -> Writer:
        """A writer of plain text."""
        return TextFormat().writer(stream, fields)


def _message(data: bytes, name: str) -> Message:
    """The message of a file. Raises `DataError` if its parts are nested so deep that it was not written to be read."""
    try:
        message = message_from_bytes(data)
        for _ in message.walk():
            pass
    except RecursionError as error:
        raise DataError(f"{name}: damaged: its parts are nested too deep; save the page again") from error
    return message


def _root(message: Message, name: str) -> tuple[int, Message]:
    """The part that is the page, with its number, counted from 1. Raises `DataError` if there is none."""
    if "content-type" not in message:
        raise DataError(f"{name}: not MHTML: its header has no Content-Type; name its --format")
    for part in message.walk():
        _check(part.defects, name)
    parts = [part for part in message.walk() if not part.is_multipart()]
    pages = [each for each in enumerate(parts, 1) if each[1].get_content_type() in _PAGE_TYPES]
    if not pages:
        types = ", ".join(sorted({part.get_content_type() for part in parts})[:5]) or "none"
        raise DataError(f"{name}: no part of it is HTML (the types of its parts: {types}); save the page again")
    start = collapse_rfc2231_value(message.get_param("start") or "")
    for field, wanted in (("content-id", start), ("content-location", _field(message, "snapshot-content-location"))):
        for number, part in pages:
            if wanted and _field(part, field) == wanted.strip():
                return number, part
    return pages[0]


def _field(part: Message, name: str) -> str:
    """The value of a field, which the library gives as an object where it has bytes beyond ASCII; empty without one."""
    return str(part.get(name, "")).strip()


def _check(defects: list[MessageDefect], name: str) -> None:
    for defect in defects:
        if isinstance(defect, CloseBoundaryNotFoundDefect):
            raise DataError(f"{name}: truncated: the boundary after its last part is missing; save the page again")
        if isinstance(defect, StartBoundaryNotFoundDefect | NoBoundaryInMultipartDefect):
            raise DataError(f"{name}: damaged: the boundary before its first part is missing; save the page again")


def _body(part: Message, place: str) -> bytes:
    """The HTML of a part. Raises `DataError` if its encoding is unknown or damaged."""
    encoding = _field(part, "content-transfer-encoding").lower()
    if encoding not in _ENCODINGS:
        raise DataError(f"{place}: its Content-Transfer-Encoding is {encoding[:40]}, which is unknown")
    before = len(part.defects)
    body = part.get_payload(decode=True)
    new = part.defects[before:]
    if not isinstance(body, bytes) or not all(isinstance(defect, InvalidBase64PaddingDefect) for defect in new):
        raise DataError(f"{place}: damaged: what follows is not {encoding or 'text'}; save the page again")
    return body
