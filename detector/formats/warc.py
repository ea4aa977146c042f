"""WARC and WET: the texts of conversion records are replaced. All other records are copied byte for byte."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.util.libraries import load_library

if TYPE_CHECKING:
    from fastwarc.warc import WarcRecord

_GZIP_MAGIC = b"\x1f\x8b"
_HEADER_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"(?im)^(Content-Length:[ \t]*)\d+")
_DIGEST = re.compile(rb"(?im)^(WARC-(?:Block|Payload)-Digest:[ \t]*)([\w-]+):([^\s]+)([ \t]*\r\n)")


class WarcFormat:
    """Records of a WARC file, uncompressed, or with one gzip member per record, as crawls are published."""

    name = "warc"
    own_compressions = (".gz",)

    def require(self) -> None:
        """Raise `UsageError` if fastwarc is not installed."""
        _library()

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read every record; those that are not conversions to plain text have no text.

        A record's id is the value of the header ``fields.id``, else of ``WARC-Record-ID``. Raises `DataError` if the
        file is damaged, or is compressed as a whole and not record by record.
        """
        library = _library()
        recording = _RecordingStream(stream)
        pending: tuple[str, str | None] | None = None
        try:
            for number, record in enumerate(library.ArchiveIterator(recording, parse_http=False), 1):
                if pending:
                    yield _record(*pending, recording.take(record.stream_pos, name))
                where = f"{name}:{number}"
                pending = _id(record, where, fields), _text(record, where, library)
        except OSError as error:
            raise DataError(
                f"{name}: damaged, or not WARC ({error}); get the file again, or name its --format"
            ) from error
        if pending:
            yield _record(*pending, recording.rest())

    def writer(self, stream: BinaryIO, fields: Fields) -> _WarcWriter:
        """A writer of WARC records, compressed as they were read."""
        return _WarcWriter(stream)


def _library() -> ModuleType:
    return load_library("fastwarc.warc", "WARC and WET", "warc")


def _id(record: WarcRecord, where: str, fields: Fields) -> str:
    return str(record.headers.get(fields.id) or record.headers.get("WARC-Record-ID") or where)


def _text(record: WarcRecord, where: str, library: ModuleType) -> str | None:
    """The text of a conversion to plain text, None for other records. Raises `DataError` if it is truncated."""
    kind = record.headers.get("Content-Type") or "text/plain"
    if record.record_type != library.conversion or not kind.lower().startswith("text/plain"):
        return None
    body: bytes = record.reader.read()
    if len(body) != record.content_length:
        raise DataError(
            f"{where}: truncated: the record has {len(body)} of {record.content_length} bytes; get the file again"
        )
    return body.decode("utf-8", "surrogateescape")


def _record(name: str, text: str | None, raw: bytes) -> Record:
    return Record(name, text, raw, len(raw))


class _RecordingStream:
    """A stream for the parser, which reads ahead. Its bytes are recorded until `take` is called.

    So each record can be written again exactly as it was.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._recorded = bytearray()
        self._start = 0  # the position in the stream of the first recorded byte

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._recorded += data
        return data

    def tell(self) -> int:
        return self._start + len(self._recorded)

    def take(self, stop: int, name: str) -> bytes:
        """Return the recorded bytes up to the position ``stop`` in the stream, and forget them.

        Raises `DataError` if the position does not advance: all records are in one gzip member.
        """
        if stop <= self._start:
            raise DataError(_one_member(name))
        size = stop - self._start
        data = bytes(self._recorded[:size])
        del self._recorded[:size]
        self._start = stop
        return data

    def rest(self) -> bytes:
        """All bytes that are still recorded."""
        return bytes(self._recorded)


def _one_member(name: str) -> str:
    return f"{name}: compressed as a whole, but WARC is compressed record by record; decompress it first (gunzip)"


class _WarcWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the record; with another text, its length and its digests are updated."""
        raw: bytes = record.raw
        self._stream.write(raw if text is None or text == record.text else _with_text(record.id, raw, text))

    def close(self) -> None:
        """Nothing is buffered."""


def _with_text(name: str, raw: bytes, text: str) -> bytes:
    """The bytes of a record with another text, compressed if they were."""
    compressed = raw.startswith(_GZIP_MAGIC)
    try:
        record = gzip.decompress(raw) if compressed else raw
    except EOFError as error:
        raise DataError(_one_member(name)) from error
    end = record.index(_HEADER_END) + len(_HEADER_END)
    body = text.encode("utf-8", "surrogateescape")
    new = _header(record[:end], body) + body + _HEADER_END
    return gzip.compress(new, mtime=0) if compressed else new


def _header(header: bytes, body: bytes) -> bytes:
    header = _LENGTH.sub(rb"\g<1>%d" % len(body), header)
    return _DIGEST.sub(lambda found: _digest(found, body), header)


def _digest(found: re.Match[bytes], body: bytes) -> bytes:
    """The header line of a new body's digest; empty for an unknown algorithm: no digest is better than a wrong one."""
    start, algorithm, value, end = found.groups()
    try:
        digest = hashlib.new(algorithm.decode().lower().replace("-", ""), body, usedforsecurity=False)
    except ValueError:
        return b""
    hexadecimal = len(value) == 2 * digest.digest_size
    new = digest.hexdigest().encode() if hexadecimal else base64.b32encode(digest.digest())
    return start + algorithm + b":" + new + end
