"""Clean or predict many inputs in several processes. Results that are up to date are kept; a failure stops no run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from detector.corpus.collector import Collector, Sinks, Warn, in_order
from detector.corpus.messages import Message, kept_whole
from detector.corpus.one_file import Run
from detector.corpus.options import Options
from detector.corpus.plan import MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE, Plan, Task
from detector.corpus.progress import Meter, RunProgress, show_progress
from detector.corpus.sidecar import append_to_sidecar, sidecar
from detector.corpus.stamps import Stamp
from detector.corpus.summary import Summary
from detector.corpus.task_runner import Outcome, TaskFunction, TaskRunner, lost, shared_out
from detector.util.atomic import clear_unfinished, replacing, sync_folder, working_in
from detector.util.json_lines import json_line
from detector.util.output import open_output, standard_output
from detector.util.scratch import Scratch
from detector.util.urls import Place, Url

if TYPE_CHECKING:
    from detector.cleaner import Prediction
    from detector.corpus.manifest import Manifest
    from detector.formats.base import Record

__all__ = ["Options", "clean_all", "predict_all", "visit_all"]

_SMALL = 10 << 20  # bytes; a single file below this size needs no progress bar


def clean_all(plan: Plan, run: Run, options: Options, warn: Warn) -> Summary:
    """Clean every input of a plan. An input that fails is counted, and the run goes on with the others.

    ``warn`` is called with a message for each problem. The run stops when more than ``run.max_rejected`` records in all
    cannot be read. Raises `DataError` if another run is writing to the same folder, `OutputError` or `OSError` if the
    files beside the results cannot be written, or a disk is full: then these files keep what is known of the results
    that were finished.
    """
    if isinstance(plan.folder, Url) or isinstance(options.removed, Url) or isinstance(options.rejected, Url):
        from detector.corpus.mirror import mirrored

        with mirrored(plan, options) as mirror:
            return clean_all(mirror.plan, run, mirror.options, warn)
    if isinstance(plan.folder, Path):
        return _CorpusRun(plan, run, options, warn).folder(plan.folder)
    run = _with_threads(run, len(plan.tasks), options.jobs)
    corpus_run = _CorpusRun(plan, run, options, warn)
    if any(task.keep_original for task in plan.tasks):
        return corpus_run.in_place()
    return corpus_run.separate(run.clean)


def predict_all(
    tasks: Plan | Sequence[Task], run: Run, options: Options, output: Place | BinaryIO | None, warn: Warn
) -> Summary:
    """Write the decisions on every text of all inputs, one JSON line per text, in the order of the inputs.

    ``output`` is the file for them, replaced when the run ends, or None for standard output. Of several inputs, one
    that fails has nothing written; a single one goes to standard output as it is read. In all other respects like
    `clean_all`.
    """
    plan = tasks if isinstance(tasks, Plan) else Plan(tuple(tasks))
    if isinstance(output, Url) or isinstance(options.rejected, Url):
        from detector.corpus.mirror import mirrored

        place, stream = (output, None) if isinstance(output, Path | Url) else (None, output)
        with mirrored(plan, options, place) as mirror:
            return predict_all(mirror.plan, run, mirror.options, stream or mirror.output, warn)
    run = _with_threads(run, len(plan.tasks), options.jobs)
    corpus_run = _CorpusRun(plan, run, options, warn)
    if isinstance(output, Path):
        return corpus_run.separate(run.predict, sidecar(output))
    with contextlib.nullcontext(output) if output else standard_output() as stream:
        return corpus_run.separate(run.predict, contextlib.nullcontext(stream))


def visit_all(
    tasks: Plan | Sequence[Task],
    run: Run,
    options: Options,
    visit: Callable[[Record, Prediction], object],
    warn: Warn,
) -> Summary:
    """Call ``visit`` with every text of all inputs and the decisions on it, in this process.

    In all other respects like `clean_all`.
    """
    plan = tasks if isinstance(tasks, Plan) else Plan(tuple(tasks))
    if isinstance(options.rejected, Url):
        from detector.corpus.mirror import mirrored

        with mirrored(plan, options) as mirror:
            return visit_all(mirror.plan, run, mirror.options, visit, warn)
    return _CorpusRun(plan, run, replace(options, jobs=1), warn).separate(partial(run.visit, visit=visit))


def _with_threads(run: Run, inputs: int, jobs: int) -> Run:
    """The run, with threads in each process where there are fewer inputs than jobs, at most one per core."""
    return replace(run, threads=max(min(jobs // max(inputs, 1), os.cpu_count() or 1), 1))


class _NothingDoneError(Exception):
    """Every input failed: the files of an earlier run are to stay."""


class _CorpusRun:
    """A run over many inputs, and its summary."""

    def __init__(self, plan: Plan, run: Run, options: Options, warn: Warn) -> None:
        self.plan = plan
        self.run = run
        self.options = options
        self.warn = warn
        self.summary = Summary()

    def separate(
        self, function: TaskFunction, decisions: AbstractContextManager[BinaryIO | None] | None = None
    ) -> Summary:
        """Run tasks whose results do not belong to one folder, each written to a place of its own.

        If all fail, and so does the run, an earlier file for removed text or decisions stays as it is, and so does an
        earlier file for rejected records, unless there are new ones.
        """
        collector = self._collector()
        options = self.options
        with _unless_nothing_done(), sidecar(options.rejected_file) as rejected:
            with _unless_nothing_done(), sidecar(options.removed_file) as removed, decisions or _NOTHING as lines:
                self._run_separate(function, collector, Sinks(removed, rejected, None, lines))
                if self.plan.tasks and not collector.done:
                    raise _NothingDoneError
            if not collector.done and not collector.with_rejected:
                raise _NothingDoneError
        return self.summary

    def in_place(self) -> Summary:
        """Clean inputs in place. Lines of earlier runs stay in the sidecars, for the files that are not done now.

        A file that was cleaned before, but whose lines are missing in the sidecar for removed text, is cleaned again
        from its original: an earlier run was killed before it could write them. It fails if its result is another one.
        """
        from detector.corpus.originals import with_missing_lines

        options, collector = self.options, self._collector()
        tasks = with_missing_lines(self.plan.tasks, options.removed_file, self.run.fields)
        self.plan = replace(self.plan, tasks=tasks)
        with (
            append_to_sidecar(options.removed_file, is_replaced=collector.is_done) as removed,
            append_to_sidecar(options.rejected_file, is_replaced=collector.is_done_or_rejected) as rejected,
        ):
            self._run_separate(self.run.clean, collector, Sinks(removed, rejected))
        if before := self.summary.up_to_date:
            line = f"{before:,} of the files were cleaned in place before; --force cleans them again, from FILE.orig"
            self.warn(Message(line, "up to date", "info", {"count": before}))
        return self.summary

    def _run_separate(self, function: TaskFunction, collector: Collector, sinks: Sinks) -> None:
        clear_unfinished(self._folders())
        if sinks.decisions and len(self.plan.tasks) == 1:
            function, sinks = partial(self.run.predict, output=sinks.decisions), sinks._replace(decisions=None)
        with Scratch() as scratch:
            runner = TaskRunner(function, scratch, sinks.removed is not None, sinks.decisions is not None)
            self._run_all(self.plan.tasks, runner, collector, sinks)

    def folder(self, folder: Path) -> Summary:
        """Clean the inputs whose results in a folder are missing or out of date.

        The lines of an earlier result stay in the manifest and the sidecars until it is replaced.
        """
        from detector.corpus.manifest import Manifest, earlier_results, settings_of

        options = self.options
        settings = settings_of(self.run, options.shown_removed)
        removed_file, rejected_file = options.removed_file, options.rejected_file or folder / REJECTED_FILE
        with working_in(folder) as scratch:
            clear_unfinished([folder, *self._folders(sidecars_only=True)])
            manifest = Manifest(folder / MANIFEST_FILE, settings)
            earlier = earlier_results(self.plan, manifest, removed_file, rejected_file, options.force)
            collector = self._collector(manifest)
            for entry in earlier.entries.values():
                self.summary.merge(entry.summary)
            self.summary.up_to_date = len(earlier.entries)
            manifest.keep_results(self.plan)
            with (
                append_to_sidecar(removed_file, earlier.removed, collector.is_done) as removed,
                append_to_sidecar(rejected_file, earlier.rejected, collector.is_done_or_rejected) as rejected,
                open_output(manifest.path, "ab") as lines,
            ):
                pending = tuple(task for task in self.plan.tasks if task.file not in earlier.entries)
                run = _with_threads(self.run, len(pending), options.jobs)
                runner = TaskRunner(partial(run.clean, scratch=scratch), scratch, removed is not None)
                progress = self._run_all(pending, runner, collector, Sinks(removed, rejected, lines))
            if collector.done:
                manifest.delete_replaced()
            with replacing(folder / SUMMARY_FILE, scratch) as file:
                file.write(json_line(self._report(progress, len(collector.done), settings)))
            sync_folder(folder)
        return self.summary

    def _collector(self, manifest: Manifest | None = None) -> Collector:
        collector = Collector(self.summary, self.warn, manifest)
        collector.pass_over(self.plan.passed_over)
        return collector

    def _folders(self, sidecars_only: bool = False) -> set[Path]:
        """The folders in which a killed run may have left temporary files."""
        targets = [] if sidecars_only else [task.target for task in self.plan.tasks]
        texts = [task.extracted for task in self.plan.tasks]
        files = (*targets, *texts, self.options.removed, self.options.rejected)
        return {place.parent for place in files if isinstance(place, Path)}

    def _run_all(self, tasks: tuple[Task, ...], runner: TaskRunner, collector: Collector, sinks: Sinks) -> RunProgress:
        size = sum(stamp.size for task in tasks if (stamp := Stamp.of(task.source)))
        jobs = min(self.options.jobs, max(len(tasks), 1))
        with _working(runner, tasks, jobs) as (meter, running):
            progress = RunProgress(meter, len(tasks), size)
            with self._shown(progress), contextlib.closing(running) as results:
                outcomes = _counted(results, progress)
                for outcome in in_order(outcomes, tasks) if sinks.decisions else outcomes:
                    collector.add(outcome, sinks)
                    if self.options.mirror:
                        self.options.mirror.publish_if_due()
                    if collector.too_many_rejected(self.run.max_rejected):
                        break
        if documents := self.summary.kept_whole:
            self.warn(kept_whole(documents, self.run.cleaner.max_removed, self.options.shown_removed))
        return progress

    def _shown(self, progress: RunProgress) -> AbstractContextManager[None]:
        if self.options.quiet or (progress.files == 1 and progress.bytes < _SMALL):
            return contextlib.nullcontext()
        return show_progress(
            progress,
            self.options.terminal,
            lambda line: self.warn(Message(line, "progress", "info", progress.fields())),
        )

    def _report(self, progress: RunProgress, done: int, settings: dict[str, Any]) -> dict[str, Any]:
        """The content of the summary file. ``done`` is the number of results of this run."""
        read = progress.meter.counts.read
        return {
            "files": len(self.plan.tasks), "done_before": self.summary.up_to_date, "done_now": done,
            **self.summary.report(),
            "bytes": self.summary.bytes, "bytes_read_now": read,
            "seconds": round(progress.seconds, 3), "mb_per_second": round(read / progress.seconds / 1e6, 3),
            "model": settings["model"], "settings": settings,
        }  # fmt: skip


_NOTHING: AbstractContextManager[None] = contextlib.nullcontext()


@contextlib.contextmanager
def _working(runner: TaskRunner, tasks: tuple[Task, ...], jobs: int) -> Iterator[tuple[Meter, Generator[Outcome]]]:
    """A meter for all processes, and the outcomes of tasks, which run while these are asked for."""
    if jobs == 1:  # without importing what other processes need
        meter = Meter()
        yield meter, (runner(task, meter) for task in tasks)
        return
    from detector.corpus.workers import Workers

    workers = Workers(runner, lost, jobs)
    here, others = shared_out(tasks)
    with workers.meter() as meter:
        yield meter, workers.results(others, meter, here)


def _unless_nothing_done() -> AbstractContextManager[None]:
    return contextlib.suppress(_NothingDoneError)


def _counted(outcomes: Iterable[Outcome], progress: RunProgress) -> Iterator[Outcome]:
    """Count the files that are finished, also those whose outcomes are then held back."""
    for outcome in outcomes:
        progress.done += 1
        yield outcome
