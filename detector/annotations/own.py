"""Our own format: JSON Lines, as the label guide describes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from detector.annotations.base import FIELDS
from detector.annotations.fields import META, count_others
from detector.annotations.json_records import first_object, records
from detector.annotations.reading import Reading
from detector.annotations.source import Source
from detector.annotations.writing import writing
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, parse_document
from detector.util.json_lines import json_line


class OwnFormat:
    """One document per line, each with its list of paragraphs."""

    name = "jsonl"
    extensions = (".jsonl", ".ndjson")
    holds = FIELDS

    def recognises(self, source: Source) -> bool:
        """Whether the first record has a list of paragraphs."""
        return isinstance(first_object(source).get("paragraphs"), list)

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read one document per record."""
        for value, where, _ in records(source, reading):
            with reading.record(where, value):
                document = parse_document(value, where)
                count_others(value, ("id", "paragraphs", *META), reading)  # type: ignore[arg-type]
                paragraphs = enumerate(document.paragraphs, 1)
                yield replace(
                    document,
                    paragraphs=tuple(_mapped(each, f"{where}: paragraph {n}", reading) for n, each in paragraphs),
                )

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write one line per document."""
        with writing(path) as stream:
            for document in documents:
                stream.write(json_line(as_record(document)))


def as_record(document: LabelledDocument) -> dict[str, Any]:
    """A document as a record of our JSON Lines; fields that are None are left out."""
    paragraphs = [
        {"text": each.text, **_without_none(label=each.label, kind=each.kind, by=each.by)}
        for each in document.paragraphs
    ]
    fields = {name: getattr(document, name) for name in META}
    return {"id": document.id, **_without_none(**fields), "paragraphs": paragraphs}


def _without_none(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _mapped(paragraph: LabelledParagraph, where: str, reading: Reading) -> LabelledParagraph:
    if paragraph.label is None:
        return paragraph
    label = reading.own_label(paragraph.label, where, paragraph.kind)
    return replace(paragraph, label=label and label.label, kind=label and label.kind)


OWN = OwnFormat()
