"""Cleaning Arrow batches, and the settings with which a worker of an engine does it.

`detector.ray`, `detector.spark` and `detector.datatrove` put this on an engine.
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
from detector.policy import REPORTING_ONLY, Policy
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
_Output: TypeAlias = tuple[pa.Field, _Value]  # a column to make, and its value in a row


@dataclass(frozen=True)
class Settings:
    """How a worker cleans: small, hashable and pickled to it in place of a model.

    ``model``, ``threshold``, ``policy`` and ``paragraphs`` are those of `detector.load`; the folder ``model`` has to be
    found under this path by every worker. ``text`` is the column to clean. ``removed_share`` and ``removed_text`` name
    columns to add: the share of a text's characters that was taken out, from 0 to 1, and what that was.

    Raises `UsageError` where two columns have the same name.
    """

    model: str | os.PathLike[str] | None = None
    threshold: float | str = "balanced"
    policy: Policy = REPORTING_ONLY
    paragraphs: ParagraphBreak = "line"
    text: str = "text"
    removed_share: str | None = None
    removed_text: str | None = None

    def __post_init__(self) -> None:
        names = [name for name in (self.text, self.removed_share, self.removed_text) if name is not None]
        if len(set(names)) < len(names):
            raise UsageError(f"columns {', '.join(names)}: give each a name of its own")

    @property
    def cleaner(self) -> Cleaner:
        """The cleaner of these settings.

        A model is loaded once a process, whatever asks for it, and stays as long as the process: a model that is
        trained anew under the same path is seen by new processes only. Raises what `detector.load` raises.
        """
        folder = None if self.model is None else os.fspath(self.model)
        return Cleaner(_model(folder), self.threshold, self.policy, self.paragraphs)

    def clean(self, batch: Batch) -> Batch:
        """The batch with its texts cleaned: see `clean_batch`."""
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
    """A `pyarrow.RecordBatch` or `pyarrow.Table` with the texts of one column cleaned.

    The column has one of the types that `detector.formats.arrow_text.is_text` accepts, and keeps it. Nulls stay null,
    and bytes that are not UTF-8 stay as they are. Rows, the other columns and the metadata of schema and fields are kept. ``removed_share``
    and ``removed_text`` name columns to add at the end, as in `Settings`.

    Raises `UsageError` for a column that is missing or holds no text, and for one to add that is there already.
    """
    schema = batch.schema
    place = _text_place(schema, text)
    _check_new(schema, [name for name in (removed_share, removed_text) if name is not None])
    outputs: list[_Output] = [(schema.field(place), lambda cleaned: cleaned.text)]
    if removed_share is not None:
        outputs.append((pa.field(removed_share, pa.float64()), lambda cleaned: cleaned.removed_share))
    if removed_text is not None:
        outputs.append(
            (pa.field(removed_text, schema.field(place).type), lambda cleaned: cleaned.prediction.removed_text())
        )
    columns = list(batch.columns)
    columns[place], *added = _clean_column(columns[place], cleaner, outputs)
    fields = [*schema, *(field for field, _ in outputs[1:])]
    cleaned: Batch = type(batch).from_arrays([*columns, *added], schema=pa.schema(fields, metadata=schema.metadata))
    return cleaned


def _text_place(schema: pa.Schema, name: str) -> int:
    place: int = schema.get_field_index(name)  # -1 for a name that two columns have, too
    if place < 0:
        raise UsageError(f"text column {name!r}: not there, or there twice; the columns: {', '.join(schema.names)}")
    kind = schema.field(place).type
    if not is_text(kind):
        raise UsageError(f"text column {name!r} is {kind}, not {TEXT_TYPES}: cast it, or name another")
    return place


def _check_new(schema: pa.Schema, names: Sequence[str]) -> None:
    for name in names:
        if name in schema.names:
            raise UsageError(f"column {name!r} to add is there already: give another name")


def _clean_column(column: _Column, cleaner: Cleaner, outputs: Sequence[_Output]) -> list[_Column]:
    """The columns of ``outputs``, arrays or chunked arrays as ``column`` is."""
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
    """What each text gives, in order; the texts of all chunks are judged together."""
    texts = [text for chunk in chunks for text in to_texts(chunk)]
    cleaned = cleaner.clean_many(text for text in texts if text is not None)
    for text in texts:
        if text is None:
            yield [None] * len(values)
        else:
            result = next(cleaned)
            yield [value(result) for value in values]


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    return from_texts(values, kind) if is_text(kind) else pa.array(values, kind)
