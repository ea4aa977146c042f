"""The rows of CSV and TSV: where each begins and ends, and where its fields are. No byte is changed.

The csv module reads no field of more than 128 KiB unless a limit of the whole process is raised, and does not tell
where a field is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import BinaryIO

MAX_ROW = 64 << 20  # bytes; it bounds how much is searched for the end of a quote
_TOO_LONG = f"the line is longer than {MAX_ROW >> 20} MiB"
_BLOCK = 1 << 16  # bytes that are read at a time, until a row is longer
_QUOTED = re.compile(rb'[^"]*+(?:""[^"]*+)*+')  # inside quotes, up to the quote that ends them
_ANY_LINE_END = re.compile(rb"\r\n?|\n")
_LINE_END = re.compile(rb"\r*+(?:\n|\Z)")  # where lines do not end with CR alone


@dataclass(slots=True)
class Row:
    """A row: the number of its first line, counted from 1, its bytes, and where each of its fields ends in them."""

    number: int
    raw: bytes
    ends: list[int]

    def span(self, field: int) -> tuple[int, int]:
        """Where a field begins and ends in ``raw``, its quotes included."""
        return self.ends[field - 1] + 1 if field else 0, self.ends[field]

    def value(self, field: int) -> str:
        """The value of a field; bytes that are not UTF-8 become lone surrogates."""
        start, end = self.span(field)
        value = self.raw[start:end]
        if value[:1] == b'"':
            value = value[1:-1].replace(b'""', b'"')
        return value.decode("utf-8", "surrogateescape")

    @property
    def is_blank(self) -> bool:
        """Whether the row has no field."""
        return self.ends == [0]


@dataclass(slots=True)
class BrokenRow:
    """Lines that are no row. ``number`` is that of the first, counted from 1."""

    number: int
    raw: bytes
    reason: str


class RowReader:
    """Reads the rows of a stream, whose fields are separated by one byte.

    Lines end with LF or CRLF or, if the first one does, with CR alone. After a row that is broken, reading goes on in
    the next line: after the line in which a quote is opened that is never closed, for instance.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._data = b""
        self._at = 0  # where the next row begins
        self._end = 0  # of the last line that is complete
        self._number = 1  # of the line at ``_at``
        self._over = False  # the stream has no more bytes
        self._last_byte = b""  # of a line end; unknown at first
        self._in_long_line = False

    def skip(self, mark: bytes) -> bytes:
        """Skip a byte-order mark at the beginning, and return it; empty if there is none."""
        self._load()
        found = mark if self._data.startswith(mark) else b""
        self._at = len(found)
        return found

    def peek(self, delimiter: bytes) -> Row | BrokenRow | None:
        """The row that `next` will return."""
        state = self._at, self._number, self._in_long_line
        row = self.next(delimiter)
        self._at, self._number, self._in_long_line = state
        return row

    def rows(self, delimiter: bytes, columns: int) -> Iterator[Row | BrokenRow]:
        """The remaining rows. A row is broken if it has more fields than ``columns`` and they are not all empty."""
        while (row := self.next(delimiter, columns)) is not None:
            yield row
            if self._at > len(self._data) // 2:
                self._data, self._end, self._at = self._data[self._at :], self._end - self._at, 0

    def next(self, delimiter: bytes, columns: int = 0) -> Row | BrokenRow | None:
        """The next row; None at the end. With 0 ``columns``, it may have any number of fields."""
        if self._at >= self._end and not self._load():
            return self._long_line()
        if self._in_long_line:
            self._in_long_line = False
            return self._broken(self._at, _TOO_LONG)
        return self._plain_row(delimiter, columns) or self._any_row(delimiter, columns)

    def _plain_row(self, delimiter: bytes, columns: int) -> Row | None:
        """The next row if it is a valid line without quotes, for speed; else None."""
        if self._last_byte != b"\n":
            return None
        end = self._data.find(b"\n", self._at, self._end) + 1
        raw = self._data[self._at : end]
        line = raw.rstrip(b"\r\n")
        fields = line.split(delimiter)
        if not end or b'"' in line or b"\r" in line or (columns and len(fields) > columns):
            return None
        row = Row(self._number, raw, [at - 1 for at in accumulate(len(field) + 1 for field in fields)])
        self._number += 1
        self._at = end
        return row

    def _any_row(self, delimiter: bytes, columns: int) -> Row | BrokenRow:
        """The next row, field by field."""
        ends: list[int] = []
        plain = _plain(delimiter)
        at, opened = self._at, -1
        while True:
            if self._data[at : at + 1] == b'"':
                opened = at
                at = self._closed(opened)
                if not at:
                    return self._broken(opened, self._unclosed(opened))
            else:
                opened = -1
                at = _end_of(plain, self._data, at, self._end)
            ends.append(at - self._at)
            if columns and len(ends) > columns and ends[-1] > ends[-2] + 1:
                return self._broken(at, f"more fields than the {columns} of the header; quote texts with a separator")
            if self._data[at : at + 1] != delimiter:
                return self._row(at, ends) or self._broken(*self._problem(at, opened))
            at += 1

    def _load(self) -> bool:
        """Read at least one more line. False at the end of the stream, and where a row is longer than `MAX_ROW`."""
        while not self._over and len(self._data) - self._at <= MAX_ROW:
            block = self._stream.read(max(_BLOCK, len(self._data) - self._at))
            self._over = not block
            self._data += block
            end = self._complete()
            if end > self._end:
                self._end = end
                return True
        return False

    def _complete(self) -> int:
        """Where the last complete line of the data ends."""
        if self._over:
            return len(self._data)
        if not self._last_byte:
            first = _ANY_LINE_END.search(self._data)
            if not first or (first.group() == b"\r" and first.end() == len(self._data)):
                return 0
            self._last_byte = first.group()[-1:]
        return self._data.rfind(self._last_byte) + 1

    def _closed(self, opened: int) -> int:
        """The position after the quote that closes the one at ``opened``; 0 if none does."""
        at = opened + 1
        while True:
            at = _end_of(_QUOTED, self._data, at, self._end)
            if at < self._end:
                return at + 1
            if not self._load():
                return 0

    def _row(self, at: int, ends: list[int]) -> Row | None:
        """The row whose last field ends at ``at``; None if no line end follows."""
        line_end = _ANY_LINE_END if self._last_byte == b"\r" else _LINE_END
        found = line_end.match(self._data, at, self._end)
        if not found and at < self._end:
            return None
        number = self._number
        return Row(number, self._take(found.end() if found else at), ends)

    def _unclosed(self, opened: int) -> str:
        within = "never closed" if self._over else f"not closed within {MAX_ROW >> 20} MiB"
        return f"the quote that opens in line {self._line(opened)} is {within}"

    def _problem(self, at: int, opened: int) -> tuple[int, str]:
        """The position up to whose line a row is broken, and why.

        Its last field ends at ``at``. It is quoted if ``opened``, the position of its first quote, is not negative.
        """
        if opened >= 0:
            first, last = self._line(opened), self._line(at)
            place = f"in line {last}" if first == last else f"that opens in line {first} and closes in line {last}"
            return opened, f"text follows a quoted field {place}; a quote inside a field is written twice"
        return at, f"a carriage return is outside quotes in line {self._line(at)}"

    def _broken(self, at: int, reason: str) -> BrokenRow:
        """The lines up to that of the position ``at``, which are no row."""
        number = self._number
        last_byte = self._last_byte or b"\n"
        end = self._data.find(last_byte, at, self._end) + 1 or self._end
        return BrokenRow(number, self._take(end), reason)

    def _long_line(self) -> BrokenRow | None:
        """The next part of a line that is longer than `MAX_ROW`; None at the end of the stream."""
        raw = self._data[self._at :]
        if not raw:
            return None
        self._data, self._at, self._end, self._in_long_line = b"", 0, 0, True
        return BrokenRow(self._number, raw, _TOO_LONG)

    def _take(self, end: int) -> bytes:
        """The bytes up to ``end``; the next row begins there."""
        raw = self._data[self._at : end]
        self._number += self._lines(raw)
        self._at = end
        return raw

    def _line(self, at: int) -> int:
        """The number of the line that the position ``at`` is in."""
        return self._number + self._lines(self._data[self._at : at])

    def _lines(self, raw: bytes) -> int:
        """The number of line ends."""
        return len(_ANY_LINE_END.findall(raw)) if self._last_byte == b"\r" else raw.count(b"\n")


@cache
def _plain(delimiter: bytes) -> re.Pattern[bytes]:
    """The pattern of a field without quotes."""
    return re.compile(rb"[^%b\r\n]*+" % re.escape(delimiter))


def _end_of(pattern: re.Pattern[bytes], data: bytes, at: int, end: int) -> int:
    """Where the match of a pattern that always matches ends."""
    found = pattern.match(data, at, end)
    return found.end() if found else at
