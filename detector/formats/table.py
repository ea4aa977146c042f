"""CSV and TSV: one record per row, its text in one column. All other bytes of a row are written back unchanged."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.formats.blank_lines import with_blank_lines
from detector.formats.column_names import MAX_NAME, are_names, shown
from detector.formats.table_rows import BrokenRow, Row, RowReader

_DELIMITERS = (b",", b";", b"\t", b"|")
_BEFORE_HEADER = re.compile(rb'("?sep=.{1,3})?[\r\n]*', re.IGNORECASE)  # spreadsheets name the separator in a line
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class TableFormat:
    """Rows below a header that names the columns. Bytes that are not UTF-8 are written back unchanged.

    If the header has no column for the text with ``delimiter`` between its fields, but has one with a comma, semicolon,
    tab or vertical bar, the file is read with that.
    """

    name: str
    delimiter: str
    own_compressions: tuple[str, ...] = ()

    def require(self) -> None:
        """Nothing to check: the format needs no library."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read one record per row; the header and runs of blank rows are records without a text.

        A record's id is that of its id column, else ``name:line``. Rows that are not valid, have too many fields or no
        text are rejected. Raises `DataError` if the header has no column for the text, or several.
        """
        reader = RowReader(stream)
        before = reader.skip(codecs.BOM_UTF8)
        delimiter = self.delimiter.encode()
        while isinstance(row := reader.peek(delimiter), Row) and _BEFORE_HEADER.fullmatch(row.raw):
            reader.next(delimiter)
            before += row.raw
        if row is None:
            yield from _unchanged(before)
            return
        header = self._header(reader, name, fields.text)
        reader.next(header.delimiter)
        yield from _unchanged(before + header.raw)
        rows = reader.rows(header.delimiter, len(header.columns))
        yield from with_blank_lines(self._parts(rows, header, name, fields), lambda raw: Record("", None, _Part(raw)))

    def _parts(
        self, rows: Iterable[Row | BrokenRow], header: _Header, name: str, fields: Fields
    ) -> Iterator[Record | Rejected | bytes]:
        text_at, id_at = (header.columns.index(f) if f in header.columns else None for f in (fields.text, fields.id))
        for row in rows:
            if isinstance(row, BrokenRow):
                yield Rejected(row.number, f"not valid {self.name.upper()}: {row.reason}", row.raw)
            elif row.is_blank:
                yield row.raw
            else:
                yield _record(row, header, name, text_at or 0, id_at)

    def original(self, record: Record, text: str) -> bytes | None:
        """The row, if its field was quoted in another way than here."""
        part: _Part = record.raw
        if text == record.text:
            return None
        written = _with_text(part, text)
        end = len(written) - (len(part.raw) - part.end)
        restored = _with_text(replace(part, raw=written, end=end), str(record.text))
        return None if restored == part.raw else part.raw

    def writer(self, stream: BinaryIO, fields: Fields) -> _TableWriter:
        """A writer of one row per record."""
        return _TableWriter(stream)

    def _header(self, reader: RowReader, name: str, text: str) -> _Header:
        """The header, with the first delimiter for which it has the column of the text."""
        own = self.delimiter.encode()
        rows = {delimiter: reader.peek(delimiter) for delimiter in (own, *_DELIMITERS)}
        first = rows[own]
        if first and (first.raw.startswith(_OTHER_ENCODINGS) or b"\0" in first.raw):
            raise DataError(f"{name}: not UTF-8, but UTF-16 or no text at all; convert it to UTF-8")
        headers = [_Header.of(row, delimiter) for delimiter, row in rows.items() if isinstance(row, Row)]
        if isinstance(first, BrokenRow) and not any(text in header.columns for header in headers):
            raise DataError(
                f"{name}:{first.number}: the header is not valid {self.name.upper()}: {first.reason}; correct it, or "
                "name its --format"
            )
        header = next((h for h in headers if text in h.columns), max(headers, key=lambda h: len(h.columns)))
        found = header.columns.count(text)
        if found != 1:
            problem = f'{found} columns are named "{text}"; rename one' if found else f'no column "{text}"'
            raise DataError(f"{name}: {problem}; {_advice(header.columns)}")
        return header


def _advice(columns: list[str]) -> str:
    """What to do about a header without the column of the text, or with several."""
    if are_names(columns):
        return f"choose one with --text-field: {shown(columns)}"
    line = " ".join(columns)
    start = line if len(line) <= MAX_NAME else f"{line[: MAX_NAME - 1]}…"
    return f'the first line looks like no header: "{start}"; put the names of the columns before it'


@dataclass(frozen=True, slots=True)
class _Header:
    """The bytes of the header, the names of the columns, and what separates them."""

    raw: bytes
    columns: list[str]
    delimiter: bytes

    @classmethod
    def of(cls, row: Row, delimiter: bytes) -> _Header:
        return cls(row.raw, [row.value(field) for field in range(len(row.ends))], delimiter)


@dataclass(slots=True)
class _Part:
    """The ``raw`` of a record: its bytes, and where in them the field of the text begins and ends."""

    raw: bytes
    start: int = 0
    end: int = 0
    delimiter: bytes = b""


def _unchanged(raw: bytes) -> Iterator[Record]:
    """A record without a text for bytes that are written back; none if there are no bytes."""
    if raw:
        yield Record("", None, _Part(raw), len(raw))


def _record(row: Row, header: _Header, name: str, text_at: int, id_at: int | None) -> Record | Rejected:
    count = len(row.ends)
    if count <= text_at:
        reason = f'the row has {count} fields, but the column "{header.columns[text_at]}" is number {text_at + 1}'
        return Rejected(row.number, reason, row.raw)
    known = f"{name}:{row.number}" if id_at is None or id_at >= count else row.value(id_at)
    start, end = row.span(text_at)
    part, weight = _Part(row.raw, start, end, header.delimiter), len(row.raw) - (end - start)
    return Record(known, row.value(text_at), part, weight, number=row.number, source=row.raw)


class _TableWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the row; only the field of the text is replaced."""
        part: _Part = record.raw
        self._stream.write(part.raw if text is None or text == record.text else _with_text(part, text))

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Write a row."""
        self._stream.write(original)

    def close(self) -> None:
        """Nothing is buffered."""


def _with_text(part: _Part, text: str) -> bytes:
    """The bytes of a row with another text. The field is quoted if it was quoted, or has to be."""
    before, after = part.raw[: part.start], part.raw[part.end :]
    field = text.encode("utf-8", "surrogateescape")
    quoted = part.raw[part.start : part.end].startswith(b'"')
    blank = not field and not before and not after.strip(b"\r\n")  # a row of one empty field would be a blank line
    special = field.startswith(b'"') or any(byte in field for byte in (part.delimiter, b"\r", b"\n"))
    if quoted or blank or special:
        field = b'"' + field.replace(b'"', b'""') + b'"'
    return before + field + after
