r"""Sidecars as Parquet: one column per field of their lines, and one for what the strings of Parquet cannot hold.

Text of a file that is not UTF-8 has lone surrogates in place of the odd bytes, which no string of Parquet can hold. Its
column shows U+FFFD in their place. The column ``escaped`` has the true values, as a JSON object with escapes:
``{"text": "caf\udce9"}``; it is null in all other rows, and missing where no row needs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from detector.errors import DataError

if TYPE_CHECKING:
    import io

    import pyarrow as pa

ESCAPED = "escaped"
_SURROGATES = re.compile("[\ud800-\udfff]")
_GROUP_ROWS, _GROUP_BYTES = 10_000, 32 << 20
_MESSAGE = 200  # characters of an error of pyarrow


def write(lines: BinaryIO | io.RawIOBase, file: BinaryIO) -> None:
    """Write JSON Lines, which are read twice, as a Parquet file. All lines have the same fields."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = lines.tell()
    schema = _schema(lines)
    lines.seek(start)
    with pq.ParquetWriter(file, schema, write_page_checksum=True) as writer:
        for rows in _groups(lines):
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def read(file: BinaryIO, name: str) -> Iterator[dict[str, Any]]:
    """The objects of the lines that `write` wrote to the file ``name``. Raises `DataError` if it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        for batch in pq.ParquetFile(file, page_checksum_verification=True).iter_batches():
            for row in batch.to_pylist():
                escaped = row.pop(ESCAPED, None)
                yield row | json.loads(escaped) if escaped else row
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the file; those of pyarrow have none
            raise
        said = " ".join(str(error).split())[:_MESSAGE]
        raise DataError(f"{name}: damaged, or not Parquet ({said}); get the file again, or name another") from error


def _schema(lines: BinaryIO | io.RawIOBase) -> pa.Schema:
    """The schema for all lines: a column may hold nothing but nulls, or empty lists, in some of the groups.

    A column of nulls alone has the type of its name, most often strings, so that the files of several runs have the
    same schema.
    """
    import pyarrow as pa

    found = pa.schema([])
    for rows in _groups(lines):
        names = dict.fromkeys(name for row in rows for name in row)
        new = pa.Table.from_pylist([dict.fromkeys(names) | row for row in rows]).schema
        found = pa.unify_schemas([found, new], promote_options="permissive")
    types = {"start": pa.int64(), "end": pa.int64(), "score": pa.float64()}  # null in a line of a text kept whole
    return pa.schema([
        field.with_type(types.get(field.name, pa.string())) if pa.types.is_null(field.type) else field
        for field in found
    ])  # fmt: skip


def _groups(lines: BinaryIO | io.RawIOBase) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    size = 0
    for line in lines:
        rows.append(_row(json.loads(line)))
        size += len(line)
        if len(rows) == _GROUP_ROWS or size > _GROUP_BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _row(record: dict[str, Any]) -> dict[str, Any]:
    shown = {name: _readable(value) for name, value in record.items()}
    odd = {name: value for name, value in record.items() if shown[name] != value}
    return shown | {ESCAPED: json.dumps(odd)} if odd else shown


def _readable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value with U+FFFD for every lone surrogate, so that positions in the text stay right."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, dict):
        return {name: _readable(item) for name, item in value.items()}
    return value
