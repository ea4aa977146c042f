"""Reads the inputs: texts of every format, and documents of ours that have labels already."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from detector.annotations.base import AnnotationFormat
from detector.annotations.registry import annotation_format
from detector.annotations.source import Source
from detector.cleaner import Prediction
from detector.corpus.all_files import visit_all
from detector.corpus.messages import Message
from detector.corpus.one_file import Run
from detector.corpus.options import Options
from detector.corpus.plan import Plan, Task
from detector.corpus.summary import Summary
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.formats.base import Record
from detector.labelled import Counts, Rejected, read
from detector.labelling.documents import Documents
from detector.util.counted import counted

Warn = Callable[[Message], object]
_META = ("title", "site", "lang", "origin")  # of a record of JSON Lines, if these are texts
_REJECTED_SHOWN = 3


@dataclass
class Reading:
    """What was read. ``empty`` counts texts without a paragraph."""

    documents: Documents = field(default_factory=Documents)
    summary: Summary = field(default_factory=Summary)
    empty: int = 0

    @property
    def labelled(self) -> int:
        """The number of documents that came with labels."""
        return sum(bool(each.given) for each in self.documents)

    def fields(self) -> dict[str, int]:
        """The counts as JSON values."""
        return {
            "documents": len(self.documents), "labelled": self.labelled, "repeated": self.documents.repeated,
            "conflicts": self.documents.conflicts, "empty": self.empty, "nulls": self.summary.nulls,
            "rejected": self.summary.rejected, "failed": len(self.summary.failed),
        }  # fmt: skip

    def line(self) -> str:
        """The counts as a line to print."""
        paragraphs = sum(each.paragraphs for each in self.documents)
        counts = {
            "came with labels": self.labelled, "{be} there twice": self.documents.repeated, "{be} empty": self.empty,
            "{be} null": self.summary.nulls, "cannot be read": self.summary.rejected,
        }  # fmt: skip
        told = (
            f", {number:,} {name.format(be='is' if number == 1 else 'are')}"
            for name, number in counts.items()
            if number
        )
        return f"{counted(len(self.documents), 'document')} with {counted(paragraphs, 'paragraph')}{''.join(told)}"


def read_all(plan: Plan, run: Run, options: Options, warn: Warn) -> Reading:
    """Read all inputs of a plan. Those that cannot be read are counted, and told to ``warn``.

    Raises `DataError` if there is no document in them.
    """
    reading = Reading()
    for is_labelled, tasks in groupby(plan.tasks, _is_labelled):
        if is_labelled:
            for task in tasks:
                _read_labelled(task, reading, warn)
        else:
            _read_texts(replace(plan, tasks=tuple(tasks), passed_over=()), run, options, reading, warn)
    if not len(reading.documents):
        raise DataError("there is no document to label in these inputs; see whether --format or --text-field is needed")
    return reading


def _is_labelled(task: Task) -> bool:
    """Whether an input is a file of JSON Lines whose first record has a list of paragraphs."""
    if task.type.format_name != "jsonl" or not isinstance(task.source, Path) or not task.source.is_file():
        return False
    try:
        return _ours().recognises(Source(task.source))
    except DataError:
        return False  # reading it says what is wrong


def _ours() -> AnnotationFormat:
    return annotation_format("jsonl")


def _read_labelled(task: Task, reading: Reading, warn: Warn) -> None:
    counts, rejected = Counts(), list[Rejected]()
    source, conflicts = str(task.source), reading.documents.conflicts
    try:
        for document in read([source], "jsonl", any_labels=True, rejected=rejected.append, counts=counts):
            if not document.paragraphs:
                reading.empty += 1
            else:
                reading.documents.add(document)
    except (OSError, DataError) as error:
        reading.summary.failed.append(str(error))
        warn(Message(f"{error}", "failed", "error", {"file": source, "reason": str(error)}))
    for each in rejected[:_REJECTED_SHOWN]:
        warn(Message(f"rejected: {each.reason}", "rejected", fields={"file": source, "reason": each.reason}))
    reading.summary.rejected += counts.rejected
    if found := reading.documents.conflicts - conflicts:
        line = (
            f"{source}: {counted(found, 'paragraph')} with another label or kind than in an earlier document of the "
            "same text; the earlier ones count"
        )
        warn(Message(f"conflict: {line}", "conflict", fields={"file": source, "count": found}))


def _read_texts(plan: Plan, run: Run, options: Options, reading: Reading, warn: Warn) -> None:
    collected = _Collected(reading)
    whole = replace(run, cleaner=replace(run.cleaner, threshold=0, max_removed=1))  # all of a text is to be labelled

    def tell(message: Message) -> None:
        if message.event != "check" or not message.fields.get("count"):  # these are about what cleaning would do
            warn(message)

    reading.summary.merge(visit_all(plan, whole, options, collected.visit, tell))
    collected.end()


class _Collected:
    """Puts the sections of a text together again, and adds it to the documents."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._record: Record | None = None
        self._texts: list[str] = []

    def visit(self, record: Record, prediction: Prediction) -> None:
        """Take a section of the text of a record."""
        if record is not self._record:
            self.end()
            self._record = record
        spans = zip(prediction.starts.tolist(), prediction.ends.tolist(), strict=True)
        self._texts += [prediction.source[start:end] for start, end in spans]

    def end(self) -> None:
        """Add the text of the last record."""
        record, texts = self._record, self._texts
        self._record, self._texts = None, []
        if record is None:
            return
        if not texts:
            self._reading.empty += 1
            return
        meta = dict(_meta(record))
        paragraphs = tuple(LabelledParagraph(text, None) for text in texts)
        document = LabelledDocument(
            record.id, meta.get("site") or record.id, meta.get("origin"), meta.get("lang"), None, paragraphs
        )
        self._reading.documents.add(document, meta.get("title", ""))


def _meta(record: Record) -> Iterator[tuple[str, str]]:
    """Title, site, language and origin of a record that is a line of JSON."""
    line = getattr(record.raw, "line", None)
    if not isinstance(line, bytes):
        return
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return
    if isinstance(values, dict):
        yield from (
            (name, values[name]) for name in _META if isinstance(values.get(name), str) and values[name].strip()
        )
