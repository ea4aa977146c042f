"""Cleaning on Apache Spark.

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
    """The frame with its texts cleaned, lazily; its partitions are kept.

    The package has to be installed for the Python of the executors. A batch has at most
    ``spark.sql.execution.arrow.maxRecordsPerBatch`` rows. A Python worker of Spark is used for many tasks and loads
    the model once. Raises `UsageError` for a column that does not fit, as `detector.arrow.clean_batch` does.
    """
    settings = settings or Settings()
    schema = _cleaned_schema(frame.schema, settings)

    def clean_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return map(settings.clean, batches)

    return frame.mapInArrow(clean_batches, schema)


def _cleaned_schema(schema: StructType, settings: Settings) -> StructType:
    """The schema with the columns to add; what does not fit is refused here, before any work is sent out."""
    if settings.text not in schema.names:
        raise UsageError(f"text column {settings.text!r}: not there; the columns: {', '.join(schema.names)}")
    if not isinstance(schema[settings.text].dataType, StringType):
        kind = schema[settings.text].dataType.simpleString()
        raise UsageError(f"text column {settings.text!r} is {kind}, not string: cast it, or name another")
    cleaned = StructType(list(schema.fields))
    for name, kind in ((settings.removed_share, DoubleType()), (settings.removed_text, StringType())):
        if name is None:
            continue
        if name in schema.names:
            raise UsageError(f"column {name!r} to add is there already: give another name")
        cleaned.add(name, kind)
    return cleaned
