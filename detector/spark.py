"""Cleaning with Apache Spark.

>>> pages = spark.read.parquet("pages/")
>>> detector.spark.clean(pages, Settings(threshold="gentle")).write.parquet("clean/")
"""

from __future__ import annotations

from collections.abc import Iterator

from detector.util.libraries import missing_library

try:
    from pyspark.sql import DataFrame
    from pyspark.sql.pandas.types import from_arrow_type, to_arrow_schema
    from pyspark.sql.types import BooleanType, DoubleType, StructType
except ImportError as error:
    raise missing_library("Apache Spark (pyspark)", "detector.spark", "spark") from error

import pyarrow as pa

from detector.arrow import Settings, check_new_columns, given_settings, text_column


def clean(frame: DataFrame, settings: Settings | None = None) -> DataFrame:
    """Clean the texts of a data frame, lazily; its partitions are kept.

    The package must be installed in the Python environment of the executors. A batch has at most
    ``spark.sql.execution.arrow.maxRecordsPerBatch`` rows. Spark uses a Python worker for many tasks, and a worker loads
    the model once. Raises `UsageError` for the same columns as `detector.arrow.clean_batch`.
    """
    settings = given_settings(settings)
    schema = _cleaned_schema(frame.schema, settings)

    def clean_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return map(settings.clean, batches)

    return frame.mapInArrow(clean_batches, schema)


def _cleaned_schema(schema: StructType, settings: Settings) -> StructType:
    """The schema with the columns to add. Checks the columns on the driver, before any task starts."""
    text = text_column(to_arrow_schema(schema), settings.text)
    names = (settings.removed_share, settings.removed_text, settings.kept_whole)
    types = (DoubleType(), from_arrow_type(text.type), BooleanType())
    check_new_columns(schema.names, [name for name in names if name is not None])
    cleaned = StructType(list(schema.fields))
    for name, column_type in zip(names, types, strict=True):
        if name is not None:
            cleaned.add(name, column_type)
    return cleaned
