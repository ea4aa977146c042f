"""Cleaning of Arrow tables and record batches, and settings that can be sent to workers.

`detector.ray`, `detector.spark` and `detector.datatrove` use this on the workers of an engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from detector.cleaner import Cleaned, Cleaner
from detector.errors import UsageError
from detector.inference.model import Model
from detector.inference.storage import load_model
from detector.policy import REPORTING_ONLY, Policy, resolve_policy
from detector.text.paragraphs import ParagraphBreak
from detector.util.libraries import missing_library

try:
    import pyarrow as pa
except ImportError as error:
    raise missing_library("pyarrow", "detector.arrow", "parquet") from error

from detector.formats.arrow_text import TEXT_TYPES, from_texts, is_text, to_texts

Batch = TypeVar("Batch", bound=pa.RecordBatch | pa.Table)
_Column: TypeAlias = pa.Array | pa.ChunkedArray
_Value: TypeAlias = Callable[[Cleaned], object]
_Output: TypeAlias = tuple[pa.Field, _Value]  # an output column, and a function that computes its values


@dataclass(frozen=True)
class Settings:
    """The settings of a worker: small and hashable, and pickled to it instead of a cleaner with its model.

    ``model``, ``threshold``, ``policy`` and ``paragraphs`` are as in `detector.load`; every worker needs the folder
    ``model`` at the same path. ``text`` is the column to clean. ``removed_share`` and ``removed_text`` are names of
    columns to add: the share of a text's characters that was removed, from 0 to 1, and the removed text.

    Raises `UsageError` if two of the columns have the same name.
    """

    model: str | os.PathLike[str] | None = None
    threshold: float | str = "balanced"
    policy: Policy | str = REPORTING_ONLY
    paragraphs: ParagraphBreak = "line"
    text: str = "text"
    removed_share: str | None = None
    removed_text: str | None = None

    def __post_init__(self) -> None:
        names = [name for name in (self.text, self.removed_share, self.removed_text) if name is not None]
        if len(set(names)) < len(names):
            raise UsageError(f"columns {', '.join(names)}: give each column its own name")

    @property
    def cleaner(self) -> Cleaner:
        """A cleaner with these settings. Raises the same errors as `detector.load`.

        The last few models are cached per process. So a model that is trained again at the same path is only seen by
        new processes.
        """
        folder = None if self.model is None else os.fspath(self.model)
        return Cleaner(_model(folder), self.threshold, resolve_policy(self.policy), self.paragraphs)

    def clean(self, batch: Batch) -> Batch:
        """Clean the texts of a batch: see `clean_batch`."""
        return clean_batch(batch, self.cleaner, self.text, self.removed_share, self.removed_text)


@lru_cache(maxsize=4)
def _model(folder: str | None) -> Model:
    return load_model(folder)


def clean_batch(
    batch: Batch,
    cleaner: Cleaner,
    text: str = "text",
    removed_share: str | None = None,
    removed_text: str | None = None,
) -> Batch:
    """Clean the texts in one column of a `pyarrow.RecordBatch` or `pyarrow.Table`, and return the new batch.

    The column has one of the types that `detector.formats.arrow_text.is_text` accepts, and keeps its type. Nulls stay
    null, and bytes that are not UTF-8 stay as they are. The rows, the other columns and the metadata of the schema and
    its fields are kept. ``removed_share`` and ``removed_text`` are names of columns to add last, as in `Settings`.

    Raises `UsageError` if the text column is missing or has another type, or if a column to add already exists.
    """
    schema = batch.schema
    index = _text_column(schema, text)
    _check_new_columns(schema, [name for name in (removed_share, removed_text) if name is not None])
    text_field = schema.field(index)
    outputs: list[_Output] = [(text_field, lambda cleaned: cleaned.text)]
    if removed_share is not None:
        outputs.append((pa.field(removed_share, pa.float64()), lambda cleaned: cleaned.removed_share))
    if removed_text is not None:
        outputs.append((pa.field(removed_text, text_field.type), lambda cleaned: cleaned.prediction.removed_text()))
    columns = list(batch.columns)
    columns[index], *added = _clean_column(columns[index], cleaner, outputs)
    fields = [*schema, *(field for field, _ in outputs[1:])]
    cleaned: Batch = type(batch).from_arrays([*columns, *added], schema=pa.schema(fields, metadata=schema.metadata))
    return cleaned


def _text_column(schema: pa.Schema, name: str) -> int:
    """The index of the text column. Raises `UsageError` if it is missing, ambiguous or of another type."""
    index: int = schema.get_field_index(name)  # -1 also if two columns have this name
    if index < 0:
        raise UsageError(f"text column {name!r}: missing, or not unique; the columns: {', '.join(schema.names)}")
    column_type = schema.field(index).type
    if not is_text(column_type):
        raise UsageError(f"text column {name!r} is {column_type}, not {TEXT_TYPES}: cast it, or name another column")
    return index


def _check_new_columns(schema: pa.Schema, names: Sequence[str]) -> None:
    for name in names:
        if name in schema.names:
            raise UsageError(f"column {name!r}, which would be added, already exists: give another name")


def _clean_column(column: _Column, cleaner: Cleaner, outputs: Sequence[_Output]) -> list[_Column]:
    """The output columns for a text column: arrays for an array, chunked arrays for a chunked array."""
    chunked = isinstance(column, pa.ChunkedArray)
    chunks = column.chunks if chunked else [column]
    rows = _rows(chunks, cleaner, [value for _, value in outputs])
    parts = [list(islice(rows, len(chunk))) for chunk in chunks]
    columns = []
    for number, (field, _) in enumerate(outputs):
        arrays = [_array([row[number] for row in part], field.type) for part in parts]
        columns.append(pa.chunked_array(arrays, field.type) if chunked else arrays[0])
    return columns


def _rows(chunks: Sequence[pa.Array], cleaner: Cleaner, values: Sequence[_Value]) -> Iterator[list[Any]]:
    """The output values of each row, None for a null. The texts of all chunks are cleaned together, for speed."""
    texts = [text for chunk in chunks for text in to_texts(chunk)]
    cleaned = cleaner.clean_many(text for text in texts if text is not None)
    for text in texts:
        if text is None:
            yield [None] * len(values)
        else:
            result = next(cleaned)
            yield [value(result) for value in values]


def _array(values: Sequence[Any], column_type: pa.DataType) -> pa.Array:
    return from_texts(values, column_type) if is_text(column_type) else pa.array(values, column_type)
