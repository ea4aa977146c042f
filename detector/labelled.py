"""Reads and writes labelled documents in any format.

import detector.labelled

documents = list(detector.labelled.read("export.json", mapping={"spam": "appeal"}))
detector.labelled.write(documents, "labels.jsonl")
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from detector.annotations.base import FIELDS, AnnotationFormat
from detector.annotations.names import known
from detector.annotations.reading import Annotators, Counts, Reading, Rejected, Unit, parse_map
from detector.annotations.registry import NAMES, annotation_format, files_of, format_to_write
from detector.annotations.source import Source
from detector.errors import DataError, UsageError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

__all__ = [
    "Counts",
    "LabelledDocument",
    "LabelledParagraph",
    "Rejected",
    "Written",
    "formats",
    "parse_map",
    "read",
    "write",
]


@dataclass
class Written:
    """What was written: the name of the format, documents, and how many of them lost which field."""

    format: str
    documents: int = 0
    lost: Counter[str] = field(default_factory=Counter)


def formats() -> tuple[str, ...]:
    """The names of all formats."""
    return tuple(sorted(NAMES))


def read(
    paths: str | Path | Iterable[str | Path],
    format: str | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    any_labels: bool = False,
    unlabelled: str | None = None,
    annotators: Annotators = "majority",
    offsets: Unit | None = None,
    text_field: str | None = None,
    rejected: Callable[[Rejected], None] | None = None,
    counts: Counts | None = None,
) -> Iterator[LabelledDocument]:
    """Read labelled documents from files and folders, lazily and in order.

    Each file is read in the named ``format``, else in the one that its content shows. A file may be compressed, as its
    extension says; the path ``-`` is standard input. Labels are those of the label guide, and its kinds; ``mapping``
    maps other names to them, or to an empty name for no label. With ``any_labels``, other names are labels as they are.
    Text that no span covers has no label, or the one that ``unlabelled`` names. ``annotators`` says what becomes of a
    text that several people labelled: the ``majority`` for each paragraph, the ``first``, or a document for ``each``.
    ``offsets`` says what offsets count, if not what the format's own tool counts; ``text_field`` names the field or
    column of the text where a format leaves that open. ``rejected`` takes records that cannot be read, and ``counts``
    are added to as documents are read.

    Raises `DataError`, with file and line, for a record that cannot be read, unless ``rejected`` takes it; for unknown
    labels, which it lists, when all is read; and if there are no documents. Raises `UsageError` for a path that does
    not exist, for an unknown format, and for other values than these.
    """
    given: list[str | Path] = [paths] if isinstance(paths, str | Path) else list(paths)
    for name in (unlabelled, *(mapping or {}).values()) if not any_labels else ():
        _check_label(name)
    _check_choice("annotators", annotators, get_args(Annotators))
    _check_choice("offsets", offsets, (None, *get_args(Unit)))
    chosen = annotation_format(format) if format else None
    reading = Reading(
        mapping or {}, any_labels, unlabelled, annotators, offsets, text_field, rejected, counts or Counts()
    )
    return _documents([Path(path) for path in given], chosen, reading)


def write(documents: Iterable[LabelledDocument], path: str | Path, format: str | None = None) -> Written:
    """Write labelled documents in the named ``format``, else in the one that the extension of ``path`` asks for.

    A file appears when it is complete; it is compressed as its extension says. The path ``-`` is standard output.
    Raises `UsageError` if no format is asked for, `DataError` for a document that the format cannot hold, and
    `OutputError` if the output cannot be written.
    """
    target = Path(path)
    chosen = annotation_format(format) if format else format_to_write(target)
    written = Written(chosen.name)
    chosen.write(_checked(documents, chosen, written), target)
    return written


def _documents(paths: Sequence[Path], chosen: AnnotationFormat | None, reading: Reading) -> Iterator[LabelledDocument]:
    counts = reading.counts
    found = False
    for source, reader in ((source, reader) for path in paths for source, reader in files_of(Source(path), chosen)):
        for document in reader.read(source, reading):
            found = True
            counts.documents += 1
            counts.paragraphs += len(document.paragraphs)
            counts.unlabelled += sum(each.label is None for each in document.paragraphs)
            if not reading.unknown:
                yield document
    reading.check()
    if paths and not found and not counts.rejected and not counts.left_out:
        raise DataError(f"{', '.join(map(str, paths[:3]))}: no documents")


def _check_label(name: str | None) -> None:
    if name and not known(name):
        raise UsageError(f"{name}: no label or kind of the label guide; with --any-labels, any label will do")


def _check_choice(name: str, given: object, choices: tuple[object, ...]) -> None:
    if given not in choices:
        raise UsageError(f"{name}={given!r}: choose one of {', '.join(map(repr, choices))}")


def _checked(
    documents: Iterable[LabelledDocument], chosen: AnnotationFormat, written: Written
) -> Iterator[LabelledDocument]:
    """Count the documents that are written, and what they lose. Raises `DataError` for what is no paragraph."""
    for document in documents:
        for number, each in enumerate(document.paragraphs, 1):
            if not each.text.strip() or "\n" in each.text or "\r" in each.text:
                raise DataError(
                    f'document "{document.id[:40]}": paragraph {number} is blank, or has a line break; a paragraph is '
                    "one line"
                )
        written.documents += 1
        written.lost.update(name for name in FIELDS - chosen.holds if _has(document, name))
        yield document


def _has(document: LabelledDocument, name: str) -> bool:
    if name in ("kind", "by"):
        return any(getattr(each, name) is not None for each in document.paragraphs)
    value = getattr(document, name)
    return value is not None and (name != "site" or value != document.id)
