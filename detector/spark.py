"""Cleaning with Apache Spark.

>>> pages = spark.read.parquet("pages/")
>>> detector.spark.clean(pages, Settings(threshold="gentle")).write.parquet("clean/")
"""

from __future__ import annotations

from collections.abc import Iterator

from detector.errors import UsageError
from detector.util.libraries import missing_library

try:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DoubleType, StringType, StructType
except ImportError as error:
    raise missing_library("Apache Spark (pyspark)", "detector.spark", "spark") from error

import pyarrow as pa

from detector.arrow import Settings


def clean(frame: DataFrame, settings: Settings | None = None) -> DataFrame:
    """Clean the texts of a data frame, lazily; its partitions are kept.

    The package must be installed in the Python environment of the executors. A batch has at most
    ``spark.sql.execution.arrow.maxRecordsPerBatch`` rows. Spark uses a Python worker for many tasks, and a worker loads
    the model once. Raises `UsageError` for the same columns as `detector.arrow.clean_batch`.
    """
    settings = settings or Settings()
    schema = _cleaned_schema(frame.schema, settings)

    def clean_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return map(settings.clean, batches)

    return frame.mapInArrow(clean_batches, schema)


def _cleaned_schema(schema: StructType, settings: Settings) -> StructType:
    """The schema with the columns to add. Checks the columns on the driver, before any task starts."""
    if settings.text not in schema.names:
        raise UsageError(f"text column {settings.text!r}: missing; the columns: {', '.join(schema.names)}")
    if not isinstance(schema[settings.text].dataType, StringType):
        found = schema[settings.text].dataType.simpleString()
        raise UsageError(f"text column {settings.text!r} is {found}, not string: cast it, or name another column")
    cleaned = StructType(list(schema.fields))
    for name, column_type in ((settings.removed_share, DoubleType()), (settings.removed_text, StringType())):
        if name is None:
            continue
        if name in schema.names:
            raise UsageError(f"column {name!r}, which would be added, already exists: give another name")
        cleaned.add(name, column_type)
    return cleaned
