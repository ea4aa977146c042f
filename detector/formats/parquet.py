"""Parquet: one record per row, its text in one column of strings. Other columns, metadata and row groups are kept."""

from __future__ import annotations

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

_BATCH_BYTES = 4 << 20  # read at a time, approximately
_GROUP_BYTES = 64 << 20  # buffered for a row group; a larger row group is written as several


class ParquetFormat:
    """Rows of a Parquet file, read and written row group by row group."""

    name = "parquet"
    own_compressions = ()

    def require(self) -> None:
        """Raise `UsageError` if pyarrow is not installed."""
        _parquet()

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read one record per row. Records without a text are the schema, nulls and the ends of row groups.

        A record's id is that of its id column, if that is a string or an integer, else ``name:row``, counted from 1.
        Raises `DataError` if the file is damaged, the stream cannot seek, or there is no such column of strings.
        """
        arrow, parquet = load_library("pyarrow", "Parquet", "parquet"), _parquet()
        if not stream.seekable():
            raise DataError(
                f"{name}: Parquet cannot be read from a pipe or a compressed file; save it as a plain .parquet file"
            )
        try:
            with parquet.ParquetFile(stream) as file:
                _check_column(file.schema_arrow, name, fields.text)
                yield Record("", None, _Header(file.schema_arrow, _codecs(file.metadata)))
                yield from _records(file, name, fields)
        except arrow.ArrowException as error:
            raise DataError(
                f"{name}: damaged, or not Parquet ({error}); get the file again, or name its --format"
            ) from error

    def writer(self, stream: BinaryIO, fields: Fields) -> _ParquetWriter:
        """A writer of one row per record."""
        return _ParquetWriter(stream, fields)


@dataclass(frozen=True, slots=True)
class _Header:
    """The ``raw`` of the first record of a file: its schema, and the compression of each column by its path."""

    schema: pa.Schema
    codecs: dict[str, str]


@dataclass(frozen=True, slots=True)
class _GroupEnd:
    """The ``raw`` of the record after the last row of a row group."""


@dataclass(frozen=True, slots=True)
class _Row:
    """The ``raw`` of a row: the batch that it is in. The rows of a batch are consecutive and in order."""

    batch: pa.RecordBatch


def _parquet() -> ModuleType:
    return load_library("pyarrow.parquet", "Parquet", "parquet")


def _check_column(schema: pa.Schema, name: str, column: str) -> None:
    """Raise `DataError` unless there is exactly one such column, and it holds text."""
    from detector.formats.arrow_text import TEXT_TYPES, is_text

    if schema.names.count(column) != 1:
        raise DataError(
            f'{name}: no column "{column}", or more than one; choose one with --text-field: {", ".join(schema.names)}'
        )
    found = schema.field(column).type
    if not is_text(found):
        raise DataError(f'{name}: column "{column}" is {found}, not {TEXT_TYPES}; choose one with --text-field')


def _codecs(metadata: pq.FileMetaData) -> dict[str, str]:
    """The compression of each column in the first row group, by the column's path; empty without row groups."""
    if not metadata.num_row_groups:
        return {}
    group = metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    return {c.path_in_schema: "NONE" if c.compression == "UNCOMPRESSED" else c.compression for c in columns}


def _records(file: pq.ParquetFile, name: str, fields: Fields) -> Iterator[Record]:
    number = 0
    for group in range(file.metadata.num_row_groups):
        size = file.metadata.row_group(group)
        rows = max(1, min(1 << 14, size.num_rows * _BATCH_BYTES // max(size.total_byte_size, 1)))
        for batch in file.iter_batches(batch_size=rows, row_groups=[group], use_threads=False):
            yield from _batch_records(batch, name, number, fields)
            number += batch.num_rows
        yield Record("", None, _GroupEnd())


def _batch_records(batch: pa.RecordBatch, name: str, first: int, fields: Fields) -> Iterator[Record]:
    texts = _values(batch, fields.text)
    ids = _values(batch, fields.id) if fields.id in batch.schema.names else [None] * batch.num_rows
    for row, (text, given) in enumerate(zip(texts, ids, strict=True)):
        known = given if isinstance(given, str | int) else f"{name}:{first + row + 1}"
        yield Record(str(known), text, _Row(batch))


def _values(batch: pa.RecordBatch, name: str) -> list[Any]:
    from detector.formats.arrow_text import is_text, to_texts

    column = batch.column(name)
    return to_texts(column) if is_text(column.type) else column.to_pylist()


class _ParquetWriter:
    def __init__(self, stream: BinaryIO, fields: Fields) -> None:
        self._stream = stream
        self._column = fields.text
        self._file: pq.ParquetWriter | None = None
        self._batch: pa.RecordBatch | None = None  # the batch of the rows that are being written
        self._texts: list[str | None] = []  # of those rows
        self._group: list[pa.RecordBatch] = []

    def write(self, record: Record, text: str | None) -> None:
        """Buffer a row. Row groups are written when they end."""
        raw = record.raw
        if isinstance(raw, _Row):
            if raw.batch is not self._batch:
                self._end_batch()
                self._batch = raw.batch
            self._texts.append(record.text if text is None else text)
        elif isinstance(raw, _Header):
            self._file = _parquet().ParquetWriter(self._stream, raw.schema, compression=raw.codecs or "snappy")
        else:
            self._end_group()

    def close(self) -> None:
        """Write the rows that are still buffered, and the footer of the file."""
        if self._file:
            self._end_group()
            self._file.close()

    def _end_batch(self) -> None:
        """Add the current batch, with its new texts, to the row group."""
        if self._batch is not None:
            from detector.formats.arrow_text import from_texts

            index = self._batch.schema.get_field_index(self._column)
            field = self._batch.schema.field(index)
            self._group.append(self._batch.set_column(index, field, from_texts(self._texts, field.type)))
            if sum(b.nbytes for b in self._group) > _GROUP_BYTES:
                self._write_group()
        self._batch, self._texts = None, []

    def _end_group(self) -> None:
        self._end_batch()
        self._write_group()

    def _write_group(self) -> None:
        if self._group and self._file:
            import pyarrow as pa

            table = pa.Table.from_batches(self._group)
            self._file.write_table(table, row_group_size=table.num_rows)
            self._group = []
