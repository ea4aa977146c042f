"""The JSON Lines of Prodigy: tasks with spans, with one label, or with options to choose from.

Offsets count characters. ``token_end`` is the last token of a span, not the one after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from detector.annotations.fields import (
    META,
    Object,
    an_object,
    document_of,
    list_of,
    meta_of,
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
from detector.evaluation.labelled import LabelledDocument, optional_text
from detector.util.json_lines import json_line

_SIGNS = ("answer", "accept", "_input_hash", "_task_hash")  # fields that other formats do not have
_ANSWERS = ("accept", "reject", "ignore")


class ProdigyFormat:
    """One document per task that was accepted."""

    name = "prodigy"
    extensions = ()
    holds = frozenset({"id", "site", "lang", "origin", "gold", "kind"})

    def recognises(self, source: Source) -> bool:
        """Whether the first record has a text and a field of Prodigy's."""
        record = first_object(source)
        spans = record.get("spans")
        with_spans = isinstance(spans, list) and all(isinstance(each, dict) for each in spans)
        return isinstance(record.get("text"), str) and (with_spans or any(sign in record for sign in _SIGNS))

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read one document per task; those that were rejected or ignored are left out and counted."""
        for value, where, number in records(source, reading):
            with reading.record(where, value):
                task = an_object(value, "a task", where)
                if _accepted(task, where, reading):
                    yield _document(task, where, f"{source.stem}-{number}", reading)

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write one task per document, as accepted. Prodigy adds the tokens itself."""
        with writing(path) as stream:
            for document in documents:
                stream.write(json_line(_task(document)))


def _accepted(task: Object, where: str, reading: Reading) -> bool:
    answer = optional_text(task, "answer", where)
    if answer is not None and answer not in _ANSWERS:
        raise DataError(f'{where}: "answer" is {shown(answer)}, not one of {", ".join(_ANSWERS)}')
    if answer in ("reject", "ignore"):
        reading.leave_out(f"tasks with the answer {answer}")
        return False
    return True


def _document(task: Object, where: str, default: str, reading: Reading) -> LabelledDocument:
    text = required_text(task, reading.text_field or "text", where)
    given = [*_spans(task, text, where, reading), *_choices(task, where)]
    spans = []
    for name, stretch, place in given:
        label = reading.label(name, place)
        if label:
            spans.append(Span(label, (stretch or Stretch(0, len(text)),)))
    meta = {**{name: task.get(name) for name in ("id", *META)}, **an_object(task.get("meta") or {}, '"meta"', where)}
    return document_of(meta, where, default, labelled_paragraphs(text, spans, reading))


def _spans(task: Object, text: str, where: str, reading: Reading) -> Iterator[tuple[str, Stretch, str]]:
    offsets = Offsets(text, reading.offsets or "characters")
    for number, given in enumerate(list_of(task, "spans", where), 1):
        place = f'{where}: "spans" {number}'
        span = an_object(given, "a span", place)
        name = required_text(span, "label", place)
        if span.get("start") is None and span.get("token_start") is not None:
            start, end = _of_tokens(task, span, place)
        else:
            start, end = whole_number(span, "start", place), whole_number(span, "end", place)
        yield name, checked(offsets.character(start), offsets.character(end), len(text), place), place


def _of_tokens(task: Object, span: Object, place: str) -> tuple[int, int]:
    """The offsets of a span that has only its first and its last token."""
    tokens = list_of(task, "tokens", place)
    found = []
    for field, side in (("token_start", "start"), ("token_end", "end")):
        number = whole_number(span, field, place)
        if not 0 <= number < len(tokens):
            raise DataError(f'{place}: "{field}" is {number}, and there are {len(tokens)} tokens')
        found.append(whole_number(an_object(tokens[number], "a token", place), side, place))
    return found[0], found[1]


def _choices(task: Object, where: str) -> Iterator[tuple[str, None, str]]:
    """The label of the whole text, where one was given or chosen."""
    options = [each for each in list_of(task, "options", where) if isinstance(each, dict)]
    chosen = [*list_of(task, "accept", where)]
    if len(chosen) > 1:
        raise DataError(f'{where}: "accept" has {len(chosen)} options; a paragraph has one label')
    for each in chosen:
        name = (
            each if isinstance(each, str) else next((one.get("text") for one in options if one.get("id") == each), None)
        )
        if not isinstance(name, str):
            raise DataError(f'{where}: "accept" has {shown(each)}, which is the id of no option')
        yield name, None, f'{where}: "accept"'
    label = optional_text(task, "label", where)
    if label is not None and not task.get("spans"):
        yield label, None, f'{where}: "label"'


def _task(document: LabelledDocument) -> dict[str, Any]:
    spans = [{"start": span.start, "end": span.end, "label": span.name} for span in named_spans(document)]
    meta = meta_of(document)
    gold = {"gold": meta.pop("gold")} if "gold" in meta else {}  # the web page shows what is in meta
    return {"text": document.text, "spans": spans, "answer": "accept", "meta": meta, **gold}


PRODIGY = ProdigyFormat()
