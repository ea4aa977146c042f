"""Parquet: one record per row, its text in one column. Other columns, types, metadata and row groups are kept."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO

from detector.errors import DataError
from detector.formats.base import Fields, Record, Rejected
from detector.util.libraries import load_library

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from _typeshed import ReadableBuffer

    from detector.formats.arrow_text import TextColumn

_BATCH_BYTES = 4 << 20  # read at a time, approximately
_BATCH_ROWS = 1 << 10  # at most: a dictionary makes rows of long texts look small
# bytes of each column; without pre_buffer=False, pyarrow reads the whole row group
_READING = {"buffer_size": 1 << 20, "pre_buffer": False, "page_checksum_verification": True}
_GROUP_BYTES = 64 << 20  # buffered for a row group; a larger row group is written as several
_MESSAGE = 200  # characters of pyarrow's messages


class ParquetFormat:
    """Rows of a Parquet file, read and written row group by row group."""

    name = "parquet"
    own_compressions = ()

    def require(self) -> None:
        """Raise `UsageError` if pyarrow is not installed."""
        _parquet()

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read one record per row. Other records without a text are the schema and the ends of row groups.

        A dot in a field's name leads into a struct, unless a column has that name. A record's id is that of its id
        column, if that holds strings or integers, else ``name:row``, counted from 1. Raises `DataError` if the file is
        damaged or encrypted, the stream cannot seek, there is no such column of texts, or no unit holds all INT96
        timestamps.
        """
        arrow, parquet = load_library("pyarrow", "Parquet", "parquet"), _parquet()
        from detector.formats.parquet_int96 import int96_unit

        if not stream.seekable():
            raise DataError(
                f"{name}: Parquet cannot be read from a pipe or a compressed file; save it as a plain .parquet file"
            )
        try:
            unit = int96_unit(stream, name, _READING)
            with parquet.ParquetFile(stream, coerce_int96_timestamp_unit=unit, **_READING) as file:
                columns = _Columns.of(file.schema_arrow, name, fields)
                yield Record("", None, _Header(name, file.schema_arrow, _codecs(file), columns.text))
                yield from _records(file, name, columns)
        except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # of the stream; those of pyarrow have none
                raise
            raise DataError(f"{name}: {_reason(error)}") from error

    def original(self, record: Record, text: str) -> bytes | None:
        """None: the values of a column are restored exactly."""
        return None

    def writer(self, stream: BinaryIO, fields: Fields) -> _ParquetWriter:
        """A writer of one row per record."""
        return _ParquetWriter(stream)


@dataclass(frozen=True, slots=True)
class _Header:
    """The ``raw`` of the first record of a file: its name and schema, and where the texts are.

    ``codecs`` is the compression of each column by its path.
    """

    name: str
    schema: pa.Schema
    codecs: dict[str, str]
    text: TextColumn


@dataclass(frozen=True, slots=True)
class _GroupEnd:
    """The ``raw`` of the record after the last row of a row group."""


@dataclass(frozen=True, slots=True)
class _Row:
    """The ``raw`` of a row: the batch that it is in. The rows of a batch are consecutive and in order."""

    batch: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the texts and the ids of a file are; ``id`` is None where no column holds ids."""

    text: TextColumn
    id: TextColumn | None

    @classmethod
    def of(cls, schema: pa.Schema, name: str, fields: Fields) -> _Columns:
        """The columns of a schema. Raises `DataError` unless exactly one has the name of the text, and holds texts."""
        from pyarrow import types

        from detector.formats.arrow_text import find_column, find_text, is_text

        try:
            text = find_text(schema, fields.text)
        except DataError as error:
            raise DataError(f"{name}: {error}; choose the text with --text-field") from None
        try:
            found = find_column(schema, fields.id)
        except DataError:
            return cls(text, None)
        return cls(text, found if is_text(found.type) or types.is_integer(found.type) else None)


def _parquet() -> ModuleType:
    return load_library("pyarrow.parquet", "Parquet", "parquet")


def _reason(error: Exception) -> str:
    """What pyarrow's error says about a file, and what to do."""
    import pyarrow as pa

    said = _said(error)
    if "crypt" in said:
        return f"the Parquet file is encrypted ({said}); decrypt it first"
    if isinstance(error, pa.ArrowNotImplementedError):
        return f"pyarrow {pa.__version__} cannot read this ({said}); upgrade pyarrow, or convert the file"
    return f"damaged, or not Parquet ({said}); get the file again, or name its --format"


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:_MESSAGE]


def _codecs(file: pq.ParquetFile) -> dict[str, str]:
    """The compression of each column in the first row group with rows, by the column's path; empty without rows."""
    groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
    number, group = next(((n, group) for n, group in enumerate(groups) if group.num_rows), (0, None))
    if group is None:
        return {}
    # Reading a row raises an error for an unknown compression; asking for its name ends the process (pyarrow 26).
    next(file.iter_batches(batch_size=1, row_groups=[number], use_threads=False), None)
    columns = [group.column(number) for number in range(group.num_columns)]
    return {c.path_in_schema: "NONE" if c.compression == "UNCOMPRESSED" else c.compression for c in columns}


def _records(file: pq.ParquetFile, name: str, columns: _Columns) -> Iterator[Record]:
    number = 0
    for group in range(file.metadata.num_row_groups):
        size = file.metadata.row_group(group)
        expected = number + size.num_rows
        rows = max(1, min(_BATCH_ROWS, size.num_rows * _BATCH_BYTES // max(size.total_byte_size, 1)))
        for batch in file.iter_batches(batch_size=rows, row_groups=[group], use_threads=False):
            yield from _batch_records(batch, name, number, columns)
            number += batch.num_rows
        if number != expected:
            raise DataError(f"{name}: damaged: {number} rows instead of {expected} up to row group {group + 1}")
        yield Record("", None, _GroupEnd())
    if number != file.metadata.num_rows:
        raise DataError(f"{name}: damaged: {number} rows instead of {file.metadata.num_rows}; get the file again")


def _batch_records(batch: pa.RecordBatch, name: str, first: int, columns: _Columns) -> Iterator[Record]:
    from detector.formats.arrow_text import to_texts

    texts = to_texts(columns.text.texts(batch.column(columns.text.index)))
    ids = _ids(batch, columns.id) if columns.id else [None] * batch.num_rows
    weight = _bytes(batch) // max(batch.num_rows, 1)
    row = _Row(batch)
    for number, (text, given) in enumerate(zip(texts, ids, strict=True), first + 1):
        known = f"{name}:{number}" if given is None else str(given)
        yield Record(known, text, row, weight, is_null=text is None, number=number)


def _bytes(batch: pa.RecordBatch) -> int:
    """The size of a batch in memory."""
    import pyarrow as pa

    try:
        return int(batch.nbytes)
    except pa.ArrowException:  # older versions of pyarrow cannot tell which bytes of a view the batch uses
        return int(batch.get_total_buffer_size())


def _ids(batch: pa.RecordBatch, column: TextColumn) -> list[Any]:
    from detector.formats.arrow_text import is_text, to_texts

    values = column.texts(batch.column(column.index))
    return to_texts(values) if is_text(column.type) else values.to_pylist()


@contextlib.contextmanager
def _written(header: _Header) -> Iterator[None]:
    """Raises `DataError`, with the name of the file that was read, where pyarrow cannot write what is in it."""
    import pyarrow as pa

    try:
        yield
    except pa.ArrowException as error:
        raise DataError(
            f"{header.name}: pyarrow {pa.__version__} cannot write this ({_said(error)}); upgrade pyarrow, or convert "
            "the file"
        ) from error


class _Sink(io.RawIOBase):
    """What pyarrow writes to. Its writer adds a footer when it is deleted, which would make a part look complete."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream: BinaryIO | None = stream

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        return self.stream.write(data) if self.stream else memoryview(data).nbytes


class _ParquetWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._sink = _Sink(stream)
        self._header: _Header | None = None
        self._file: pq.ParquetWriter | None = None
        self._batch: pa.RecordBatch | None = None  # the batch of the rows that are being written
        self._texts: list[str | None] = []  # of those rows
        self._group: list[pa.RecordBatch] = []
        self._group_bytes = 0
        self._rows = 0  # of the row group

    def write(self, record: Record, text: str | None) -> None:
        """Buffer a row. Row groups are written when they end."""
        raw = record.raw
        if isinstance(raw, _Row):
            if raw.batch is not self._batch:
                self._end_batch()
                self._batch = raw.batch
            self._rows += 1
            self._texts.append(record.text if text is None and isinstance(record.text, str) else text)
        elif isinstance(raw, _Header):
            self._header = raw
            with _written(raw):
                self._file = _parquet().ParquetWriter(
                    self._sink, raw.schema, compression=raw.codecs or "snappy", write_page_checksum=True
                )
        else:
            self._end_group()

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Raises `DataError`: no part of such a file is ever rejected."""
        raise DataError("no record of Parquet is rejected: the file of rejected records belongs to another result")

    def close(self) -> None:
        """Write the footer of the file. The rows have been written when their row group ended."""
        if self._file:
            self._file.close()

    def __del__(self) -> None:
        self._sink.stream = None

    def _end_batch(self) -> None:
        """Add the current batch, with its new texts, to the row group."""
        if self._batch is not None and self._header:
            from detector.formats.arrow_text import from_texts

            text, batch = self._header.text, self._batch
            column = text.replaced(batch.column(text.index), from_texts(self._texts, text.type))
            self._group.append(batch.set_column(text.index, batch.schema.field(text.index), column))
            self._group_bytes += _bytes(self._group[-1])
            if self._group_bytes > _GROUP_BYTES:
                self._write_group()
        self._batch, self._texts = None, []

    def _end_group(self) -> None:
        self._end_batch()
        if self._group or not self._rows:  # older versions of pyarrow cannot read a table without row groups
            self._write_group()
        self._rows = 0

    def _write_group(self) -> None:
        if self._file and self._header:
            import pyarrow as pa

            table = pa.Table.from_batches(self._group, self._header.schema)
            self._group, self._group_bytes = [], 0
            with _written(self._header):
                self._file.write_table(table, row_group_size=max(table.num_rows, 1))
