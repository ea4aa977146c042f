"""The JSON Lines of doccano 1.8, and its JSON: projects of sequence labelling and of text classification.

doccano counts UTF-16 code units, as JavaScript does, unless a project counts grapheme clusters; and it guesses the
encoding of what it imports, so that what is written for it is ASCII.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from detector.annotations.fields import (
    META,
    Object,
    an_object,
    count_others,
    document_of,
    list_of,
    required_text,
    shown,
    whole_number,
)
from detector.annotations.json_records import first_object, records
from detector.annotations.reading import Reading
from detector.annotations.source import Source
from detector.annotations.spans import Offsets, Span, Stretch, checked, labelled_paragraphs, named_spans
from detector.annotations.writing import writing
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument

_TEXT = ("text", "data")  # data is of doccano before 1.5
_LABELS = ("label", "labels", "entities")
_KNOWN = (*_TEXT, *_LABELS, *META, "id", "meta", "cats", "relations", "Comments", "comments")


class DoccanoFormat:
    """One document per record: its text, and spans ``[start, end, label]`` or the labels of the whole text."""

    name = "doccano"
    extensions = ()
    holds = frozenset({"id", "site", "lang", "origin", "gold", "kind"})

    def recognises(self, source: Source) -> bool:
        """Whether the first record has a text and labels as doccano writes them."""
        record = first_object(source)
        labels = [record[field] for field in _LABELS if field in record]
        return any(isinstance(record.get(field), str) for field in _TEXT) and any(map(_is_labels, labels))

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read one document per record."""
        for value, where, number in records(source, reading):
            with reading.record(where, value):
                record = an_object(value, "a record", where)
                yield _document(record, where, f"{source.stem}-{number}", reading)

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write one line per document. All have the same fields: what a record lacks, doccano would take as NaN."""
        with writing(path) as stream:
            for document in documents:
                stream.write(f"{json.dumps(_record(document))}\n".encode())


def _is_labels(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(each, str) or _span_fields(each) is not None for each in value)
    )


def _document(record: Object, where: str, default: str, reading: Reading) -> LabelledDocument:
    text = required_text(record, reading.text_field or next((each for each in _TEXT if each in record), "text"), where)
    count_others(record, (*_KNOWN, reading.text_field or ""), reading)
    for field in ("cats", "relations", "Comments", "comments"):
        if record.get(field):
            reading.leave_out(f"values of the field {field}")
    meta = {**an_object(record.get("meta") or {}, '"meta"', where), **record}
    paragraphs = labelled_paragraphs(text, _spans(record, text, where, reading), reading)
    return document_of(meta, where, default, paragraphs)


def _spans(record: Object, text: str, where: str, reading: Reading) -> list[Span]:
    offsets = Offsets(text, reading.offsets or "utf-16")
    spans, whole = [], set()
    for field in _LABELS:
        given = record.get(field)
        for number, each in enumerate([given] if isinstance(given, str) else list_of(record, field, where), 1):
            place = f'{where}: "{field}" {number}'
            if isinstance(each, str):
                name, stretch = each, Stretch(0, len(text))
                whole.add(each)
            else:
                name, stretch = _span(each, text, offsets, place)
            label = reading.label(name, place)
            if label:
                spans.append(Span(label, (stretch,)))
    if len(whole) > 1:
        raise DataError(f"{where}: the whole text has {len(whole)} labels; a paragraph has one")
    return spans


def _span(given: object, text: str, offsets: Offsets, place: str) -> tuple[str, Stretch]:
    fields = _span_fields(given)
    if fields is None:
        raise DataError(f"{place}: {shown(given)} is no label, and no span [start, end, label]")
    start, end = (offsets.character(whole_number(fields, each, place)) for each in ("start", "end"))
    return fields["label"], checked(start, end, len(text), place)


def _span_fields(value: object) -> Object | None:
    """The start, the end and the label of a span in either of its forms; None if it is none."""
    if isinstance(value, list) and len(value) == 3 and isinstance(value[2], str):
        return {"start": value[0], "end": value[1], "label": value[2]}
    if isinstance(value, dict) and isinstance(value.get("label"), str) and "start_offset" in value:
        return {"start": value["start_offset"], "end": value.get("end_offset"), "label": value["label"]}
    return None


def _record(document: LabelledDocument) -> dict[str, Any]:
    text = document.text
    offsets = Offsets(text, "utf-16")
    return {
        "id": document.id,
        "text": text,
        "label": [[offsets.unit(span.start), offsets.unit(span.end), span.name] for span in named_spans(document)],
        **{name: getattr(document, name) for name in META},
    }


DOCCANO = DoccanoFormat()
