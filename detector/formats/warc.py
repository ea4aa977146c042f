"""WARC and WET: the texts of conversion records are replaced. All other records are copied byte for byte.

The format is ISO 28500. Lines of a header may end in CRLF or in LF alone, and the names of its fields may have any
case.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.members import Members
from detector.formats.warc_digest import header_of_body
from detector.formats.warc_source import BadRecordError, CutRecordError, Header, Source, read_header

_GZIP_MAGIC = b"\x1f\x8b"
_START = b"WARC/"
_WRONG_LENGTH = "its Content-Length is wrong, or other data is between it and the next record"
_MAX_TEXT = 256 << 20  # bytes; where a text would be longer, its length is wrong
_MAX_JUNK = 64 << 20  # bytes that are searched for the next record after a bad one
_MAX_BLOCK = 16 << 20  # bytes; a longer block without a text is copied in pieces


class WarcFormat:
    """Records of a WARC file, uncompressed, or with one gzip member per record, as crawls are published."""

    name = "warc"
    own_compressions = (".gz",)

    def require(self) -> None:
        """Nothing to check: the format needs no library."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read every record; those that are not conversions to plain text have no text.

        A record's id is the value of the header ``fields.id``, else of ``WARC-Record-ID``. A record whose header or
        length is wrong is rejected; its number counts records, from 1. Raises `DataError` if the file is damaged or
        cut, or is compressed as a whole and not record by record. A file that was cut between two records looks like a
        complete one.
        """
        source = Source(stream)
        if source.starts_with(_GZIP_MAGIC):
            yield from _compressed_records(source, name, fields)
        else:
            yield from _plain_records(source, name, fields)

    def original(self, record: Record, text: str) -> bytes | None:
        """The record, decompressed, if its header or its tail is not what is written for its text."""
        raw: _Raw = record.raw
        if text == record.text:
            return None
        clean = text.encode("utf-8", "surrogateescape")
        body = str(record.text).encode("utf-8", "surrogateescape")
        header = header_of_body(header_of_body(raw.header, clean), body)
        tail = _tail(_tail(raw.tail, clean), body)
        return None if (header, tail) == (raw.header, raw.tail) else raw.header + body + raw.tail

    def writer(self, stream: BinaryIO, fields: Fields) -> _WarcWriter:
        """A writer of WARC records, compressed as they were read."""
        return _WarcWriter(stream)


@dataclass(frozen=True, slots=True)
class _Raw:
    """The ``raw`` of a record: its bytes as they were read; its header, and what follows its text, decompressed."""

    data: bytes
    header: bytes = b""
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a record is: the name of its file, its number, counted from 1, and its position in the file in bytes."""

    name: str
    number: int
    offset: int

    def __str__(self) -> str:
        return f"{self.name}: record {self.number} at byte {self.offset}"

    def rejected(self, reason: Exception, raw: bytes) -> Rejected:
        return Rejected(self.number, f"record {self.number} at byte {self.offset}: {reason}", raw)

    def check_first(self, source: Source) -> None:
        """Raise `DataError` if a file does not even begin like WARC."""
        if self.number == 1 and not source.starts_with(_START):
            raise DataError(
                f"{self.name}: not WARC: it does not begin with a version, such as WARC/1.0; get the file again, "
                "or name its --format"
            )


def _plain_records(source: Source, name: str, fields: Fields) -> Iterator[Record | Rejected]:
    for number in count(1):
        if not source.fill(1):
            return
        place = _Place(name, number, source.start)
        place.check_first(source)
        try:
            header = read_header(source)
            if header.length > _MAX_BLOCK and not _is_text(header):
                yield from _pieces(source, header, place)
            else:
                yield _plain_record(source, header, place, fields)
        except BadRecordError as error:
            stop = source.next_record(_MAX_JUNK)
            follows = source.fill(stop + 1)
            if not follows and isinstance(error, CutRecordError):
                raise DataError(f"{place}: truncated: {error}; get the file again") from error
            if follows and not source.starts_with(_START, stop):
                raise DataError(f"{place}: {error}, and no other record follows; get the file again") from error
            yield place.rejected(error, source.take(stop))


def _plain_record(source: Source, header: Header, place: _Place, fields: Fields) -> Record:
    end = header.size + _checked_length(header)
    if not source.fill(end):
        raise CutRecordError(f"its Content-Length is {header.length}, but the data ends before")
    _check_end(source, end)
    stop = _stop(source, end)
    raw = source.take(stop)
    return _record(header, place, fields, raw, raw)


def _check_end(source: Source, end: int) -> None:
    """Raise `BadRecordError` if a block ends within a line end."""
    source.fill(end + 1)
    if source.peek(end - 1, end + 1) == b"\r\n":
        raise BadRecordError(_WRONG_LENGTH)


def _stop(source: Source, end: int) -> int:
    """Where the line ends after a block stop, which ends ``end`` bytes after the next byte of the source."""
    lines, stop = source.line_ends(end)
    source.fill(stop + len(_START))
    follows = source.peek(stop, stop + len(_START))
    if lines < 2 and not follows:
        raise CutRecordError("the two line ends after it are missing")
    if lines < 2 or not _START.startswith(follows):
        raise BadRecordError(_WRONG_LENGTH)
    return stop


def _pieces(source: Source, header: Header, place: _Place) -> Iterator[Record]:
    """A record without a text as several pieces, so that it is never held as a whole."""
    left = header.size + header.length
    while left:
        if not source.fill(min(left, _MAX_BLOCK)):
            raise DataError(f"{place}: truncated: its Content-Length is {header.length}; get the file again")
        piece = source.take(min(left, _MAX_BLOCK))
        left -= len(piece)
        yield Record("", None, _Raw(piece), len(piece))
    try:
        tail = source.take(_stop(source, 0))
    except BadRecordError as error:
        raise DataError(f"{place}: {error}; get the file again") from error
    yield Record("", None, _Raw(tail), len(tail))


def _compressed_records(source: Source, name: str, fields: Fields) -> Iterator[Record | Rejected]:
    recording = _Recording(source)
    members = Members(recording, ".gz")
    for number in count(1):
        place = _Place(name, number, recording.start)
        try:
            if not members.next():
                return
            yield _compressed_record(members, recording, place, fields)
        except OSError as error:
            if error.errno:  # the file cannot be read
                raise
            raise DataError(f"{place}: {error}") from error


def _compressed_record(members: Members, recording: _Recording, place: _Place, fields: Fields) -> Record | Rejected:
    source = Source(members)
    place.check_first(source)
    try:
        header = read_header(source)
        data = _member(source, header, place)
    except BadRecordError as error:
        while source.read(_MAX_BLOCK):
            pass
        return place.rejected(error, recording.take(members.end))
    return _record(header, place, fields, recording.take(members.end), data)


def _member(source: Source, header: Header, place: _Place) -> bytes:
    """The decompressed bytes of a record that has a text, else none. Raises `DataError` if more records follow it."""
    end = header.size + _checked_length(header)
    is_text = _is_text(header)
    if not (source.fill(end) if is_text else source.skip(end)):
        raise BadRecordError(f"its Content-Length is {header.length}, but its gzip member ends before")
    if is_text:
        _check_end(source, end)
    _, stop = source.line_ends(end if is_text else 0)
    data = source.take(stop)
    if source.starts_with(_START):
        raise DataError(_one_member(place.name))
    if source.fill(1):
        raise BadRecordError(f"its Content-Length is {header.length}, but its gzip member has more data")
    return data if is_text else b""


def _one_member(name: str) -> str:
    return f"{name}: compressed as a whole, but WARC is compressed record by record; decompress it first (gunzip)"


def _checked_length(header: Header) -> int:
    if _is_text(header) and header.length > _MAX_TEXT:
        raise BadRecordError(f"its Content-Length is {header.length}; texts of up to {_MAX_TEXT} bytes are read")
    return header.length


def _is_text(header: Header) -> bool:
    """Whether a record is a conversion to plain text."""
    kind = header.fields.get("content-type") or "text/plain"
    return header.fields.get("warc-type", "").lower() == "conversion" and kind.lower().startswith("text/plain")


def _record(header: Header, place: _Place, fields: Fields, raw: bytes, data: bytes) -> Record:
    """A record from its bytes as they were read, ``raw``, and decompressed, ``data``, which only texts need."""
    known = header.fields.get(fields.id.lower()) or header.fields.get("warc-record-id")
    name = known or f"{place.name}:{place.number}"
    if not _is_text(header):
        return Record(name, None, _Raw(raw), len(raw))
    end = header.size + header.length
    text = data[header.size : end].decode("utf-8", "surrogateescape")
    return Record(name, text, _Raw(raw, data[: header.size], data[end:]), len(raw))


class _Recording:
    """Records what is read of a source until it is taken, so that each record can be written again as it was."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._recorded = bytearray()
        self.start = 0  # the position of the first recorded byte

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        self._recorded += data
        return data

    def take(self, stop: int) -> bytes:
        """The recorded bytes up to the position ``stop``; they are forgotten."""
        size = stop - self.start
        data = bytes(self._recorded[:size])
        del self._recorded[:size]
        self.start = stop
        return data


class _WarcWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the record; with another text, its length and its digests are updated."""
        raw: _Raw = record.raw
        self._stream.write(raw.data if text is None or text == record.text else _with_text(raw, text))

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Write a record, compressed if ``record`` is; a rejected one as it is."""
        is_compressed = record is not None and record.raw.data.startswith(_GZIP_MAGIC)
        self._stream.write(gzip.compress(original, mtime=0) if is_compressed else original)

    def close(self) -> None:
        """Nothing is buffered."""


def _with_text(raw: _Raw, text: str) -> bytes:
    """The bytes of a record with another text, compressed if they were."""
    body = text.encode("utf-8", "surrogateescape")
    new = header_of_body(raw.header, body) + body + _tail(raw.tail, body)
    return gzip.compress(new, mtime=0) if raw.data.startswith(_GZIP_MAGIC) else new


def _tail(tail: bytes, body: bytes) -> bytes:
    """The line ends to write after a body, so that none of them is one with the body's last byte."""
    return b"\r" + tail if body.endswith(b"\r") and tail.startswith(b"\n") else tail
