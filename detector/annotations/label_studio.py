r"""Label Studio's JSON export: tasks with the annotations of one or several people.

Offsets count characters: Label Studio's editor counts code points. Its ``text`` of a span has ``\n`` spelled out for a
line break.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from detector.annotations.fields import (
    META,
    Object,
    an_object,
    count_others,
    document_of,
    list_of,
    meta_of,
    name_of,
    shown,
    whole_number,
)
from detector.annotations.json_records import first_object, records
from detector.annotations.reading import Reading
from detector.annotations.source import Source
from detector.annotations.spans import Offsets, Span, Stretch, checked, labelled_paragraphs, named_spans
from detector.annotations.votes import majority
from detector.annotations.writing import writing
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

ID = "document_id"  # in a task's data; its other exports replace a field that is named id by the number of the task
_SPANS = ("labels", "hypertextlabels")
_BOOKKEEPING = ("created_at", "updated_at", "annotator")  # of JSON_MIN


class LabelStudioFormat:
    """One document per task that somebody annotated."""

    name = "label-studio"
    extensions = ()
    holds = frozenset({"id", "site", "lang", "origin", "gold", "kind"})

    def recognises(self, source: Source) -> bool:
        """Whether the first record is a task with annotations."""
        task = first_object(source)
        return _is_short(task) or (
            isinstance(task.get("data"), dict) and any(field in task for field in ("annotations", "completions"))
        )

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read the documents of each task; tasks that nobody annotated are left out and counted."""
        for value, where, number in records(source, reading):
            with reading.record(where, value):
                task = an_object(value, "a task", where)
                task = _from_short(task) if _is_short(task) else task
                yield from _Task(task, f"{source.stem}-{number}", where, reading).documents()

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write one task per document, with one annotation."""
        with writing(path) as stream:
            begin = b"[\n"
            for number, document in enumerate(documents, 1):
                stream.write(begin + json.dumps(_task(document, number)).encode())
                begin = b",\n"
            stream.write(b"\n]\n" if begin == b",\n" else b"[]\n")


def _is_short(task: Object) -> bool:
    """Whether a record is of the export JSON_MIN: data and results are fields side by side."""
    return "annotation_id" in task and "annotator" in task and "data" not in task


def _from_short(record: Object) -> Object:
    """A task from a record of JSON_MIN. Spans are lists of objects; choices cannot be told from texts there."""
    data = {name: value for name, value in record.items() if isinstance(value, str) and name not in _BOOKKEEPING}
    lists = [value for value in record.values() if isinstance(value, list)]
    values = [
        each for value in lists for each in value if isinstance(each, dict) and any(kind in each for kind in _SPANS)
    ]
    result = [{"type": next(kind for kind in _SPANS if kind in each), "value": each} for each in values]
    annotation = {"result": result, "created_at": record.get("created_at")}
    return {"id": record.get("id"), "data": data, "annotations": [annotation]}


class _Task:
    """A task, and what becomes of its annotations."""

    def __init__(self, task: Object, default: str, where: str, reading: Reading) -> None:
        self._task = task
        self._where = where
        self._reading = reading
        self._counted = False  # the fields of its data that are not read
        self._data = an_object(task.get("data"), '"data"', where)
        self._id = name_of(self._data, where, name_of(self._data, where, name_of(task, where, default)), ID)

    def documents(self) -> list[LabelledDocument]:
        """The documents: one, none, or with ``annotators`` of ``each`` one per annotation."""
        given = self._annotations()
        if not given:
            return []
        if self._reading.annotators == "each" and len(given) > 1:
            return [
                self._document(self._paragraphs(each), f"{self._id}#{number}") for number, each in enumerate(given, 1)
            ]
        if self._reading.annotators == "first":
            given = given[:1]
        return [
            self._document(majority([self._paragraphs(each) for each in given], self._reading, self._where), self._id)
        ]

    def _document(self, paragraphs: Sequence[LabelledParagraph], name: str) -> LabelledDocument:
        meta = {field: self._data.get(field) for field in META}
        return document_of({**meta, "id": name, "site": meta["site"] or self._id}, self._where, name, paragraphs)

    def _annotations(self) -> list[Object]:
        """The annotations that count, the oldest first: none that were cancelled; where there are some that are marked
        as the truth, only these.
        """
        given = [
            an_object(each, "an annotation", self._where)
            for field in ("annotations", "completions")
            for each in list_of(self._task, field, self._where)
        ]
        kept = [each for each in given if not (each.get("was_cancelled") or each.get("skipped"))]
        if not given:
            self._reading.leave_out("tasks without annotations")
        if len(kept) < len(given):
            self._reading.leave_out("cancelled annotations", len(given) - len(kept))
        kept = [each for each in kept if each.get("ground_truth")] or kept
        self._reading.counts.several += len(kept) > 1
        return sorted(kept, key=lambda each: str(each.get("created_at") or ""))

    def _paragraphs(self, annotation: Object) -> list[LabelledParagraph]:
        results = [an_object(each, "a result", self._where) for each in list_of(annotation, "result", self._where)]
        field = self._text_field(results)
        text = self._data[field]
        if not self._counted:
            count_others(self._data, (field, ID, "id", *META), self._reading)
            self._counted = True
        spans: list[Span] = []
        whole: list[Span] = []
        for number, result in enumerate(results, 1):
            where = f"{self._where}: result {number}"
            names = self._names(result, where)
            stretch = self._stretch(result, text, where) if names else None
            for name in names:
                label = self._reading.label(name, where)
                if label:
                    (spans if stretch else whole).append(Span(label, (stretch or Stretch(0, len(text)),)))
        return labelled_paragraphs(text, spans or whole, self._reading)

    def _names(self, result: Object, where: str) -> list[str]:
        """The labels or choices of a result; none if it is of another type, which is counted."""
        kind = str(result.get("type"))
        if kind not in (*_SPANS, "choices"):
            if kind.endswith("labels"):
                raise DataError(f'{where}: the type "{kind[:40]}" is no label of a text; export a project of texts')
            self._reading.leave_out(f"results of the type {kind[:40]}")
            return []
        names = list_of(an_object(result.get("value"), '"value"', where), kind, where)
        if not all(isinstance(name, str) for name in names):
            raise DataError(f'{where}: "{kind}" is {shown(names)}, not a list of strings')
        return names

    def _text_field(self, results: Sequence[Object]) -> str:
        """The field of the task's data that holds the text."""
        texts = [name for name, value in self._data.items() if isinstance(value, str)]
        likely = [self._reading.text_field, *(each.get("to_name") for each in results), "text"]
        found = next((name for name in likely if name in texts), None)
        others = [name for name in texts if name not in (ID, "id", *META)]
        if found is None and not self._reading.text_field and len(others) == 1:
            found = others[0]
        if found is None:
            names = ", ".join(name[:40] for name in others) or "none here"
            raise DataError(f"{self._where}: which field of the task's data is the text? name it: {names}")
        return found

    def _stretch(self, result: Object, text: str, where: str) -> Stretch | None:
        """Where the text of a result is; None if it is about the whole text."""
        value = an_object(result.get("value"), '"value"', where)
        if "start" not in value and "globalOffsets" not in value:
            return None
        if not isinstance(value.get("start"), int):
            value = {**value, **an_object(value.get("globalOffsets"), '"globalOffsets"', where)}
        given = whole_number(value, "start", where), whole_number(value, "end", where)
        offsets = Offsets(text, self._reading.offsets or "characters")
        start, end = (offsets.character(each) for each in given)
        stretch = checked(start, end, len(text), where)
        quoted = value.get("text")
        if isinstance(quoted, str) and _normal(quoted) != _normal(text[start:end]):
            raise DataError(
                f"{where}: its text is {quoted[:20]!r}, but at its offsets the task has {text[start:end][:20]!r}; "
                "is the field HTML, or do the offsets count UTF-16 (--offsets utf-16)?"
            )
        return stretch


def _normal(text: str) -> str:
    """A text as it can be compared: the editor spells line breaks out, and web pages shorten white space."""
    return " ".join(text.replace("\\n", "\n").split())


def _task(document: LabelledDocument, number: int) -> dict[str, Any]:
    meta = meta_of(document)
    data = {"text": document.text, ID: meta.pop("id"), **meta}
    result = [
        {
            "id": f"{number}-{span.start}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {"start": span.start, "end": span.end, "text": span.text, "labels": [span.name]},
        }
        for span in named_spans(document)
    ]
    return {"id": number, "data": data, "annotations": [{"result": result, "was_cancelled": False}]}


LABEL_STUDIO = LabelStudioFormat()
