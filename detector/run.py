"""Clean and predict files: records in, decisions, records out. Nothing is printed here."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from detector.cleaner import Cleaner, Prediction
from detector.errors import DataError
from detector.files import replacing
from detector.formats import DEFAULT_FIELDS, Fields, Format, Record, Rejected, format_of
from detector.inputs import Task
from detector.summary import Summary

ORIGINAL_ENDING = ".orig"


@dataclass(frozen=True)
class Run:
    """What to do with every input.

    ``removed`` and ``rejected`` are streams for what was taken out and for records that could not be read, as JSON
    Lines; ``warn`` is called with a line for everything that went wrong.
    """

    cleaner: Cleaner
    format: str | None = None
    fields: Fields = DEFAULT_FIELDS
    removed: BinaryIO | None = None
    rejected: BinaryIO | None = None
    warn: Callable[[str], None] = lambda _: None
    summary: Summary = field(default_factory=Summary)

    def clean(self, tasks: Sequence[Task]) -> Summary:
        """Write every input's records with clean texts; an input that fails is counted, and the others go on."""
        return self._each(tasks, self._clean)

    def decide(self, tasks: Sequence[Task], use: Callable[[Record, Prediction], None]) -> Summary:
        """Call ``use`` with every record that has a text, and the decisions on it."""
        return self._each(tasks, lambda task: self._use(task, use))

    def _each(self, tasks: Sequence[Task], work: Callable[[Task], None]) -> Summary:
        for task in tasks:
            try:
                work(task)
            except BrokenPipeError:
                raise
            except (OSError, DataError) as error:
                self.summary.failed.append(f"{task.name}: {error}")
                self.warn(f"{task.name}: not done: {error}")
        return self.summary

    def _clean(self, task: Task) -> None:
        form = format_of(task.source, self.format)
        if task.target is None:
            self._clean_stream(task, form, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        in_place = task.source == task.target
        if in_place:
            _check_original(task.target)
        task.target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(task.target) as stream:
            self._clean_stream(task, form, stream)
            stream.flush()
            if in_place:
                _keep_original(task.target)

    def _clean_stream(self, task: Task, form: Format, output: BinaryIO) -> None:
        writer = form.writer(output, self.fields)
        with _reading(task) as stream:
            for record, prediction in self._decide(form.read(stream, task.name, self.fields)):
                writer.write(record, prediction.clean_text() if prediction else None)
                if prediction is not None and self.removed:
                    self._write_removed(record, prediction, self.removed)
        writer.close()

    def _use(self, task: Task, use: Callable[[Record, Prediction], None]) -> None:
        form = format_of(task.source, self.format)
        with _reading(task) as stream:
            for record, prediction in self._decide(form.read(stream, task.name, self.fields)):
                if prediction is not None:
                    use(record, prediction)

    def _decide(self, records: Iterable[Record | Rejected]) -> Iterator[tuple[Record, Prediction | None]]:
        """Each record with the decisions on its text, in order; what is rejected is counted and kept aside."""
        waiting: deque[Record] = deque()

        def texts() -> Iterator[str]:
            for record in records:
                if isinstance(record, Rejected):
                    self._reject(record)
                    continue
                waiting.append(record)
                if record.text is not None:
                    yield record.text

        for prediction in self.cleaner.predict_many(texts()):
            while waiting[0].text is None:
                yield waiting.popleft(), None
            self.summary.add(prediction)
            yield waiting.popleft(), prediction
        for record in waiting:
            yield record, None

    def _reject(self, rejected: Rejected) -> None:
        self.summary.reject(rejected)
        self.warn(f"{rejected.place}: rejected: {rejected.reason}")
        if self.rejected:
            raw = rejected.raw.decode("utf-8", "backslashreplace")
            self.rejected.write(_line({"place": rejected.place, "reason": rejected.reason, "raw": raw}))

    def _write_removed(self, record: Record, prediction: Prediction, stream: BinaryIO) -> None:
        for paragraph, (start, stop) in zip(prediction.removed, prediction.removed_stretches(), strict=True):
            stream.write(_line({
                "id": record.id, "start": start, "end": stop, "label": paragraph.label, "kind": paragraph.kind,
                "score": round(paragraph.keep_score, 6), "text": prediction.source[start:stop],
            }))  # fmt: skip


def decisions_line(record: Record, prediction: Prediction) -> bytes:
    """The decisions on a text as a line of JSON, as ``predict`` writes them."""
    return _line({
        "id": record.id,
        "paragraphs": [
            {
                "start": p.start, "end": p.end, "label": p.label, "kind": p.kind, "keep": p.keep,
                "scores": {label: round(score, 6) for label, score in p.scores.items()},
                "kind_score": round(p.kind_score, 6),
            }
            for p in prediction.paragraphs
        ],
    })  # fmt: skip


def _line(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False) + "\n"
    try:
        return text.encode()
    except UnicodeEncodeError:  # lone surrogates: bytes of the input that were no UTF-8
        return json.dumps(record).encode() + b"\n"


def _reading(task: Task) -> AbstractContextManager[BinaryIO]:
    if task.source is None:
        return contextlib.nullcontext(sys.stdin.buffer)
    return open(task.source, "rb")


def _original(path: Path) -> Path:
    return path.with_name(path.name + ORIGINAL_ENDING)


def _check_original(path: Path) -> None:
    if _original(path).exists():
        raise DataError(f"{_original(path)} is there already, the original of an earlier run: move it away first")


def _keep_original(path: Path) -> None:
    try:
        os.link(path, _original(path))
    except OSError:  # a file system without hard links
        shutil.copy2(path, _original(path))
