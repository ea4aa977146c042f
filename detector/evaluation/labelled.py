"""Labelled documents, read from JSON Lines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.errors import DataError
from detector.formats.compression import compression_of, unpacking, without_compression


@dataclass(frozen=True, slots=True)
class LabelledParagraph:
    """One paragraph: its text, and what is known of it. ``by`` says who labelled it."""

    text: str
    label: str | None
    kind: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """One document. Documents of one ``site`` are never split between what is trained on and what is measured on."""

    id: str
    site: str
    origin: str | None
    lang: str | None
    gold: str | None
    paragraphs: tuple[LabelledParagraph, ...]

    @property
    def text(self) -> str:
        """The paragraphs as one text, a line each."""
        return "\n".join(paragraph.text for paragraph in self.paragraphs)


def read_documents(paths: Iterable[str | Path]) -> Iterator[LabelledDocument]:
    """Read labelled documents from JSON Lines files, compressed or not by their ending; a folder stands for its files.

    Raises `DataError`, with file and line, at the first record that is not a labelled document.
    """
    for path in _files(paths):
        try:
            with open(path, "rb") as file:
                lines = io.TextIOWrapper(unpacking(file, compression_of(path)), encoding="utf-8")
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield _parse(line, f"{path}:{number}")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: cannot be read as JSON Lines in UTF-8 ({error})") from error


def _files(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        inside = sorted(f for f in path.rglob("*") if without_compression(f).suffix == ".jsonl")
        if not inside:
            raise DataError(f"{path}: the folder holds no .jsonl file, compressed or not")
        yield from inside


def _parse(line: str, where: str) -> LabelledDocument:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON ({error}); each line is one document") from error
    if not isinstance(record, dict):
        raise DataError(f"{where}: a document is a JSON object, this is a {type(record).__name__}")
    name = _text(record, "id", where)
    if name is None:
        raise DataError(f'{where}: the document has no "id"')
    paragraphs = record.get("paragraphs")
    if not isinstance(paragraphs, list):
        raise DataError(f'{where}: "paragraphs" is missing or no list; see the README for the format')
    return LabelledDocument(
        id=name,
        site=_text(record, "site", where) or name,
        origin=_text(record, "origin", where),
        lang=_text(record, "lang", where),
        gold=_text(record, "gold", where),
        paragraphs=tuple(_paragraph(p, f"{where}: paragraph {n}") for n, p in enumerate(paragraphs, 1)),
    )


def _paragraph(record: object, where: str) -> LabelledParagraph:
    if not isinstance(record, dict):
        raise DataError(f"{where}: a paragraph is a JSON object, this is a {type(record).__name__}")
    text = _text(record, "text", where)
    if text is None or not text.strip():
        raise DataError(f'{where}: "text" is missing or blank')
    if "\n" in text or "\r" in text:
        raise DataError(f'{where}: "text" holds a line break; a paragraph is one line')
    return LabelledParagraph(text, *(_text(record, field, where) for field in ("label", "kind", "by")))


def _text(record: dict[str, Any], field: str, where: str) -> str | None:
    value = record.get(field)
    if value is None or isinstance(value, str):
        return value
    raise DataError(f'{where}: "{field}" is {value!r}, not a text')
