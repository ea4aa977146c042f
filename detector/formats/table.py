"""CSV and TSV: one record per row, its text in one column. All other bytes of a row are written back unchanged."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected

_MAX_FIELD = 1 << 28  # characters; it bounds how much text follows an unclosed quote


@dataclass(frozen=True)
class TableFormat:
    """Rows below a header that names the columns. Bytes that are not UTF-8 are written back unchanged."""

    name: str
    delimiter: str
    own_compressions: tuple[str, ...] = ()

    def require(self) -> None:
        """Nothing to check: the format needs no library."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read one record per row; the header and blank rows are records without a text.

        A record's id is that of its id column, else ``name:line``. Raises `DataError` if the header has no column for
        the text.
        """
        lines = _RecordingLines(stream)
        rows = _rows(lines, self.delimiter)
        header = next(rows, None)
        if header is None:
            return
        if isinstance(header, csv.Error):
            raise DataError(
                f"{name}: the header is not valid {self.name.upper()} ({header}); correct it, or name its --format"
            )
        columns = [header[0].removeprefix("\ufeff"), *header[1:]] if header else []
        if fields.text not in columns:
            raise DataError(
                f'{name}: no column "{fields.text}"; choose one with --text-field: {", ".join(columns) or "none"}'
            )
        yield Record("", None, _Row(lines.take(), 0))
        text_at, id_at = (columns.index(f) if f in columns else len(columns) for f in (fields.text, fields.id))
        for row in rows:
            number, raw = lines.first_number, lines.take()
            if isinstance(row, csv.Error):
                yield Rejected(number, f"not valid {self.name.upper()}: {row}", raw)
            elif not row:
                yield Record("", None, _Row(raw, 0))
            elif len(row) <= text_at:
                reason = f'the row has {len(row)} fields, but the column "{fields.text}" is number {text_at + 1}'
                yield Rejected(number, reason, raw)
            else:
                yield Record(row[id_at] if id_at < len(row) else f"{name}:{number}", row[text_at], _Row(raw, text_at))

    def writer(self, stream: BinaryIO, fields: Fields) -> _TableWriter:
        """A writer of one row per record."""
        return _TableWriter(stream, self.delimiter)


@dataclass(frozen=True, slots=True)
class _Row:
    """The bytes of a row, and the index of its text among the fields."""

    raw: bytes
    text_at: int


class _RecordingLines:
    """The lines of a stream, decoded for the parser; their bytes are recorded until `take` is called."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._recorded: list[bytes] = []
        self._number = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._stream:
            self._recorded.append(line)
            self._number += 1
            yield line.decode("utf-8", "surrogateescape")

    @property
    def first_number(self) -> int:
        """The number of the first recorded line, counted from 1."""
        return self._number - len(self._recorded) + 1

    def take(self) -> bytes:
        """Return the recorded bytes and forget them."""
        recorded, self._recorded = b"".join(self._recorded), []
        return recorded


def _rows(lines: _RecordingLines, delimiter: str) -> Iterator[list[str] | csv.Error]:
    """The fields of each row, or the error in it; the parser goes on with the next line."""
    csv.field_size_limit(_MAX_FIELD)
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
        """Write the row; only the field of the text is replaced."""
        row: _Row = record.raw
        changed = text is not None and text != record.text
        self._stream.write(self._with_text(row, text or "") if changed else row.raw)

    def _with_text(self, row: _Row, text: str) -> bytes:
        """The bytes of a row with another text. The field is quoted if it was quoted."""
        raw = row.raw.decode("utf-8", "surrogateescape")
        start = 0
        for _ in range(row.text_at):
            start = self._stop(raw, start) + len(self._delimiter)
        stop = self._stop(raw, start)
        only = raw[:start] + raw[stop:].strip("\r\n") == ""  # a row of one empty field would be a blank line
        field = '"' + text.replace('"', '""') + '"' if raw[start] == '"' or only else text
        return (raw[:start] + field + raw[stop:]).encode("utf-8", "surrogateescape")

    def _stop(self, raw: str, start: int) -> int:
        """The end of the field that begins at ``start``."""
        match = self._field.match(raw, start)
        return match.end() if match else start

    def close(self) -> None:
        """Nothing is buffered."""
