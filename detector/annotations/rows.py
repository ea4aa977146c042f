"""Formats with one paragraph per row: lines of ``class<TAB>text``, CSV, TSV and Parquet."""

from __future__ import annotations

import codecs
import csv
import io
import math
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from detector.annotations.names import one_name
from detector.annotations.reading import Reading
from detector.annotations.row_documents import COLUMNS, HOLDS, Documents, Row, required_roles, roles, rows_of
from detector.annotations.source import Line, Source, decoded
from detector.annotations.writing import writing
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.formats.table_rows import BrokenRow, RowReader
from detector.formats.table_rows import Row as TableRow
from detector.util.libraries import load_library

if TYPE_CHECKING:
    from detector.annotations.base import AnnotationFormat

_PREFIX = "__label__"  # of the classes of fastText
_CLASS = 40  # characters of a class, at most, in a file that is recognised
_ROWS = 10_000  # of Parquet that are written at a time


class LinesFormat:
    """Lines of ``class<TAB>text``, or of ``__label__class text``; a blank line separates documents."""

    name = "lines"
    extensions = ()
    holds = frozenset({"kind"})

    def recognises(self, source: Source) -> bool:
        """Whether each line begins with a short class, and the first one is no header of a table."""
        lines = [line for line in _head_lines(source) if line.strip()]
        if not lines or _is_header(lines[0].split("\t")):
            return False
        return all(line.startswith(_PREFIX) or 0 <= line.find("\t") <= _CLASS for line in lines)

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read one document per run of lines that are not blank."""
        return Documents(source, reading, ("text", "label")).of(_line_rows(source.lines(reading), reading))

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write one line per paragraph. Raises `DataError` for a document without paragraphs."""
        with writing(path) as stream:
            for number, document in enumerate(documents):
                lines = [_line(each.text, each.label, each.kind, document) for each in document.paragraphs]
                if not lines:
                    raise DataError(f'document "{document.id[:40]}": has no paragraph, which lines cannot hold')
                stream.write(_encoded(("\n" if number else "") + "".join(lines), document))


def _line_rows(lines: Iterable[Line], reading: Reading) -> Iterator[Row]:
    """The rows of lines, without those that are rejected."""
    for line in lines:
        text = line.text.removesuffix("\r")
        with reading.record(line.where, line.text):
            yield Row(_class_and_text(text, line.where) if text.strip() else {}, line.where, line.text)


def _class_and_text(text: str, where: str) -> dict[str, str | None]:
    """The class and the text of a line. Raises `DataError` where it has another form."""
    if text.startswith(_PREFIX):
        name, _, rest = text.removeprefix(_PREFIX).replace("\t", " ", 1).partition(" ")
        if rest.startswith(_PREFIX):
            raise DataError(f"{where}: two labels; a paragraph has one: leave out the others")
    else:
        name, tab, rest = text.partition("\t")
        if not tab:
            raise DataError(f"{where}: no tab; a line has the form class<TAB>text")
    return {"label": name.strip() or None, "text": rest or None}


def _line(text: str, label: str | None, kind: str | None, document: LabelledDocument) -> str:
    name = one_name(label, kind) if label is not None else ""
    if name.strip() != name or any(character in name for character in "\t\r\n") or name.startswith(_PREFIX):
        raise DataError(f'document "{document.id[:40]}": the label "{name[:40]}" cannot stand before a tab')
    return f"{name}\t{text}\n"


class TableFormat:
    """CSV or TSV with a header, and one paragraph per row."""

    holds = HOLDS

    def __init__(self, name: str, extensions: tuple[str, ...], delimiters: str) -> None:
        self.name = name
        self.extensions = extensions
        self._delimiters = delimiters  # the first one is written

    def recognises(self, source: Source) -> bool:
        """Whether the first line names columns for the text and the label."""
        return any(_is_header(next(csv.reader(_first(source), delimiter=each), [])) for each in self._delimiters)

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read documents of rows that follow each other."""
        with source.opened() as stream:
            reader = RowReader(stream)
            reader.skip(codecs.BOM_UTF8)
            delimiter, columns = self._header(reader, f"{source.path}:1")
            found = required_roles(columns, f"{source.path}:1", reading.text_field)
            yield from Documents(source, reading, found).of(
                row for each in reader.rows(delimiter, len(columns)) for row in _table_row(each, found, source, reading)
            )

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write one row per paragraph, with the columns `COLUMNS`."""
        with writing(path) as stream:
            self._write([COLUMNS], stream, None)
            for document in documents:
                self._write(([row.get(name) for name in COLUMNS] for row in rows_of(document)), stream, document)

    def _header(self, reader: RowReader, where: str) -> tuple[bytes, list[str]]:
        """What separates the columns, and their names. Raises `DataError` if there is no header."""
        headers = {each.encode(): reader.peek(each.encode()) for each in self._delimiters}
        named = {
            delimiter: [row.value(at) for at in range(len(row.ends))]
            for delimiter, row in headers.items()
            if isinstance(row, TableRow)
        }
        if not named:
            raise DataError(f"{where}: no header; the first line names the columns: text, label and others")
        delimiter = max(named, key=lambda each: len(named[each]))
        reader.next(delimiter)
        return delimiter, named[delimiter]

    def _write(self, rows: Iterable[Iterable[object]], stream: BinaryIO, document: LabelledDocument | None) -> None:
        text = io.StringIO()
        csv.writer(text, delimiter=self._delimiters[0]).writerows(rows)
        stream.write(_encoded(text.getvalue(), document))


def _table_row(row: TableRow | BrokenRow, found: dict[str, int], source: Source, reading: Reading) -> Iterator[Row]:
    """A row by role; none where it is rejected."""
    where = f"{source.path}:{row.number}"
    raw = row.raw.decode("utf-8", "backslashreplace")
    with reading.record(where, raw):
        if isinstance(row, BrokenRow):
            raise DataError(f"{where}: {row.reason}")
        values = {role: row.value(at) or None for role, at in found.items() if at < len(row.ends)}
        wrong = [role for role, value in values.items() if value and not _is_utf8(value)]
        if wrong:
            raise DataError(f'{where}: "{wrong[0]}" is not UTF-8; convert the file to UTF-8 first')
        yield Row(values, where, raw)


class ParquetFormat:
    """Parquet with one paragraph per row."""

    name = "parquet"
    extensions = (".parquet", ".pq")
    holds = HOLDS

    def recognises(self, source: Source) -> bool:
        """Whether the file begins as Parquet does."""
        return source.head.startswith(b"PAR1")

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read documents of rows that follow each other."""
        parquet = load_library("pyarrow.parquet", "Parquet", "parquet")
        with source.opened() as stream:
            try:
                file = parquet.ParquetFile(stream if stream.seekable() else _copied(stream))
                columns = list(file.schema_arrow.names)
                found = required_roles(columns, str(source.path), reading.text_field)
                yield from Documents(source, reading, found).of(_parquet_rows(file, columns, found, source, reading))
            except (ValueError, NotImplementedError) as error:  # of pyarrow, except those that are OSError
                if isinstance(error, DataError) or not type(error).__module__.startswith("pyarrow"):
                    raise
                raise DataError(f"{source.path}: not valid Parquet ({str(error)[:200]})") from error

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write one row per paragraph, with the columns `COLUMNS`."""
        pyarrow = load_library("pyarrow", "Parquet", "parquet")
        parquet = load_library("pyarrow.parquet", "Parquet", "parquet")
        types = {name: pyarrow.int32() if name == "paragraph" else pyarrow.string() for name in COLUMNS}
        with writing(path) as stream, parquet.ParquetWriter(stream, pyarrow.schema(types)) as writer:
            rows: list[dict[str, Any]] = []
            for document in documents:
                rows += rows_of(document)
                _encoded("".join(str(value) for row in rows_of(document) for value in row.values()), document)
                if len(rows) >= _ROWS:
                    writer.write_table(pyarrow.Table.from_pylist(rows, schema=writer.schema))
                    rows = []
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=writer.schema))


def _copied(stream: BinaryIO) -> BinaryIO:
    """A temporary file with the data of a stream, in which Parquet can be read from its end."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - it is deleted with its last reader
    shutil.copyfileobj(stream, copy)
    return cast("BinaryIO", copy)


def _parquet_rows(
    file: Any,  # noqa: ANN401
    columns: list[str],
    found: dict[str, int],
    source: Source,
    reading: Reading,
) -> Iterator[Row]:
    number = 0
    for batch in file.iter_batches(columns=sorted({columns[at] for at in found.values()}), batch_size=1024):
        first = {columns[at]: batch.column(batch.schema.names.index(columns[at])) for at in found.values()}
        for row in range(len(batch)):
            number += 1
            where = f"{source.path}: row {number}"
            values = {name: column[row].as_py() for name, column in first.items()}
            with reading.record(where, {name: str(value) for name, value in values.items()}):
                by_role = {role: _text(values[columns[at]], columns[at], where) for role, at in found.items()}
                yield Row(by_role, where, by_role)


def _text(value: object, column: str, where: str) -> str | None:
    """A value of a column as text: whole numbers without a point, as they are in a column without missing ones.

    Raises `DataError` for lists and structures, and for bytes that are not UTF-8.
    """
    if isinstance(value, list | dict):
        raise DataError(f'{where}: "{column[:40]}" is a {type(value).__name__}, not a text; --text-field names another')
    if isinstance(value, bytes):
        return decoded(value, f'{where}: "{column[:40]}"') or None
    if isinstance(value, float):
        return None if math.isnan(value) else f"{value:.0f}" if value.is_integer() else str(value)
    return None if value is None or value == "" else str(value)


def _head_lines(source: Source) -> list[str]:
    """The complete lines at the beginning of a file; none if it is no text."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(source.head)
    except UnicodeDecodeError:
        return []
    lines = text.split("\n")
    return lines[:-1] if len(lines) > 1 else lines


def _first(source: Source) -> list[str]:
    """The first line, if there is one that could be a header."""
    lines = [line.rstrip("\r") for line in _head_lines(source)[:1] if line.strip() and len(line) < 1 << 12]
    return [line for line in lines if "\r" not in line]


def _is_header(columns: list[str]) -> bool:
    found = roles(columns)
    return "text" in found and ("label" in found or "kind" in found)


def _is_utf8(value: str) -> bool:
    """Whether no byte of a value was not UTF-8: these became lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encoded(text: str, document: LabelledDocument | None) -> bytes:
    """A text in UTF-8. Raises `DataError` for what cannot be encoded."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        name = document.id[:40].encode("utf-8", "replace").decode() if document else ""
        raise DataError(f'document "{name}": a character cannot be written as UTF-8 ({error.reason})') from error


LINES: AnnotationFormat = LinesFormat()
TSV: AnnotationFormat = TableFormat("tsv", (".tsv", ".tab"), "\t")
CSV: AnnotationFormat = TableFormat("csv", (".csv",), ",;")
PARQUET: AnnotationFormat = ParquetFormat()
