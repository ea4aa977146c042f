"""Labelled documents with the places where they were found."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.annotations.own import OWN, as_record
from detector.annotations.reading import Reading
from detector.annotations.registry import annotation_format, files_of
from detector.annotations.source import Source
from detector.errors import DataError
from detector.evaluation.label_checks import Located
from detector.evaluation.labelled import LabelledDocument


@dataclass
class _Watching(Reading):
    """A reading that knows the record which is being read."""

    where: str = ""
    raw: object = None

    @contextlib.contextmanager
    def record(self, where: str, raw: object) -> Iterator[None]:
        """As in `Reading`."""
        self.where, self.raw = where, raw
        with super().record(where, raw):
            yield


def read_located(
    paths: Iterable[str | Path],
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    **settings: Any,  # noqa: ANN401 - those of a `Reading`
) -> Iterator[Located]:
    """Read labelled documents, each with its place, in any format, lazily and in order.

    The arguments are those of `detector.labelled.read`, and so are the errors.
    """
    places, found = [Path(path) for path in paths], False
    chosen = annotation_format(format) if format else None
    reading = _Watching(mapping or {}, **settings)
    for path in places:
        for source, reader in files_of(Source(path), chosen):
            reading.where = str(source.path)
            for document in reader.read(source, reading):
                found = True
                yield Located(document, reading.where, _record(document, reading) if reader is OWN else None)
    reading.check()
    if not found:
        raise DataError(f"{', '.join(map(str, places[:3]))}: no documents")


def _record(document: LabelledDocument, reading: _Watching) -> dict[str, Any] | None:
    """The record that a document was read from, with all fields; the labels of its paragraphs as they were mapped."""
    if not isinstance(reading.raw, dict):
        return None
    if not reading.mapping:
        return reading.raw
    pairs = zip(reading.raw["paragraphs"], as_record(document)["paragraphs"], strict=True)
    paragraphs = [
        {**{name: value for name, value in given.items() if name not in ("label", "kind")}, **mapped}
        for given, mapped in pairs
    ]
    return {**reading.raw, "paragraphs": paragraphs}
