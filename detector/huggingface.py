"""Cleaning of Hugging Face data sets.

>>> from datasets import load_dataset
>>> from detector.arrow import Settings
>>> from detector.huggingface import Clean
>>> articles = load_dataset("json", data_files="articles.jsonl", split="train")
>>> articles.map(Clean(Settings(threshold="gentle")), batched=True)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import detector
from detector.cleaner import Cleaned
from detector.errors import UsageError
from detector.util.libraries import load_library

load_library("datasets", "detector.huggingface", "datasets")  # it brings pyarrow

import pyarrow as pa  # noqa: E402

from detector.arrow import Settings, check_new_columns, given_settings  # noqa: E402

_OF_MODEL = 4  # of what a function is made of, the first values: the version, the model, the encoder and its effort


class Clean:
    """A function for ``Dataset.map(…, batched=True)`` that cleans the texts of a batch, also of a streamed data set.

    ``settings.text`` is the column to clean, or a field in it (``article.body``); its clean texts replace the given
    ones. ``settings.removed_share``, ``settings.removed_text`` and ``settings.kept_whole`` are names of columns to add.
    Nulls stay null. Batches are dictionaries, or tables after ``with_format("arrow")``: that is faster, and gives
    columns to add their types even if the first batch holds only nulls.

    `datasets` keeps the results of functions that it has seen. It knows this one by its settings, the digests of the
    model (with the accurate model, also its effort), the phrases and the repeats, and the version of this package.
    Raises `UsageError` and `ModelError` as `detector.load` does; when it is called, `UsageError` for columns as
    `detector.arrow.clean_batch` does, and where the model, the phrases or the repeats are others than before.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = given_settings(settings)
        self.made_of = self._made_of()

    def __call__(self, batch: Mapping[str, Any] | pa.Table) -> dict[str, list[Any]] | pa.Table:
        """Clean a batch. Of a dictionary, the changed and the added columns are returned."""
        if (made_of := self._made_of()) != self.made_of:
            same_model = made_of[:_OF_MODEL] == self.made_of[:_OF_MODEL]
            changed = (
                "file of phrases or repeats" if same_model else f"model {self.settings.model or 'that is shipped'}"
            )
            raise UsageError(f"the {changed} has changed since this function was made: make it again, in a new process")
        if isinstance(batch, pa.Table):
            return self.settings.clean(batch)
        if not isinstance(batch, Mapping):
            raise UsageError(
                f'batches of the type {type(batch).__name__} cannot be cleaned: use with_format("arrow"), or '
                "with_format(None)"
            )
        return self._clean_columns(batch)

    def _made_of(self) -> tuple[str | None, ...]:
        cleaner = self.settings.cleaner
        encoder = (cleaner.encoder.digest, repr(float(cleaner.effort))) if cleaner.encoder else (None, None)
        evidence = (each.digest for each in cleaner.evidence)
        return detector.__version__, cleaner.model.metadata.get("sha256"), *encoder, *evidence

    def _clean_columns(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        settings = self.settings
        added: list[tuple[str | None, Callable[[Cleaned], object]]] = [
            (settings.removed_share, lambda cleaned: cleaned.removed_share),
            (settings.removed_text, lambda cleaned: cleaned.prediction.removed_text()),
            (settings.kept_whole, lambda cleaned: cleaned.kept_whole),
        ]
        check_new_columns(list(batch), [name for name, _ in added if name is not None])
        column, path = _find(batch, settings.text)
        texts = [_text(row, path, settings.text) for row in _rows(batch[column])]
        cleaned = settings.cleaner.clean_many(text for text in texts if text is not None)
        results = [None if text is None else next(cleaned) for text in texts]
        replaced = [_replaced(row, path, result) for row, result in zip(batch[column], results, strict=True)]
        columns = {
            name: [None if result is None else value(result) for result in results]
            for name, value in added
            if name is not None
        }
        return {column: replaced, **columns}


def _find(batch: Mapping[str, Any], text: str) -> tuple[str, Sequence[str]]:
    """The column of the texts, and the names that lead into it."""
    column, *path = [text] if text in batch else text.split(".")
    if column not in batch:
        raise UsageError(f"no column {text!r}; the columns: {', '.join(batch)}; name one: Settings(text=...)")
    return column, path


def _rows(column: Any) -> Iterable[Any]:  # noqa: ANN401
    if isinstance(column, str | Mapping | None) or not isinstance(column, Iterable):
        raise UsageError("one row was given, not a batch: call map with batched=True")
    return column


def _text(row: Any, path: Sequence[str], name: str) -> str | None:  # noqa: ANN401
    for step in path:
        if row is None:
            return None
        if not isinstance(row, Mapping) or step not in row:
            raise UsageError(f"no column {name!r}: a row has no field {step!r}")
        row = row[step]
    if row is not None and not isinstance(row, str):
        raise UsageError(f"column {name!r} holds a {type(row).__name__}, not a text")
    return row


def _replaced(row: Any, path: Sequence[str], result: Cleaned | None) -> Any:  # noqa: ANN401
    if result is None:
        return row
    return {**row, path[0]: _replaced(row[path[0]], path[1:], result)} if path else result.text
