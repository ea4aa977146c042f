"""The bytes of a WARC file, looked at before they are taken, and the headers in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from detector.errors import DataError
from detector.formats.base import Rejected
from detector.formats.members import Readable

START = b"WARC/"  # of a record
_CHUNK = 1 << 16  # bytes read at a time, at least
_MAX_HEADER = 1 << 20  # bytes
_OVERLAP = 1 << 8  # bytes searched again, because the start of a record may have been read in part
_VERSION = re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n")
_HEADER_END = re.compile(rb"\n\r?\n")
FIELD = re.compile(rb"(?m)^([^\s:]+)[ \t]*:((?:[^\n]*\n)(?:[ \t][^\n]*\n)*)")  # with folded lines
_LINE_ENDS = re.compile(rb"[\r\n]+")
_NEXT = re.compile(rb"\nWARC/\d+\.\d+[ \t]*\r?\n[\w-]+[ \t]*:")


class BadRecordError(Exception):
    """A record whose header or length is wrong. The message is the reason."""


class CutRecordError(BadRecordError):
    """A record that seems to be longer than the data."""


class Source:
    """Bytes that are read ahead of what is taken. ``start`` is the position of the next byte to take."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._ahead = bytearray()
        self._at_end = False
        self.start = 0

    def fill(self, size: int) -> bool:
        """Read ahead until there are ``size`` bytes; false if the data ends before."""
        while len(self._ahead) < size and not self._at_end:
            data = self._stream.read(max(size - len(self._ahead), _CHUNK))
            self._ahead += data
            self._at_end = not data
        return len(self._ahead) >= size

    def starts_with(self, data: bytes, at: int = 0) -> bool:
        """Whether these bytes come ``at`` so many bytes after the next."""
        self.fill(at + len(data))
        return self._ahead.startswith(data, at)

    def peek(self, start: int, stop: int) -> bytes:
        """A copy of the bytes that were read ahead, from ``start`` to ``stop`` after the next."""
        return bytes(self._ahead[start:stop])

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes that were read ahead, or fewer; they are forgotten."""
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        self.start += len(taken)
        return taken

    def read(self, size: int, /) -> bytes:
        """The next bytes, ``size`` at most; none at the end."""
        self.fill(1)
        return self.take(size)

    def skip(self, size: int) -> bool:
        """Pass over bytes without keeping them; false if the data ends before."""
        while size and (data := self.read(min(size, _CHUNK))):
            size -= len(data)
        return not size

    def line_ends(self, at: int) -> tuple[int, int]:
        """The number of line ends that come ``at`` so many bytes after the next, and where they stop."""
        stop = at
        while self.fill(stop + 1) and (found := _LINE_ENDS.match(self._ahead, stop)):
            stop = found.end()
        return self._ahead.count(b"\n", at, stop), stop

    def next_record(self, within: int) -> int:
        """How many bytes to take to come to a record after the next byte, or to the end if there is none.

        The search ends after ``within`` bytes, or where more were read ahead after those.
        """
        searched = 0
        while True:
            found = _NEXT.search(self._ahead, max(searched - _OVERLAP, 0))
            if found:
                return found.start() + 1
            searched = len(self._ahead)
            if searched > within or (not self.fill(searched + _CHUNK) and len(self._ahead) == searched):
                return searched


class Recording:
    """Records what is read of a source until it is taken, so that each record can be written again as it was."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._recorded = bytearray()
        self.start = 0  # the position of the first recorded byte

    def read(self, size: int, /) -> bytes:
        """The next bytes, ``size`` at most; none at the end."""
        data = self._source.read(size)
        self._recorded += data
        return data

    def take_member(self, stop: int) -> bytes:
        """The gzip member that ends at the position ``stop``, without zero bytes before it. It is forgotten."""
        size = stop - self.start
        data = bytes(self._recorded[:size])
        del self._recorded[:size]
        self.start = stop
        return data.lstrip(b"\0")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is: the name of its file, its number, counted from 1, and its position in the file in bytes."""

    name: str
    number: int
    offset: int

    def __str__(self) -> str:
        return f"{self.name}: record {self.number} at byte {self.offset}"

    def rejected(self, reason: Exception, raw: bytes) -> Rejected:
        """The record that is there, rejected for a reason."""
        return Rejected(self.number, f"record {self.number} at byte {self.offset}: {reason}", raw)

    def check_first(self, source: Source) -> None:
        """Raise `DataError` if a file does not even begin like WARC."""
        if self.number == 1 and not source.starts_with(START):
            raise DataError(
                f"{self.name}: not WARC: it does not begin with a version, such as WARC/1.0; get the file again, "
                "or name its --format"
            )


@dataclass(frozen=True, slots=True)
class Header:
    """A record's header: its size and the length of the block after it, in bytes, and its fields by lower-case name.

    ``version`` is its first line, as in ``WARC/1.0``.
    """

    size: int
    length: int
    fields: dict[str, str]
    version: str = "WARC/1.0"


class LongRecordError(BadRecordError):
    """A record with this header that is too long to be held."""

    def __init__(self, reason: str, header: Header) -> None:
        super().__init__(reason)
        self.header = header


def read_header(source: Source) -> Header:
    """Read the header that begins with the next byte of a source; nothing is taken.

    Raises `BadRecordError` if there is none, or it does not tell the length of the record.
    """
    raw = _raw_header(source)
    fields = {
        name.decode("utf-8", "replace").lower(): b" ".join(value.split()).decode("utf-8", "surrogateescape")
        for name, value in FIELD.findall(raw)
    }
    length = fields.get("content-length", "missing")
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise BadRecordError(f"its Content-Length is {length[:40]}, not a number of bytes")
    return Header(len(raw), int(length), fields, raw.partition(b"\n")[0].decode("ascii", "replace").strip())


def _raw_header(source: Source) -> bytes:
    size = 1 << 12
    while True:
        complete = source.fill(size)
        head = source.peek(0, size)
        version, end = _VERSION.match(head), _HEADER_END.search(head)
        if not version and (complete or b"\n" in head or not b"WARC/".startswith(head[:5])):
            raise BadRecordError("it does not begin with a version, such as WARC/1.0")
        if _NEXT.search(head, 0, end.end() if end else size):
            raise BadRecordError("another record begins within its header")
        if end:
            return head[: end.end()]
        if not complete:
            raise CutRecordError("it ends within its header")
        if size > _MAX_HEADER:
            raise BadRecordError(f"its header is longer than {_MAX_HEADER} bytes")
        size *= 4
