"""Texts, documents and labels as an estimator gets them, in sequences: checked, and as labelled documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from detector.errors import UsageError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.text.paragraphs import split

Document: TypeAlias = str | Sequence[str]
Labels: TypeAlias = Sequence[str | None]


def given_texts(texts: Iterable[str]) -> list[str]:
    """The texts as a list. Raises `UsageError`, with the position, for one that is missing or no string."""
    rows = _rows(texts, "texts")
    for row, text in enumerate(rows):
        if not isinstance(text, str):
            raise UsageError(f"the text at position {row} (from 0) {_is_no_text(text)}")
    return rows


def document_texts(documents: Iterable[Document]) -> list[str]:
    """The documents as texts: sequences of paragraphs become lines.

    Raises `UsageError`, with the position, for what is neither, and for a paragraph that is blank or no single line.
    """
    return [
        document if isinstance(document, str) else _joined(document, f"the document at position {row} (from 0)")
        for row, document in enumerate(_rows(documents, "documents"))
    ]


def labelled_documents(documents: Iterable[Document], labels: object, groups: object) -> list[LabelledDocument]:
    """Labelled documents; ``groups`` are their sites, without which each text is a site of its own.

    Their ids come from their texts, so that a fit does not depend on their order. Raises `UsageError` for lengths that
    differ, and, with the position, for what is no document, label or site.
    """
    texts, label_rows = document_texts(documents), _rows(labels, "labels")
    names = [_name(text) for text in texts]
    sites = names if groups is None else [_site(group, row) for row, group in enumerate(_rows(groups, "groups"))]
    if not len(texts) == len(label_rows) == len(sites):
        given = f"{len(texts)} documents, {len(label_rows)} rows of labels and {len(sites)} groups"
        raise UsageError(f"{given}: give one of each for every document")
    return [
        LabelledDocument(name, site, None, None, None, _paragraphs(text, given, f"labels at position {row} (from 0)"))
        for row, (name, site, text, given) in enumerate(zip(names, sites, texts, label_rows, strict=True))
    ]


def _name(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _site(group: object, row: int) -> str:
    if _is_missing(group):
        raise UsageError(f"groups at position {row} (from 0): the site is missing ({group})")
    return str(group)


def _paragraphs(text: str, labels: object, where: str) -> tuple[LabelledParagraph, ...]:
    """The paragraphs of a text with their labels. Raises `UsageError` where they do not fit together."""
    batch = split([text])
    spans = zip(batch.char_start.tolist(), batch.char_end.tolist(), strict=True)
    if isinstance(labels, str | bytes | Mapping) or not isinstance(labels, Iterable):
        raise UsageError(f"{where}: give the labels of a document as a sequence, not as a {type(labels).__name__}")
    given = [None if _is_missing(label) else label for label in labels]
    if len(given) != len(batch):
        raise UsageError(f"{where}: {len(given)} labels for {len(batch)} paragraphs; a paragraph is a line with text")
    others = [label for label in given if not isinstance(label, str | None)]
    if others:
        raise UsageError(f"{where}: a label is a str or, where it is unknown, None, not {others[0]!r:.40}")
    return tuple(
        LabelledParagraph(text[start:end], None if label is None else str(label))
        for (start, end), label in zip(spans, given, strict=True)
    )


def _rows(values: object, what: str) -> list[Any]:
    """The entries of an input of one dimension. Raises `UsageError` for anything else."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise UsageError(f"{what} are a list, an array or another iterable of them, not a {type(values).__name__}")
    shape = getattr(values, "shape", (0,))
    if len(shape) != 1:
        raise UsageError(f"{what} have one dimension, not the shape {shape}: give one column, such as frame['text']")
    return list(values)


def _is_no_text(value: object) -> str:
    if _is_missing(value):
        return f"is missing ({value}): fill in or leave out what is missing"
    return f"is a {type(value).__name__}: a text is a str"


def _is_missing(value: object) -> bool:
    is_nan = isinstance(value, float) and value != value  # noqa: PLR0124
    return value is None or is_nan or type(value).__name__ in ("NAType", "NaTType")


def _joined(paragraphs: object, where: str) -> str:
    if isinstance(paragraphs, bytes | Mapping) or not isinstance(paragraphs, Iterable):
        raise UsageError(f"{where} {_is_no_text(paragraphs)}, or a sequence of paragraphs")
    lines = list(paragraphs)
    for number, line in enumerate(lines):
        if not isinstance(line, str):
            raise UsageError(f"{where}: paragraph {number} {_is_no_text(line)}")
        if not line.strip() or "\n" in line or "\r" in line:
            raise UsageError(f"{where}: paragraph {number} is blank or has a line break: a paragraph is one line")
    return "\n".join(lines)
