"""CSV and TSV: a record a row, its text in one column; every other byte of the row stays as it is."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected

_LARGEST_FIELD = 1 << 28  # characters; it bounds what a quote that is never closed can take in


@dataclass(frozen=True)
class TableFormat:
    """Rows under a header that names the columns. Bytes that are no UTF-8 come back as they were."""

    name: str
    delimiter: str
    unpacks: tuple[str, ...] = ()

    def require(self) -> None:
        """Nothing is needed."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Give the text of each row; the header and blank rows are handed on.

        Raises `DataError` where the header has no column for the text.
        """
        lines = _Lines(stream)
        rows = _rows(lines, self.delimiter)
        header = next(rows, None)
        if header is None:
            return
        if isinstance(header, csv.Error):
            raise DataError(f"{name}: the header is no {self.name.upper()}: {header}")
        columns = [header[0].removeprefix("\ufeff"), *header[1:]] if header else []
        if fields.text not in columns:
            raise DataError(
                f'{name}: no column "{fields.text}"; choose one with --text-field: {", ".join(columns) or "none"}'
            )
        yield Record("", None, _Row(lines.taken(), 0))
        at, id_at = (columns.index(f) if f in columns else len(columns) for f in (fields.text, fields.id))
        for row in rows:
            number, raw = lines.first, lines.taken()
            if isinstance(row, csv.Error):
                yield Rejected(number, f"no {self.name.upper()}: {row}", raw)
            elif not row:
                yield Record("", None, _Row(raw, 0))
            elif len(row) <= at:
                yield Rejected(number, f'{len(row)} fields: none for the column "{fields.text}"', raw)
            else:
                yield Record(row[id_at] if id_at < len(row) else f"{name}:{number}", row[at], _Row(raw, at))

    def writer(self, stream: BinaryIO, fields: Fields) -> _TableWriter:
        """A writer of rows."""
        return _TableWriter(stream, self.delimiter)


@dataclass(frozen=True, slots=True)
class _Row:
    """The bytes of a row, and which of its fields is the text."""

    raw: bytes
    text_at: int


class _Lines:
    """Hands lines to the parser, and keeps what it has taken since it was last asked."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._kept: list[bytes] = []
        self._number = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            self._kept.append(line)
            self._number += 1
            yield line.decode("utf-8", "surrogateescape")

    @property
    def first(self) -> int:
        """The number of the first line kept, counted from 1."""
        return self._number - len(self._kept) + 1

    def taken(self) -> bytes:
        """The lines kept, as they were; then none are."""
        kept, self._kept = b"".join(self._kept), []
        return kept


def _rows(lines: _Lines, delimiter: str) -> Iterator[list[str] | csv.Error]:
    """Each row's fields, or what is wrong with it."""
    csv.field_size_limit(_LARGEST_FIELD)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield error


class _TableWriter:
    def __init__(self, stream: BinaryIO, delimiter: str) -> None:
        self._stream = stream
        self._delimiter = delimiter
        self._field = re.compile(rf'"[^"]*(?:""[^"]*)*"|[^{delimiter}\r\n]*')

    def write(self, record: Record, text: str | None) -> None:
        """Write the row, with nothing but its text changed."""
        row: _Row = record.raw
        changed = text is not None and text != record.text
        self._stream.write(self._with_text(row, text or "") if changed else row.raw)

    def _with_text(self, row: _Row, text: str) -> bytes:
        raw = row.raw.decode("utf-8", "surrogateescape")
        start = 0
        for _ in range(row.text_at):
            start = self._stop(raw, start) + len(self._delimiter)
        stop = self._stop(raw, start)
        only = raw[:start] + raw[stop:].strip("\r\n") == ""  # a row of one empty field would be a blank line
        field = '"' + text.replace('"', '""') + '"' if raw[start] == '"' or only else text
        return (raw[:start] + field + raw[stop:]).encode("utf-8", "surrogateescape")

    def _stop(self, raw: str, start: int) -> int:
        """Where the field that starts there ends."""
        match = self._field.match(raw, start)
        return match.end() if match else start

    def close(self) -> None:
        """Nothing is held back."""
