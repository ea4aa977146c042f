"""HTTP responses as crawlers record them: the header, and the body without its transfer and content encodings.

The format is RFC 9112. What a crawler has decoded already, though the header still names the encoding, is taken as it
is.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from detector.errors import UsageError
from detector.formats.compression import decompressing
from detector.formats.members import Members
from detector.formats.pages import MAX_PAGE, BadPageError
from detector.util.libraries import load_library

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})\b[^\n]*\n")
_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"(?m)^([^\s:]+)[ \t]*:((?:[^\n]*\n)(?:[ \t][^\n]*\n)*)")  # with folded lines
_CHARSET = re.compile(r"""(?i)[;,\s]\s*charset\s*=\s*["']?([^\s"';,]+)""")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
_MEDIA_TYPE = re.compile(r"[^\s;,]*")  # servers leave out the semicolon after it, or name it twice
_TRANSFER = ("chunked", "gzip", "x-gzip", "deflate")  # what else servers name there means nothing
_PIECE = 1 << 16  # bytes decompressed at a time
_BROTLI_PIECE = 1 << 10  # compressed bytes; older versions of the library have no limit for what they return
_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class ResponseHeader:
    """The header of a response: its size in bytes, its status, and its fields by lower-case name."""

    size: int
    status: int
    fields: dict[str, str]

    @property
    def media_type(self) -> str:
        """What the body is: ``text/html``; empty if that is not said."""
        return media_type(self.fields.get("content-type", ""))

    @property
    def charset(self) -> str | None:
        """The encoding of the body, if the header names it."""
        return charset(self.fields.get("content-type", ""))


def media_type(value: str) -> str:
    """The type that the value of a Content-Type begins with: ``text/html``."""
    found = _MEDIA_TYPE.match(value.strip())
    return found[0].lower() if found else ""


def charset(value: str) -> str | None:
    """The encoding that the value of a Content-Type names, if it does."""
    found = _CHARSET.search(value)
    return found[1] if found else None


def read_response_header(block: bytes) -> ResponseHeader | None:
    """The header that a block begins with; None if it is not complete, or there is none."""
    status = _STATUS.match(block)
    end = _END.search(block, status.end() - 2) if status else None
    if not status or not end:
        return None
    raw = block[status.end() : end.end()]
    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in _FIELD.findall(raw):
        values[name.decode("latin-1").lower()].append(b" ".join(value.split()).decode("latin-1"))
    fields = {name: each[-1] if name == "content-type" else ", ".join(each) for name, each in values.items()}
    return ResponseHeader(end.end(), int(status[1]), fields)


def read_body(header: ResponseHeader, block: bytes, is_cut: bool) -> bytes:
    """The body of the response in a block. If ``is_cut``, as crawlers cut long ones, it is what there is of it.

    Raises `BadPageError` if it is damaged, larger than `MAX_PAGE`, or in an encoding that cannot be read.
    """
    body = block[header.size :]
    transfer = [name for name in _names(header, "transfer-encoding") if name in _TRANSFER]
    for encoding in reversed([*_names(header, "content-encoding"), *transfer]):
        if encoding == "chunked":
            body = _joined(body, is_cut)
        elif encoding not in ("", "identity", "none", "utf-8") and body:
            body = _decoded(body, encoding, is_cut)
    return body


def _names(header: ResponseHeader, field: str) -> list[str]:
    return [name.strip() for name in header.fields.get(field, "").lower().split(",")]


def _joined(body: bytes, is_cut: bool) -> bytes:
    """The chunks of a body together; the body as it is where a crawler has joined them already."""
    at = 0
    joined = bytearray()
    while found := _CHUNK_SIZE.match(body, at):
        size = int(found[1], 16)
        if not size:
            return bytes(joined)
        joined += body[found.end() : found.end() + size]
        at = found.end() + size
        if at > len(body):
            break
        line_end = 2 if body.startswith(b"\r\n", at) else 1
        at += line_end
    if not at:
        return body
    if not is_cut:
        raise BadPageError(f"its chunks end too early, or are damaged, at byte {at} of the body")
    return bytes(joined)


def _decoded(body: bytes, encoding: str, is_cut: bool) -> bytes:
    """The body without one content encoding. Raises `BadPageError`."""
    name = encoding.removeprefix("x-")
    marks = {"gzip": _GZIP, "zstd": _ZSTANDARD}
    if name in marks and not body.startswith(marks[name]):
        return body  # decoded already
    data = bytearray()
    try:
        for piece in _pieces(body, name):
            data += piece
            if len(data) > MAX_PAGE:
                raise BadPageError(f"it is larger than {MAX_PAGE >> 20} MB, so it is no web page")
    except (OSError, zlib.error, EOFError) as error:
        if not data and body.lstrip().startswith(b"<"):
            return body  # decoded already
        if not is_cut or not data:
            raise BadPageError(f"its Content-Encoding is {name}, but it is damaged or cut ({error})") from error
    return bytes(data)


def _pieces(body: bytes, name: str) -> Iterator[bytes]:
    """The decompressed data in pieces. Raises `OSError`, `EOFError` or `zlib.error` where it is damaged or cut."""
    if name == "zstd":
        return _stream(body, ".zst")
    if name == "gzip":
        return _gunzipped(body)
    if name == "deflate":
        return _inflated(body)
    if name == "br":
        return _brotli(body)
    raise BadPageError(f"its Content-Encoding is {name[:40]}, which is unknown")


def _stream(body: bytes, extension: str) -> Iterator[bytes]:
    try:
        stream = decompressing(BytesIO(body), extension)
    except UsageError as error:
        raise BadPageError(f"its Content-Encoding is {extension}: {error}") from error
    while piece := stream.read1(_PIECE):  # type: ignore[attr-defined]  # it is buffered
        yield piece


def _gunzipped(body: bytes) -> Iterator[bytes]:
    """Of all gzip members. What some servers send after them is passed over, as browsers do."""
    members = Members(BytesIO(body), ".gz")
    while body.startswith(_GZIP, members.end) and members.next():
        while piece := members.read(_PIECE):
            yield piece


def _inflated(body: bytes) -> Iterator[bytes]:
    """Of deflate with the header of zlib, as RFC 9110 says, or without, as some servers send it."""
    with_header = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    decompressor = zlib.decompressobj(zlib.MAX_WBITS if with_header else -zlib.MAX_WBITS)
    data = body
    while not decompressor.eof:
        piece = decompressor.decompress(data, _PIECE)
        data = decompressor.unconsumed_tail
        if not piece and not data:
            raise EOFError("it ends too early")
        yield piece


def _brotli(body: bytes) -> Iterator[bytes]:
    try:
        library: Any = load_library("brotli", "reading pages compressed with br", "html")
    except UsageError as error:
        raise BadPageError(str(error)) from error
    decompressor = library.Decompressor()
    try:
        for start in range(0, len(body), _BROTLI_PIECE):
            yield decompressor.process(body[start : start + _BROTLI_PIECE])
    except library.error as error:
        raise EOFError(str(error)) from error
    if not decompressor.is_finished():
        raise EOFError("it ends too early")
