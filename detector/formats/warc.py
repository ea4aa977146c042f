"""WARC and WET: the texts of conversion records are replaced. All other records are copied byte for byte.

The format is ISO 28500. Lines of a header may end in CRLF or in LF alone, and the names of its fields may have any
case.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO, Protocol

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.members import Members
from detector.formats.warc_digest import header_of_body
from detector.formats.warc_source import (
    START,
    BadRecordError,
    CutRecordError,
    Header,
    LongRecordError,
    Place,
    Recording,
    Source,
    read_header,
)

GZIP_MAGIC = b"\x1f\x8b"
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
        complete one. Zero bytes between gzip members belong to no record.
        """
        return read_records(stream, name, _Texts(fields))

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


class Reading(Protocol):
    """What is read of the records of a file: which blocks are held in memory, and what becomes of a record."""

    max_block: int  # bytes of a block that is held; a longer one is rejected

    def holds(self, header: Header, source: Source) -> bool:
        """Whether the block of the record that begins with the next byte of a source is held. Nothing may be taken."""

    def record(self, header: Header, place: Place, raw: bytes, data: bytes | None) -> Record | Rejected:
        """A record from its bytes as they were read, ``raw``, and decompressed, ``data``; None if it is not held."""


def read_records(stream: BinaryIO, name: str, reading: Reading) -> Iterator[Record | Rejected]:
    """Read every record of a WARC file, as `WarcFormat.read` does. A long block that is not held comes in pieces.

    Pieces are records without a text, of which only the first has an id. Raises `DataError`.
    """
    source = Source(stream)
    if source.starts_with(GZIP_MAGIC):
        yield from _compressed_records(source, name, reading)
    else:
        yield from _plain_records(source, name, reading)


class _Texts:
    """Reads the texts of conversions to plain text."""

    max_block = _MAX_TEXT

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def holds(self, header: Header, source: Source) -> bool:
        kind = header.fields.get("content-type") or "text/plain"
        return header.fields.get("warc-type", "").lower() == "conversion" and kind.lower().startswith("text/plain")

    def record(self, header: Header, place: Place, raw: bytes, data: bytes | None) -> Record | Rejected:
        name = record_id(header, place, self._fields)
        if data is None:
            return Record(name, None, _Raw(raw), len(raw), number=place.number, source=raw)
        end = header.size + header.length
        text = data[header.size : end].decode("utf-8", "surrogateescape")
        parts = _Raw(raw, data[: header.size], data[end:])
        return Record(name, text, parts, len(raw), number=place.number, source=raw)


def record_id(header: Header, place: Place, fields: Fields) -> str:
    """The id of a record: the field that ``fields`` names, else its own id, else its place in the file."""
    known = header.fields.get(fields.id.lower()) or header.fields.get("warc-record-id")
    return known or f"{place.name}:{place.number}"


@dataclass(frozen=True, slots=True)
class _Raw:
    """The ``raw`` of a record: its bytes as they were read; its header, and what follows its text, decompressed."""

    data: bytes
    header: bytes = b""
    tail: bytes = b""


def _plain_records(source: Source, name: str, reading: Reading) -> Iterator[Record | Rejected]:
    for number in count(1):
        if not source.fill(1):
            return
        place = Place(name, number, source.start)
        place.check_first(source)
        try:
            header = read_header(source)
            is_held = reading.holds(header, source)
            if header.length > _MAX_BLOCK and not is_held:
                yield from _pieces(source, header, place)
            else:
                yield _plain_record(source, header, place, reading, is_held)
        except BadRecordError as error:
            stop = source.next_record(_MAX_JUNK)
            follows = source.fill(stop + 1)
            if not follows and isinstance(error, CutRecordError):
                raise DataError(f"{place}: truncated: {error}; get the file again") from error
            if not follows or source.starts_with(START, stop):
                yield place.rejected(error, source.take(stop))
            elif isinstance(error, LongRecordError):
                yield _rejected_unread(source, error, place)
            else:
                raise DataError(f"{place}: {error}, and no other record follows; get the file again") from error


def _rejected_unread(source: Source, error: LongRecordError, place: Place) -> Rejected:
    """A record that is too long to be held, rejected with its header alone. Raises `DataError` if its end is wrong."""
    header = error.header
    raw = source.peek(0, header.size)
    for _ in _pieces(source, header, place):
        pass
    return place.rejected(error, raw)


def _plain_record(source: Source, header: Header, place: Place, reading: Reading, is_held: bool) -> Record | Rejected:
    end = header.size + _checked_length(header, reading, is_held)
    if not source.fill(end):
        raise CutRecordError(f"its Content-Length is {header.length}, but the data ends before")
    _check_end(source, end)
    stop = _stop(source, end)
    raw = source.take(stop)
    return reading.record(header, place, raw, raw if is_held else None)


def _check_end(source: Source, end: int) -> None:
    """Raise `BadRecordError` if a block ends within a line end."""
    source.fill(end + 1)
    if source.peek(end - 1, end + 1) == b"\r\n":
        raise BadRecordError(_WRONG_LENGTH)


def _stop(source: Source, end: int) -> int:
    """Where the line ends after a block stop, which ends ``end`` bytes after the next byte of the source."""
    lines, stop = source.line_ends(end)
    source.fill(stop + len(START))
    follows = source.peek(stop, stop + len(START))
    if lines < 2 and not follows:
        raise CutRecordError("the two line ends after it are missing")
    if lines < 2 or not START.startswith(follows):
        raise BadRecordError(_WRONG_LENGTH)
    return stop


def _pieces(source: Source, header: Header, place: Place) -> Iterator[Record]:
    """A record without a text as several pieces, so that it is never held as a whole."""
    left = header.size + header.length
    name = str(place)
    while left:
        if not source.fill(min(left, _MAX_BLOCK)):
            raise DataError(f"{place}: truncated: its Content-Length is {header.length}; get the file again")
        piece = source.take(min(left, _MAX_BLOCK))
        left -= len(piece)
        yield Record(name, None, _Raw(piece), len(piece))
        name = ""
    try:
        tail = source.take(_stop(source, 0))
    except BadRecordError as error:
        raise DataError(f"{place}: {error}; get the file again") from error
    yield Record("", None, _Raw(tail), len(tail))


def _compressed_records(source: Source, name: str, reading: Reading) -> Iterator[Record | Rejected]:
    recording = Recording(source)
    members = Members(recording, ".gz")
    for number in count(1):
        place = Place(name, number, recording.start)
        try:
            if not members.next():
                return
            yield _compressed_record(members, recording, place, reading)
        except OSError as error:
            if error.errno:  # the file cannot be read
                raise
            raise DataError(f"{place}: {error}") from error


def _compressed_record(members: Members, recording: Recording, place: Place, reading: Reading) -> Record | Rejected:
    source = Source(members)
    place.check_first(source)
    try:
        header = read_header(source)
        data = _member(source, header, place, reading)
    except BadRecordError as error:
        while source.read(_MAX_BLOCK):
            pass
        return place.rejected(error, recording.take_member(members.end))
    return reading.record(header, place, recording.take_member(members.end), data)


def _member(source: Source, header: Header, place: Place, reading: Reading) -> bytes | None:
    """The decompressed bytes of a record that is held, else None. Raises `DataError` if more records follow it."""
    is_held = reading.holds(header, source)
    end = header.size + _checked_length(header, reading, is_held)
    if not (source.fill(end) if is_held else source.skip(end)):
        raise BadRecordError(f"its Content-Length is {header.length}, but its gzip member ends before")
    if is_held:
        _check_end(source, end)
    _, stop = source.line_ends(end if is_held else 0)
    data = source.take(stop)
    if source.starts_with(START):
        raise DataError(_one_member(place.name))
    if source.fill(1):
        raise BadRecordError(f"its Content-Length is {header.length}, but its gzip member has more data")
    return data if is_held else None


def _one_member(name: str) -> str:
    return f"{name}: compressed as a whole, but WARC is compressed record by record; decompress it first (gunzip)"


def _checked_length(header: Header, reading: Reading, is_held: bool) -> int:
    if is_held and header.length > reading.max_block:
        most = reading.max_block
        reason = f"its Content-Length is {header.length}; texts of up to {most} bytes are read"
        raise LongRecordError(reason, header)
    return header.length


class _WarcWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the record; with another text, its length and its digests are updated."""
        raw: _Raw = record.raw
        self._stream.write(raw.data if text is None or text == record.text else _with_text(raw, text))

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Write a record, compressed if ``record`` is; a rejected one as it is."""
        is_compressed = record is not None and record.raw.data.startswith(GZIP_MAGIC)
        self._stream.write(gzip.compress(original, mtime=0) if is_compressed else original)

    def close(self) -> None:
        """Nothing is buffered."""


def _with_text(raw: _Raw, text: str) -> bytes:
    """The bytes of a record with another text, compressed if they were."""
    body = text.encode("utf-8", "surrogateescape")
    new = header_of_body(raw.header, body) + body + _tail(raw.tail, body)
    return gzip.compress(new, mtime=0) if raw.data.startswith(GZIP_MAGIC) else new


def _tail(tail: bytes, body: bytes) -> bytes:
    """The line ends to write after a body, so that none of them is one with the body's last byte."""
    return b"\r" + tail if body.endswith(b"\r") and tail.startswith(b"\n") else tail
