"""The HTML pages of a WARC file: each becomes a conversion to plain text, as WET files have them.

Pages are the responses with status 200, and the resources, whose type is HTML. The record that describes the file
(``warcinfo``) stays. All others (requests, images, errors, revisits) are left out, and counted.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.first_bytes import look_of_bytes
from detector.formats.http_response import charset, media_type, read_body, read_response_header
from detector.formats.pages import MAX_PAGE, BadPageError, PageReader
from detector.formats.warc import GZIP_MAGIC, read_records, record_id
from detector.formats.warc_digest import header_of_body
from detector.formats.warc_source import Header, Place, Source

_HTML_TYPES = ("text/html", "application/xhtml+xml")
_HTTP_HEADER = 1 << 16  # bytes, at most, of a header that is looked at before its block is held
_COPIED = ("WARC-Target-URI", "WARC-Date", "WARC-Warcinfo-ID", "WARC-IP-Address")
_OK = 200


@dataclass(frozen=True)
class WarcPagesFormat:
    """One record per page. What is written is WARC, compressed record by record if the file is."""

    reader: PageReader
    name: str = "warc-html"
    own_compressions: tuple[str, ...] = (".gz",)

    def require(self) -> None:
        """Raise `UsageError` if the library that reads HTML is not installed."""
        self.reader.require()

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read every page. Its id is the value of the header ``fields.id`` of its record, else of ``WARC-Record-ID``.

        A page that cannot be decoded or is too large is rejected. Raises `DataError` as the format ``warc`` does.
        """
        for part in read_records(stream, name, _Pages(self.reader, fields)):
            if isinstance(part, Rejected):
                yield part._replace(is_element=True)  # the result has no place for it
            else:
                yield part if isinstance(part.raw, _Page | bytes) else _left_out(part.id)

    def original(self, record: Record, text: str) -> bytes | None:
        """None: the text is restored exactly. The HTML is not."""
        return None

    def writer(self, stream: BinaryIO, fields: Fields) -> _PagesWriter:
        """A writer of conversions to plain text."""
        return _PagesWriter(stream)


@dataclass(frozen=True, slots=True)
class _Page:
    """The ``raw`` of a page: the header of its conversion, and whether that is compressed."""

    header: bytes
    is_compressed: bool


def _left_out(name: str) -> Record:
    """A record that is not written; not counted without a name, because it is another piece of one."""
    return Record(name, None, b"", is_left_out=bool(name))


class _Pages:
    """Reads the pages of a WARC file."""

    max_block = MAX_PAGE

    def __init__(self, reader: PageReader, fields: Fields) -> None:
        self._reader = reader
        self._fields = fields

    def holds(self, header: Header, source: Source) -> bool:
        """Whether a record is a page, or a response that cannot be told from one."""
        kind, media = header.fields.get("warc-type", "").lower(), media_type(header.fields.get("content-type", ""))
        if kind == "resource":
            return media in _HTML_TYPES
        if kind != "response" or media != "application/http" or not header.length:
            return False
        size = min(header.length, _HTTP_HEADER)
        source.fill(header.size + size)
        response = read_response_header(source.peek(header.size, header.size + size))
        if response is None:
            return True
        known = response.media_type or header.fields.get("warc-identified-payload-type", "").lower()
        return response.status == _OK and known in _HTML_TYPES

    def record(self, header: Header, place: Place, raw: bytes, data: bytes | None) -> Record | Rejected:
        name = record_id(header, place, self._fields)
        if data is None:
            is_kept = header.fields.get("warc-type", "").lower() == "warcinfo"
            return Record(name, None, raw, len(raw)) if is_kept else _left_out(name)
        try:
            text = self._text(header, data[header.size : header.size + header.length])
        except BadPageError as error:
            return place.rejected(error, raw)
        page = _Page(_conversion(header, place, text), raw.startswith(GZIP_MAGIC))
        return Record(name, text, page, len(page.header), is_page=True, number=place.number)

    def _text(self, header: Header, block: bytes) -> str:
        if header.fields.get("warc-type", "").lower() == "resource":
            return self._page(block, charset(header.fields.get("content-type", "")))
        response = read_response_header(block)
        if response is None:
            raise BadPageError("it does not begin with the header of an HTTP response")
        body = read_body(response, block, is_cut="warc-truncated" in header.fields)
        return self._page(body, response.charset)

    def _page(self, markup: bytes, encoding: str | None) -> str:
        if what := look_of_bytes(markup):
            raise BadPageError(f"its type is HTML, but it looks like {what}")
        return self._reader.text(markup, encoding)


def _conversion(header: Header, place: Place, text: str) -> bytes:
    """The header of the conversion of a page. The same page of the same file has the same header each time."""
    source = header.fields.get("warc-record-id", "")
    seed = source or f"{header.fields.get('warc-target-uri')} {header.fields.get('warc-date')} {place.number}"
    values = {
        "WARC-Type": "conversion",
        **{name: header.fields[name.lower()] for name in _COPIED if name.lower() in header.fields},
        "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{seed} text/plain')}>",
        **({"WARC-Refers-To": source} if source else {}),
        "WARC-Block-Digest": f"sha1:{base64.b32encode(hashlib.sha1(b'', usedforsecurity=False).digest()).decode()}",
        "Content-Type": "text/plain",
        "Content-Length": "0",
    }
    lines = [header.version, *(f"{name}: {value}" for name, value in values.items())]
    raw = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")
    return header_of_body(raw, text.encode())


class _PagesWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the conversion of a page, with its length and digest; or the bytes of another record."""
        if not isinstance(record.raw, _Page):
            self._stream.write(record.raw)
            return
        body = str(record.text if text is None else text).encode()
        data = header_of_body(record.raw.header, body) + body + b"\r\n\r\n"
        self._stream.write(gzip.compress(data, mtime=0) if record.raw.is_compressed else data)

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Raises `DataError`: the HTML of a page is not restored."""
        raise DataError("a page that was rejected cannot be put back among texts; leave out --rejected")

    def close(self) -> None:
        """Nothing is buffered."""
