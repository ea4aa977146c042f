"""The outcomes of tasks, collected: in the summary of a run, in the files beside its results, and in messages."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from detector.corpus.messages import Message
from detector.corpus.stamps import Stamp
from detector.corpus.summary import Summary
from detector.errors import DetectorError
from detector.util.json_lines import read_json_lines

if TYPE_CHECKING:
    from pathlib import Path

    from detector.corpus.manifest import Manifest
    from detector.corpus.plan import Task
    from detector.corpus.task_runner import Outcome

Warn = Callable[[Message], object]

_REASONS_SHOWN = 3  # for the rejected records of one file
_PASSED_OVER_SHOWN = 10
_CHUNK = 1 << 20  # bytes
_NAME_IT = "see whether --format has to be named"
_ADVICE = {  # on files in which no document was found, by format
    "warc": "it has no plain text conversions: --format warc-html reads its HTML pages",
    "warc-html": "it has no HTML pages: --format warc reads its plain text conversions",
}


class Sinks(NamedTuple):
    """The streams that collect the lines of all inputs."""

    removed: BinaryIO | None = None
    rejected: BinaryIO | None = None
    manifest: BinaryIO | None = None
    decisions: BinaryIO | None = None


class Collector:
    """Collects the outcomes of the tasks of a run.

    ``done`` are the files of the tasks that did not fail, ``with_rejected`` those with rejected records.
    """

    def __init__(self, summary: Summary, warn: Warn, manifest: Manifest | None = None) -> None:
        self.summary = summary
        self.warn = warn
        self.manifest = manifest
        self.done: set[str] = set()
        self.with_rejected: set[str] = set()

    def add(self, outcome: Outcome, sinks: Sinks) -> None:
        """Collect the outcome of a task. The manifest comes last: its entry means that everything else is written.

        Of a failed task, only its rejected records are collected. Raises `OutputError` if a file cannot be written.
        """
        task = outcome.task
        if outcome.rejected and outcome.summary.rejected:
            self._warn_of_rejected(task, outcome.rejected, outcome.summary.rejected)
            self.with_rejected.add(task.file)
        rejected = _move(outcome.rejected, sinks.rejected)
        if outcome.failure is not None:
            self.summary.failed.append(outcome.failure)
            self.summary.rejected += outcome.summary.rejected
            fields = {"file": task.name, "reason": outcome.failure}
            self.warn(Message(f"failed: {outcome.failure}", "failed", "error", fields))
            return
        if outcome.summary.up_to_date:  # cleaned in place by an earlier run, whose lines in the sidecars stay
            _move(outcome.removed, None)
            self.summary.up_to_date += 1
            return
        _move(outcome.decisions, sinks.decisions)
        removed = _move(outcome.removed, sinks.removed)
        self.summary.merge(outcome.summary)
        self.done.add(task.file)
        self._warn_of_documents(task, outcome.summary)
        if self.manifest and sinks.manifest:
            from detector.corpus.manifest import LineCounts

            lines = LineCounts(removed, rejected)
            written = outcome.written or Stamp.of(task.target)
            self.manifest.add(sinks.manifest, task, outcome.source, written, outcome.summary, lines)

    def is_done(self, line: dict[str, Any]) -> bool:
        """Whether a line of a sidecar is about a file that has been done."""
        return line.get("file") in self.done

    def is_done_or_rejected(self, line: dict[str, Any]) -> bool:
        """Whether a line of a sidecar is about a file that has been done, or has new rejected records."""
        return self.is_done(line) or line.get("file") in self.with_rejected

    def pass_over(self, lines: Sequence[str]) -> None:
        """Note what was found and is not read, and warn of it."""
        self.summary.passed_over += lines
        for line in lines[:_PASSED_OVER_SHOWN]:
            self.warn(Message(f"passed over: {line}", "passed over", fields={"reason": line}))
        more = len(lines) - _PASSED_OVER_SHOWN
        if more > 0:
            self.warn(Message(f"passed over: {more:,} more", "passed over", fields={"count": more}))

    def too_many_rejected(self, most: int | None) -> bool:
        """Whether more than ``most`` records have been rejected, which stops the run; with a warning."""
        rejected = self.summary.rejected
        if most is None or rejected <= most:
            return False
        line = f"stopped: {rejected:,} records could not be read (--max-rejected {most})"
        self.warn(Message(line, "stopped", "error", {"count": rejected}))
        return True

    def _warn_of_rejected(self, task: Task, part: Path, number: int) -> None:
        """Warn of the first rejected records of a task, with their reasons, and of their number."""
        for rejected in islice(read_json_lines(part), _REASONS_SHOWN):
            line = f"{task.name}:{rejected['record']}: rejected: {rejected['reason']}"
            fields = {"file": task.name, "record": rejected["record"], "reason": rejected["reason"]}
            self.warn(Message(line, "rejected", fields=fields))
        if number > _REASONS_SHOWN:
            self._warn_of(task, f"{number:,} records rejected in all", "rejected", number)

    def _warn_of_documents(self, task: Task, counts: Summary) -> None:
        """Warn of an input that should be looked at."""
        if counts.bytes and not (counts.documents or counts.nulls or counts.rejected):
            self._warn_of(task, f"no document found in it; {_ADVICE.get(task.type.format_name, _NAME_IT)}", "check", 0)
        if counts.emptied:
            came = "document came" if counts.emptied == 1 else "documents came"
            self._warn_of(task, f"{counts.emptied:,} {came} out empty", "check", counts.emptied)
        if counts.wrapped:
            looks = "document looks" if counts.wrapped == 1 else "documents look"
            reason = f"{counts.wrapped:,} {looks} hard-wrapped; use --paragraphs blank"
            self._warn_of(task, reason, "check", counts.wrapped)

    def _warn_of(self, task: Task, reason: str, event: str, count: int) -> None:
        fields = {"file": task.name, "reason": reason, "count": count}
        self.warn(Message(f"{task.name}: {reason}", event, fields=fields))


def in_order(outcomes: Iterable[Outcome], tasks: Iterable[Task]) -> Iterator[Outcome]:
    """Put outcomes into the order of their tasks; those that come early are held back.

    Raises `DetectorError` if a task has none: what was held back for it would be lost.
    """
    waiting: defaultdict[Task, deque[Outcome]] = defaultdict(deque)
    upcoming = deque(tasks)
    for outcome in outcomes:
        waiting[outcome.task].append(outcome)
        while upcoming and waiting[upcoming[0]]:
            yield waiting[upcoming.popleft()].popleft()
    if upcoming:
        raise DetectorError(f"{upcoming[0].name}: nothing is known of its outcome; run the command again")


def _move(part: Path | None, sink: BinaryIO | None) -> int:
    """Append a task's lines to those of the run, and delete its file. Returns their number, 0 without a sink."""
    number = 0
    if part is None:
        return number
    if sink:
        with open(part, "rb") as lines:
            while chunk := lines.read(_CHUNK):
                sink.write(chunk)
                number += chunk.count(b"\n")
        sink.flush()
    part.unlink()
    return number
