"""Parquet: a record a row, its text in one column of strings; columns, metadata and row groups stay."""

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

_BATCH_BYTES = 4 << 20  # of rows read at a time
_GROUP_BYTES = 64 << 20  # of rows held for a row group; a larger group is written in parts


class ParquetFormat:
    """Rows of a Parquet file, row group by row group."""

    name = "parquet"
    unpacks = ()

    def require(self) -> None:
        """Pyarrow is needed."""
        _parquet()

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Give the text of each row; the schema, nulls and the ends of row groups are handed on.

        Raises `DataError` where the file is damaged, comes through a pipe, or has no such column of strings.
        """
        arrow, parquet = load_library("pyarrow", "Parquet", "parquet"), _parquet()
        if not stream.seekable():
            raise DataError(
                f"{name}: Parquet can be read from a file of its own only, not from a pipe or packed in another"
            )
        try:
            with parquet.ParquetFile(stream) as file:
                _check_column(file.schema_arrow, name, fields.text)
                yield Record("", None, _Start(file.schema_arrow, _codecs(file.metadata)))
                yield from _records(file, name, fields)
        except arrow.ArrowException as error:
            raise DataError(f"{name}: damaged, or no Parquet ({error})") from error

    def writer(self, stream: BinaryIO, fields: Fields) -> _ParquetWriter:
        """A writer of rows."""
        return _ParquetWriter(stream, fields)


@dataclass(frozen=True, slots=True)
class _Start:
    """What is known before the first row: the schema, and each column's compression."""

    schema: pa.Schema
    codecs: dict[str, str]


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a row group."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a batch, whose rows come one after the other."""

    batch: pa.RecordBatch


def _parquet() -> ModuleType:
    return load_library("pyarrow.parquet", "Parquet", "parquet")


def _check_column(schema: pa.Schema, name: str, column: str) -> None:
    from detector.formats.arrow_text import TEXT_TYPES, is_text

    if schema.names.count(column) != 1:
        raise DataError(
            f'{name}: no column "{column}", or more than one; choose one with --text-field: {", ".join(schema.names)}'
        )
    found = schema.field(column).type
    if not is_text(found):
        raise DataError(f'{name}: column "{column}" is {found}, not {TEXT_TYPES}; choose one with --text-field')


def _codecs(metadata: pq.FileMetaData) -> dict[str, str]:
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
        yield Record("", None, _End())


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
        self._batch: pa.RecordBatch | None = None  # the one whose rows are coming in
        self._texts: list[str | None] = []
        self._group: list[pa.RecordBatch] = []

    def write(self, record: Record, text: str | None) -> None:
        """Take in a row; what is whole is written."""
        raw = record.raw
        if isinstance(raw, _Row):
            if raw.batch is not self._batch:
                self._end_batch()
                self._batch = raw.batch
            self._texts.append(record.text if text is None else text)
        elif isinstance(raw, _Start):
            self._file = _parquet().ParquetWriter(self._stream, raw.schema, compression=raw.codecs or "snappy")
        else:
            self._end_group()

    def close(self) -> None:
        """Write the last rows and the end of the file."""
        if self._file:
            self._end_group()
            self._file.close()

    def _end_batch(self) -> None:
        """Put the batch, with the new texts, into the row group."""
        if self._batch is not None:
            from detector.formats.arrow_text import from_texts

            at = self._batch.schema.get_field_index(self._column)
            field = self._batch.schema.field(at)
            self._group.append(self._batch.set_column(at, field, from_texts(self._texts, field.type)))
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
