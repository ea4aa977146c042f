"""Labelled documents, and reading them from JSON Lines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.errors import DataError, UsageError
from detector.formats.compression import compression_of, decompressing
from detector.formats.registry import format_by_extension

READ = "read"  # the source of a label that a reader gave
AUTOMATIC = ("gold", "auto")  # the sources of labels that no reader gave


@dataclass(frozen=True, slots=True)
class LabelledParagraph:
    """A paragraph with its label and kind, each None where unknown. ``by`` is the source of the label.

    Any source but those in `AUTOMATIC` is a reader: ``read``, None, or the name of an annotator. A reader is a person
    or a language model who read the paragraph in its context by the rules of a label guide.
    """

    text: str
    label: str | None
    kind: str | None = None
    by: str | None = None

    @property
    def by_reader(self) -> bool:
        """Whether the label, if there is one, was given by a reader."""
        return self.by not in AUTOMATIC


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """A document as labelled paragraphs.

    Cross-validation never splits the documents of one ``site`` between training and evaluation. ``origin`` says how the
    text was made: ``page`` for a whole page, else, for instance, the name of an extractor. ``lang`` is the language,
    ``gold`` the text of the article alone.
    """

    id: str
    site: str
    origin: str | None
    lang: str | None
    gold: str | None
    paragraphs: tuple[LabelledParagraph, ...]

    @property
    def text(self) -> str:
        """The paragraphs as one text, one line per paragraph."""
        return "\n".join(paragraph.text for paragraph in self.paragraphs)


def read_documents(paths: Iterable[str | Path]) -> Iterator[LabelledDocument]:
    """Read labelled documents from files of JSON Lines, lazily.

    A file may be compressed, as its extension says. For a folder, all its JSON Lines files are read, sorted by path.
    Raises `DataError`, with file and line, at the first record that is not a labelled document, and in the end if there
    are no documents at all; `UsageError` for a path that does not exist.
    """
    paths, found = list(paths), False
    for path in _files(paths):
        try:
            with open(path, "rb") as file:
                lines = io.TextIOWrapper(decompressing(file, compression_of(path)), encoding="utf-8")
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        found = True
                        yield _parse(line, f"{path}:{number}")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: cannot be read as JSON Lines in UTF-8 ({error})") from error
    if paths and not found:
        raise DataError(f"{', '.join(map(str, paths[:3]))}: no documents; each line must be one labelled document")


def _files(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
        if not path.is_dir():
            yield path
            continue
        inside = sorted(f for f in path.rglob("*") if format_by_extension(f) == "jsonl")
        if not inside:
            raise DataError(f"{path}: the folder contains no .jsonl or .ndjson file, compressed or not")
        yield from inside


def _parse(line: str, where: str) -> LabelledDocument:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON ({error}); each line must be one document") from error
    return parse_document(record, where)


def parse_document(record: object, where: str) -> LabelledDocument:
    """A document from a record of our JSON Lines; ``where`` is its place, for errors. Raises `DataError`."""
    if not isinstance(record, dict):
        raise DataError(f"{where}: a document must be a JSON object, not a {type(record).__name__}")
    name = optional_text(record, "id", where)
    if name is None:
        raise DataError(f'{where}: the document has no "id"')
    paragraphs = record.get("paragraphs")
    if not isinstance(paragraphs, list):
        raise DataError(
            f'{where}: "paragraphs" is missing or not a list; a document has the form '
            '{"id": …, "paragraphs": [{"text": …, "label": …}, …]}'
        )
    parsed = (_paragraph(p, f"{where}: paragraph {n}") for n, p in enumerate(paragraphs, 1))
    return document_with(record, where, name, parsed)


def document_with(
    record: dict[str, Any], where: str, name: str, paragraphs: Iterable[LabelledParagraph]
) -> LabelledDocument:
    """A document with the other fields of a record. Without one, its site is its id. Raises `DataError`."""
    return LabelledDocument(
        id=name,
        site=optional_text(record, "site", where) or name,
        origin=optional_text(record, "origin", where),
        lang=optional_text(record, "lang", where),
        gold=optional_text(record, "gold", where),
        paragraphs=tuple(paragraphs),
    )


def _paragraph(record: object, where: str) -> LabelledParagraph:
    if not isinstance(record, dict):
        raise DataError(f"{where}: a paragraph must be a JSON object, not a {type(record).__name__}")
    text = optional_text(record, "text", where)
    if text is None or not text.strip():
        raise DataError(f'{where}: "text" is missing or blank')
    if "\n" in text or "\r" in text:
        raise DataError(f'{where}: "text" contains a line break; a paragraph must be one line')
    return LabelledParagraph(text, *(optional_text(record, field, where) for field in ("label", "kind", "by")))


def optional_text(record: dict[str, Any], field: str, where: str) -> str | None:
    """The text in a field, None where it is missing or null. Raises `DataError` for any other type."""
    value = record.get(field)
    if value is None or isinstance(value, str):
        return value
    raise DataError(f'{where}: "{field}" is {repr(value)[:40]}, not a string')
