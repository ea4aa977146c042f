"""Cleaning of Arrow tables, record batches and arrays, and settings that can be sent to workers.

`detector.ray`, `detector.spark` and `detector.datatrove` use this on the workers of an engine, and
`detector.huggingface` in the processes of a data set.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from detector.cleaner import Cleaned, Cleaner
from detector.errors import DataError, UsageError
from detector.evidence.base import Evidence
from detector.evidence.sources import read_evidence
from detector.guard import MAX_REMOVED
from detector.inference.model import Model
from detector.inference.storage import load_model
from detector.loading import Named, load_named
from detector.policy import REPORTING_ONLY, Policy
from detector.text.paragraphs import ParagraphBreak
from detector.util.libraries import missing_library

try:
    import pyarrow as pa
except ImportError as error:
    raise missing_library("pyarrow", "detector.arrow", "parquet") from error

from detector.formats.arrow_text import (
    TEXT_TYPES,
    TextColumn,
    decoded,
    encoded,
    find_text,
    from_blobs,
    is_text,
    to_blobs,
)

_PIECE_BYTES = 1 << 20  # of a column, whose texts are strings at a time

Batch = TypeVar("Batch", bound=pa.RecordBatch | pa.Table)
Array = TypeVar("Array", bound=pa.Array | pa.ChunkedArray)
_Column: TypeAlias = pa.Array | pa.ChunkedArray
_Path: TypeAlias = str | os.PathLike[str]
_Value: TypeAlias = Callable[[Cleaned], object]


@dataclass(frozen=True)
class Settings:
    """The settings of a worker: small and hashable, and pickled to it instead of a cleaner with its model.

    ``model``, ``threshold``, ``policy``, ``paragraphs`` and ``max_removed`` are as in `detector.load`, and so are
    ``effort``, ``phrases`` and ``repeats``, the last two here always paths; every worker needs the folder ``model`` and
    these files at the same paths. ``text`` is the column to clean; a dot leads into a struct (``article.body``), unless
    a column has that name. ``removed_share``, ``removed_text`` and ``kept_whole`` are names of columns to add: the
    share of a text's characters that was removed, from 0 to 1, the removed text, and whether the guard kept the text
    whole.

    Raises `UsageError` if two of the columns have the same name.
    """

    model: Named = None
    threshold: float | str = "balanced"
    policy: Policy | str = REPORTING_ONLY
    paragraphs: ParagraphBreak = "line"
    text: str = "text"
    removed_share: str | None = None
    removed_text: str | None = None
    max_removed: float = MAX_REMOVED
    kept_whole: str | None = None
    phrases: _Path | None = None
    repeats: _Path | Sequence[_Path] | None = None
    effort: float | None = None

    def __post_init__(self) -> None:
        given = (self.text, self.removed_share, self.removed_text, self.kept_whole)
        names = [name for name in given if name is not None]
        if len(set(names)) < len(names):
            raise UsageError(f"columns {', '.join(names)}: give each column its own name")
        if isinstance(self.repeats, list):
            object.__setattr__(self, "repeats", tuple(self.repeats))  # so that settings have a hash

    @property
    def cleaner(self) -> Cleaner:
        """A cleaner with these settings. Raises the same errors as `detector.load`.

        The last few models, phrases and repeats are cached per process. So a file that has changed at the same path is
        only seen by new processes.
        """
        loaded = load_named(self.model, self.effort, _load)
        evidence = _evidence(None if self.phrases is None else os.fspath(self.phrases), _paths(self.repeats))
        return loaded.cleaner(self.threshold, self.policy, self.paragraphs, self.max_removed, evidence)

    def clean(self, batch: Batch) -> Batch:
        """Clean the texts of a batch: see `clean_batch`."""
        return clean_batch(batch, self.cleaner, self.text, self.removed_share, self.removed_text, self.kept_whole)


def given_settings(settings: Settings | None) -> Settings:
    """The settings, or the default ones for None. Raises `UsageError` for anything else."""
    if settings is None:
        return Settings()
    if not isinstance(settings, Settings):
        raise UsageError(f"settings is a {type(settings).__name__}: give detector.arrow.Settings")
    return settings


def _load(model: Named) -> Model:
    return _model(None if model is None else os.fspath(model))


@lru_cache(maxsize=4)
def _model(folder: str | None) -> Model:
    return load_model(folder)


@lru_cache(maxsize=4)
def _evidence(phrases: str | None, repeats: tuple[str, ...]) -> tuple[Evidence, ...]:
    return read_evidence(phrases, repeats or None)


def _paths(given: _Path | Sequence[_Path] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    return tuple(os.fspath(path) for path in ((given,) if isinstance(given, str | os.PathLike) else given))


def clean_batch(
    batch: Batch,
    cleaner: Cleaner,
    text: str = "text",
    removed_share: str | None = None,
    removed_text: str | None = None,
    kept_whole: str | None = None,
) -> Batch:
    """Clean the texts in one column of a `pyarrow.RecordBatch` or `pyarrow.Table`, and return the new batch.

    ``text`` names the column as in `Settings`. It has one of the types that `detector.formats.arrow_text.is_text`
    accepts, and keeps its type. Nulls stay null, and bytes that are not UTF-8 stay as they are. The rows, the other
    columns and the metadata of the schema and its fields are kept. ``removed_share``, ``removed_text`` and
    ``kept_whole`` are names of columns to add last, as in `Settings`.

    Raises `UsageError` if the text column is missing or has another type, or if a column to add already exists.
    """
    schema = batch.schema
    found = text_column(schema, text)
    check_new_columns(schema.names, [name for name in (removed_share, removed_text, kept_whole) if name is not None])
    outputs = [_Output(text, found.type, lambda cleaned: cleaned.text)]
    if removed_share is not None:
        outputs.append(_Output(removed_share, pa.float64(), lambda cleaned: cleaned.removed_share))
    if removed_text is not None:
        outputs.append(_Output(removed_text, found.type, lambda cleaned: cleaned.prediction.removed_text()))
    if kept_whole is not None:
        outputs.append(_Output(kept_whole, pa.bool_(), lambda cleaned: cleaned.kept_whole))
    columns = list(batch.columns)
    columns[found.index], *added = _clean_column(columns[found.index], found, cleaner, outputs)
    fields = [*schema, *(pa.field(output.name, output.type) for output in outputs[1:])]
    cleaned: Batch = type(batch).from_arrays([*columns, *added], schema=pa.schema(fields, metadata=schema.metadata))
    return cleaned


def clean_array(texts: Array, cleaner: Cleaner) -> Array:
    """Clean the texts of a `pyarrow.Array` or `pyarrow.ChunkedArray`, and return the new one, of the same type.

    Nulls stay null. It makes a function for DuckDB: ``connection.create_function("clean_text", lambda texts:
    clean_array(texts, cleaner), ["VARCHAR"], "VARCHAR", type="arrow")``. Raises `UsageError` for an array of another
    type than `clean_batch` takes.
    """
    if not is_text(texts.type):
        raise UsageError(f"an array of {texts.type}, not of {TEXT_TYPES}")
    output = _Output("", texts.type, lambda cleaned: cleaned.text)
    cleaned: Array = _clean_column(texts, TextColumn(0, (), texts.type), cleaner, [output])[0]
    return cleaned


def text_column(schema: pa.Schema, name: str) -> TextColumn:
    """Where the texts are. Raises `UsageError` if the column is missing, ambiguous or of another type."""
    try:
        return find_text(schema, name)
    except DataError as error:
        raise UsageError(f"{error}; name the column of the texts: Settings(text=...)") from None


def check_new_columns(columns: Sequence[str], names: Sequence[str]) -> None:
    """Raise `UsageError` if a column to add already exists."""
    for name in names:
        if name in columns:
            raise UsageError(f"column {name!r}, which would be added, already exists: give another name")


@dataclass(frozen=True, slots=True)
class _Output:
    """A column of results: its name and type, and the value of a row."""

    name: str
    type: pa.DataType
    value: Callable[[Cleaned], object]

    def piece(self, values: Sequence[Any]) -> pa.Array:
        """Some of the values as an array: of texts as bytes, which can be joined whatever the type."""
        return encoded(values) if self._is_text else pa.array(values, self.type)

    def joined(self, pieces: Sequence[pa.Array]) -> pa.Array:
        """The pieces as one array of the type."""
        array = pa.concat_arrays(pieces or [self.piece([])])
        return from_blobs(array, self.type) if self._is_text else array

    @property
    def _is_text(self) -> bool:
        return not (pa.types.is_floating(self.type) or pa.types.is_boolean(self.type))


def _clean_column(column: _Column, found: TextColumn, cleaner: Cleaner, outputs: Sequence[_Output]) -> list[_Column]:
    """The output columns for a column with texts: arrays for an array, chunked arrays for a chunked array."""
    chunked = isinstance(column, pa.ChunkedArray)
    chunks = column.chunks if chunked else [column]
    blobs = [to_blobs(found.texts(chunk)) for chunk in chunks]
    rows = _rows(blobs, cleaner, [output.value for output in outputs])
    results = []
    for chunk, chunk_blobs in zip(chunks, blobs, strict=True):
        texts, *others = _output_arrays(rows, chunk_blobs, outputs)
        results.append([found.replaced(chunk, texts), *others])
    if not chunked:
        return results[0]
    kinds = [column.type, *(output.type for output in outputs[1:])]
    return [pa.chunked_array([result[number] for result in results], kind) for number, kind in enumerate(kinds)]


def _output_arrays(rows: Iterator[list[Any]], blobs: pa.Array, outputs: Sequence[_Output]) -> list[pa.Array]:
    """The arrays of the next rows, as many as there are blobs. Only a piece of them is held as strings at a time."""
    pieces: list[list[pa.Array]] = [[] for _ in outputs]
    for piece in _pieces(blobs):
        values = list(islice(rows, len(piece)))
        for number, output in enumerate(outputs):
            pieces[number].append(output.piece([row[number] for row in values]))
    return [output.joined(parts) for output, parts in zip(outputs, pieces, strict=True)]


def _rows(chunks: Sequence[pa.Array], cleaner: Cleaner, values: Sequence[_Value]) -> Iterator[list[Any]]:
    """The output values of each row, None for a null. The texts of all chunks are cleaned together, for speed."""
    nulls: deque[bool] = deque()  # of the rows that were read and are not yet returned: whether the text is null
    null = [None] * len(values)
    for cleaned in cleaner.clean_many(_texts(chunks, nulls)):
        while nulls.popleft():
            yield null
        yield [value(cleaned) for value in values]
    yield from (null for _ in nulls)


def _texts(chunks: Sequence[pa.Array], nulls: deque[bool]) -> Iterator[str]:
    """The texts that are not null, read when they are needed. ``nulls`` receives for every row whether it is null."""
    for chunk in chunks:
        for piece in _pieces(chunk):
            for text in decoded(piece):
                nulls.append(text is None)
                if text is not None:
                    yield text


def _pieces(blobs: pa.Array) -> Iterator[pa.Array]:
    """Slices of about `_PIECE_BYTES`."""
    rows = max(1, len(blobs) * _PIECE_BYTES // max(blobs.nbytes, 1))
    return (blobs.slice(start, rows) for start in range(0, len(blobs), rows))
