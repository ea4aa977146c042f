"""WARC and WET: text conversions are cleaned, every other record is handed on byte for byte."""

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
    """Records of a WARC file, plain or in gzip with a member a record, as crawls are published."""

    name = "warc"
    unpacks = (".gz",)

    def require(self) -> None:
        """Fastwarc is needed."""
        _library()

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Give the text of each conversion into plain text. ``fields.id`` names a header.

        Raises `DataError` where the file is damaged, or in gzip as a whole and not record by record.
        """
        library = _library()
        kept = _Kept(stream)
        pending: tuple[str, str | None] | None = None
        try:
            for number, record in enumerate(library.ArchiveIterator(kept, parse_http=False), 1):
                if pending:
                    yield _record(*pending, kept.taken(record.stream_pos, name))
                pending = _named(record, f"{name}:{number}", fields), _text(record, f"{name}:{number}", library)
        except OSError as error:
            raise DataError(f"{name}: damaged, or no WARC ({error})") from error
        if pending:
            yield _record(*pending, kept.rest())

    def writer(self, stream: BinaryIO, fields: Fields) -> _WarcWriter:
        """A writer of records."""
        return _WarcWriter(stream)


def _library() -> ModuleType:
    return load_library("fastwarc.warc", "WARC and WET", "warc")


def _named(record: WarcRecord, place: str, fields: Fields) -> str:
    return str(record.headers.get(fields.id) or record.headers.get("WARC-Record-ID") or place)


def _text(record: WarcRecord, place: str, library: ModuleType) -> str | None:
    """The text of a conversion into plain text, else None."""
    kind = record.headers.get("Content-Type") or "text/plain"
    if record.record_type != library.conversion or not kind.lower().startswith("text/plain"):
        return None
    body: bytes = record.reader.read()
    if len(body) != record.content_length:
        raise DataError(f"{place}: cut short, {len(body)} of {record.content_length} bytes; fetch the file again")
    return body.decode("utf-8", "surrogateescape")


def _record(name: str, text: str | None, raw: bytes) -> Record:
    return Record(name, text, raw, len(raw))


class _Kept:
    """Hands a stream to the parser, and keeps the bytes until their record is known to be over."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._bytes = bytearray()
        self._start = 0  # where in the stream the kept bytes begin

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._bytes += data
        return data

    def tell(self) -> int:
        return self._start + len(self._bytes)

    def taken(self, stop: int, name: str) -> bytes:
        """The bytes up to a place in the stream; they are kept no longer."""
        if stop <= self._start:
            raise DataError(f"{name}: in gzip as a whole, not record by record as WARC is; unpack it first (gunzip)")
        size = stop - self._start
        data = bytes(self._bytes[:size])
        del self._bytes[:size]
        self._start = stop
        return data

    def rest(self) -> bytes:
        """All bytes still kept."""
        return bytes(self._bytes)


class _WarcWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the record, where the text is new with its length and digests made right."""
        raw: bytes = record.raw
        self._stream.write(raw if text is None or text == record.text else _with_text(record.id, raw, text))

    def close(self) -> None:
        """Nothing is held back."""


def _with_text(name: str, raw: bytes, text: str) -> bytes:
    packed = raw.startswith(_GZIP_MAGIC)
    try:
        record = gzip.decompress(raw) if packed else raw
    except EOFError as error:
        raise DataError(f"{name}: in gzip not record by record as WARC is; unpack the file first (gunzip)") from error
    end = record.index(_HEADER_END) + len(_HEADER_END)
    body = text.encode("utf-8", "surrogateescape")
    new = _header(record[:end], body) + body + _HEADER_END
    return gzip.compress(new, mtime=0) if packed else new


def _header(header: bytes, body: bytes) -> bytes:
    header = _LENGTH.sub(rb"\g<1>%d" % len(body), header)
    return _DIGEST.sub(lambda found: _digest(found, body), header)


def _digest(found: re.Match[bytes], body: bytes) -> bytes:
    """The digest's line made right; without it where the algorithm is unknown, as a wrong one is worse than none."""
    start, algorithm, value, end = found.groups()
    try:
        digest = hashlib.new(algorithm.decode().lower().replace("-", ""), body, usedforsecurity=False)
    except ValueError:
        return b""
    hexadecimal = len(value) == 2 * digest.digest_size
    new = digest.hexdigest().encode() if hexadecimal else base64.b32encode(digest.digest())
    return start + algorithm + b":" + new + end
