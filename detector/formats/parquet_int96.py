"""The unit in which the INT96 timestamps of a Parquet file are read without a change of any value.

INT96 is the deprecated type that Spark, Hive and Impala wrote: nanoseconds of a day, and the day. Its range is wider
than that of 64-bit nanoseconds, which end in 2262. Outside of that, pyarrow computes a wrong timestamp and raises no
error. Needs pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from detector.errors import DataError

_TO_FINER = 1000  # nanoseconds of a microsecond


def int96_unit(stream: BinaryIO, name: str, options: Mapping[str, Any]) -> str | None:
    """The unit that holds all INT96 timestamps of a file: ``ns`` or ``us``; None for a file without any.

    ``options`` are those with which `pyarrow.parquet.ParquetFile` reads the file. The columns with such timestamps are
    read. Raises `DataError` if neither unit holds all of them.
    """
    with pq.ParquetFile(stream, **options) as file:
        if not _columns(file):
            return None
    if all(_fits(part, "ns") for (part,) in _timestamps(stream, options, "ms")):
        return "ns"
    for coarse, micro, nano in _timestamps(stream, options, "ms", "us", "ns"):
        if not _fits(coarse, "us") or _has_nanoseconds(micro, nano):
            raise DataError(
                f"{name}: has INT96 timestamps outside of the years 1677 to 2262, and some that microseconds do not "
                "hold either; convert the file to timestamps of another type first"
            )
    return "us"


def _columns(file: pq.ParquetFile) -> list[str]:
    """The paths of the columns whose values are INT96."""
    schema = file.metadata.schema
    columns = map(schema.column, range(len(schema)))
    return [column.path for column in columns if column.physical_type == "INT96"]


def _timestamps(stream: BinaryIO, options: Mapping[str, Any], *units: str) -> Iterator[tuple[pa.Array, ...]]:
    """The INT96 timestamps of a file in parts, each read in every one of the units."""
    files = [pq.ParquetFile(stream, coerce_int96_timestamp_unit=unit, **options) for unit in units]
    columns = _columns(files[0])
    batches = [file.iter_batches(columns=columns, use_threads=False) for file in files]
    for same in zip(*batches, strict=True):
        for arrays in zip(*(batch.columns for batch in same), strict=True):
            yield from zip(*map(_leaves, arrays), strict=True)


def _leaves(array: pa.Array) -> Iterator[pa.Array]:
    """The timestamps in an array, which may be nested."""
    if types.is_timestamp(array.type):
        yield array
    elif types.is_nested(array.type):
        children = array.flatten()
        for child in children if isinstance(children, list) else [children]:
            yield from _leaves(child)


def _fits(timestamps: pa.Array, unit: str) -> bool:
    """Whether timestamps are in the range of a finer unit."""
    try:
        timestamps.cast(pa.timestamp(unit))
    except pa.ArrowInvalid:
        return False
    return True


def _has_nanoseconds(micro: pa.Array, nano: pa.Array) -> bool:
    """Whether microseconds do not hold timestamps exactly. Both overflow alike, so that the difference is right."""
    same = pc.equal(pc.multiply(micro.cast(pa.int64()), _TO_FINER), nano.cast(pa.int64()))
    return pc.all(same).as_py() is False
