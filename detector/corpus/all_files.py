"""Clean or predict many inputs in several processes. Results that are up to date are kept; a failure stops no run."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from detector.corpus.manifest import Manifest, Stamp, digest, settings_of
from detector.corpus.one_file import Run
from detector.corpus.plan import MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE, Plan, Task
from detector.corpus.progress import RunProgress, show_progress
from detector.corpus.sidecar import append_to_sidecar, exists, keep_lines, sidecar
from detector.corpus.summary import Summary
from detector.corpus.task_runner import Outcome, TaskFunction, TaskRunner, lost
from detector.corpus.workers import Workers
from detector.util.atomic import replacing, working_in
from detector.util.json_lines import json_line, read_json_lines

if TYPE_CHECKING:
    from detector.cleaner import Prediction
    from detector.formats.base import Record


_REASONS_SHOWN = 3  # for the rejected records of one file
_SMALL = 10 << 20  # bytes; a single file below this size needs no progress bar


@dataclass(frozen=True)
class Options:
    """The options of a run.

    ``jobs`` is the number of processes. ``force`` makes results again that are up to date. ``removed`` and ``rejected``
    are the files for removed text and for records that cannot be read. ``quiet`` shows no progress. ``terminal`` tells
    whether messages go to a terminal.
    """

    jobs: int = 1
    force: bool = False
    removed: Path | None = None
    rejected: Path | None = None
    quiet: bool = True
    terminal: bool = False


def clean_all(plan: Plan, run: Run, options: Options, warn: Callable[[str], None]) -> Summary:
    """Clean every input of a plan. An input that fails is counted, and the run goes on with the others.

    ``warn`` is called with one line for each problem. The run stops when more than ``run.max_rejected`` records in all
    cannot be read. Raises `DataError` if another run is writing to the same folder, `OSError` if the files beside the
    results cannot be written.
    """
    corpus_run = _CorpusRun(run, options, warn)
    if plan.folder is None:
        return corpus_run.separate(plan.tasks, run.clean)
    return corpus_run.folder(plan.tasks, plan.folder)


def predict_all(
    tasks: Sequence[Task], run: Run, options: Options, output: BinaryIO, warn: Callable[[str], None]
) -> Summary:
    """Write the decisions on every text of all inputs, one JSON line per text, in the order of the inputs.

    In all other respects like `clean_all`.
    """
    corpus_run = _CorpusRun(run, options, warn)
    if min(options.jobs, len(tasks)) > 1:
        return corpus_run.separate(tuple(tasks), run.predict, output)
    return corpus_run.separate(tuple(tasks), partial(run.predict, output=output))


def visit_all(
    tasks: Sequence[Task],
    run: Run,
    options: Options,
    visit: Callable[[Record, Prediction], object],
    warn: Callable[[str], None],
) -> Summary:
    """Call ``visit`` with every text of all inputs and the decisions on it, in this process.

    In all other respects like `clean_all`.
    """
    return _CorpusRun(run, replace(options, jobs=1), warn).separate(tuple(tasks), partial(run.visit, visit=visit))


@dataclass
class _Sinks:
    """The streams that collect the lines of all inputs."""

    removed: BinaryIO | None
    rejected: BinaryIO | None
    manifest: BinaryIO | None = None
    decisions: BinaryIO | None = None


@dataclass
class _CorpusRun:
    """A run over many inputs, and its summary."""

    run: Run
    options: Options
    warn: Callable[[str], None]
    summary: Summary = field(default_factory=Summary)

    def separate(self, tasks: tuple[Task, ...], function: TaskFunction, decisions: BinaryIO | None = None) -> Summary:
        """Run tasks whose results do not belong to one folder."""
        with (
            tempfile.TemporaryDirectory(prefix="detector-") as scratch,
            sidecar(self.options.removed) as removed,
            sidecar(self.options.rejected) as rejected,
        ):
            runner = TaskRunner(function, Path(scratch), removed is not None, decisions is not None)
            self._run_all(tasks, runner, _Sinks(removed, rejected, decisions=decisions), None)
        return self.summary

    def folder(self, tasks: tuple[Task, ...], folder: Path) -> Summary:
        """Clean the inputs whose results in a folder are missing or out of date."""
        options = self.options
        settings = settings_of(self.run, options.removed)
        with working_in(folder) as scratch:
            manifest = Manifest(folder / MANIFEST_FILE, digest(settings))
            earlier = () if self._starts_over() else tasks
            kept = {t.file: summary for t in earlier if (summary := manifest.up_to_date(t)) is not None}
            for summary in kept.values():
                self.summary.merge(summary)

            def is_kept(record: dict[str, Any]) -> bool:
                return record.get("file") in kept

            self.summary.up_to_date = len(kept)
            keep_lines(folder / MANIFEST_FILE, is_kept)
            with (
                append_to_sidecar(options.removed, is_kept) as removed,
                append_to_sidecar(options.rejected or folder / REJECTED_FILE, is_kept) as rejected,
                open(folder / MANIFEST_FILE, "ab") as lines,
            ):
                runner = TaskRunner(partial(self.run.clean, scratch=scratch), scratch, removed is not None)
                pending = tuple(task for task in tasks if task.file not in kept)
                progress = self._run_all(pending, runner, _Sinks(removed, rejected, lines), manifest)
            with replacing(folder / SUMMARY_FILE, scratch) as file:
                file.write(json_line(self._report(progress, len(tasks), len(kept), settings)))
        return self.summary

    def _starts_over(self) -> bool:
        """Whether no earlier result is kept: on request, or because the file for removed text would lack its lines."""
        removed = self.options.removed
        return self.options.force or (removed is not None and not exists(removed))

    def _run_all(
        self, tasks: tuple[Task, ...], runner: TaskRunner, sinks: _Sinks, manifest: Manifest | None
    ) -> RunProgress:
        size = sum(stamp.size for task in tasks if (stamp := Stamp.of(task.source)))
        jobs = min(self.options.jobs, max(len(tasks), 1))
        workers = Workers(replace(runner, expected=size // jobs), lost, jobs)
        with workers.meter() as meter:
            progress = RunProgress(meter, len(tasks), size)
            with self._shown(progress), contextlib.closing(workers.results(tasks, meter)) as outcomes:
                for outcome in _in_order(outcomes, tasks) if sinks.decisions else outcomes:
                    self._record(outcome, sinks, manifest)
                    progress.done += 1
                    if self._too_many_rejected():
                        break
        return progress

    def _shown(self, progress: RunProgress) -> AbstractContextManager[None]:
        if self.options.quiet or (progress.files == 1 and progress.bytes < _SMALL):
            return contextlib.nullcontext()
        return show_progress(progress, self.options.terminal, self.warn)

    def _record(self, outcome: Outcome, sinks: _Sinks, manifest: Manifest | None) -> None:
        """Record the outcome of a task. The manifest comes last: its entry means that everything else is written."""
        if outcome.rejected and outcome.summary.rejected:
            self._warn_of_rejected(outcome.task, outcome.rejected, outcome.summary.rejected)
        _move(outcome.rejected, sinks.rejected)
        _move(outcome.decisions, sinks.decisions)
        if outcome.failure is not None:
            self.summary.failed.append(outcome.failure)
            self.summary.rejected += outcome.summary.rejected
            self.warn(f"failed: {outcome.failure}")
            return
        _move(outcome.removed, sinks.removed)
        self.summary.merge(outcome.summary)
        if manifest and sinks.manifest:
            manifest.add(sinks.manifest, outcome.task, outcome.source, outcome.summary)

    def _warn_of_rejected(self, task: Task, part: Path, number: int) -> None:
        """Warn of the first rejected records of a task, with their reasons, and of their number."""
        for rejected in islice(read_json_lines(part), _REASONS_SHOWN):
            self.warn(f"{task.name}:{rejected['record']}: rejected: {rejected['reason']}")
        if number > _REASONS_SHOWN:
            self.warn(f"{task.name}: {number:,} records rejected in all")

    def _too_many_rejected(self) -> bool:
        most = self.run.max_rejected
        if most is None or self.summary.rejected <= most:
            return False
        self.warn(f"stopped: {self.summary.rejected:,} records could not be read (--max-rejected {most})")
        return True

    def _report(self, progress: RunProgress, files: int, kept: int, settings: dict[str, Any]) -> dict[str, Any]:
        """The content of the summary file. ``kept`` is the number of results of earlier runs."""
        read = progress.meter.counts.read
        return {
            "files": files, "done_before": kept, "done_now": progress.done - len(self.summary.failed),
            **self.summary.report(),
            "bytes": self.summary.bytes, "bytes_read_now": read,
            "seconds": round(progress.seconds, 3), "mb_per_second": round(read / progress.seconds / 1e6, 3),
            "model": settings["model"], "settings": settings,
        }  # fmt: skip


def _in_order(outcomes: Iterable[Outcome], tasks: Iterable[Task]) -> Iterator[Outcome]:
    """Put outcomes into the order of their tasks; those that come early are held back."""
    waiting: defaultdict[Task, deque[Outcome]] = defaultdict(deque)
    upcoming = deque(tasks)
    for outcome in outcomes:
        waiting[outcome.task].append(outcome)
        while upcoming and waiting[upcoming[0]]:
            yield waiting[upcoming.popleft()].popleft()


def _move(part: Path | None, sink: BinaryIO | None) -> None:
    """Append a task's lines to those of the run, and delete its file."""
    if part is None:
        return
    if sink:
        with open(part, "rb") as lines:
            shutil.copyfileobj(lines, sink)
        sink.flush()
    part.unlink()
