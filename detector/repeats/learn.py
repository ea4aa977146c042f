"""Counts the paragraphs of many files in several processes, and writes those that repeat."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from detector.corpus.collector import Collector, Sinks, Warn
from detector.corpus.messages import Message
from detector.corpus.plan import Plan, Task
from detector.corpus.progress import Meter, RunProgress, show_progress
from detector.corpus.sidecar import sidecar
from detector.corpus.stamps import Stamp
from detector.corpus.summary import Summary
from detector.corpus.task_runner import Outcome, TaskRunner, lost, shared_out
from detector.corpus.workers import Workers
from detector.evidence.repeats_file import RepeatedParagraphs
from detector.repeats.counter import RepeatCounter
from detector.repeats.reading import Reading
from detector.repeats.summing import ALL, Pruning
from detector.util.atomic import is_stream, working_in

_SMALL = 10 << 20  # bytes; fewer need no progress bar
_GROUPS = 4  # of files for each process, so that all have work until the end


@dataclass(frozen=True)
class Options:
    """The options of a run, as `detector.corpus.options.Options` has them.

    With ``partial``, all counts are written, to be merged with others; else those that ``pruning`` leaves.
    """

    jobs: int = 1
    rejected: Path | None = None
    pruning: Pruning = ALL
    partial: bool = False
    quiet: bool = True
    terminal: bool = False


class Learned(NamedTuple):
    """What a run has done. ``repeats`` is None where all counts were written, or nothing."""

    summary: Summary
    repeats: RepeatedParagraphs | None


class _Counted(NamedTuple):
    """The outcomes of some tasks, and the temporary files with their counts."""

    outcomes: list[Outcome]
    runs: list[Path]


def learn(plan: Plan, reading: Reading, output: Path, options: Options, warn: Warn) -> Learned:
    """Count the paragraphs of all inputs, and write the file ``output``.

    An input that fails is counted in the summary, and the run goes on; what was read of it before counts. Nothing is
    written if all fail, or too many records are rejected. Raises `DataError` if another run is writing to the same
    file, or it cannot be written; `OutputError` if a disk is full.
    """
    summary = Summary()
    collector = Collector(summary, warn)
    collector.pass_over(plan.passed_over)
    with _scratch(output) as scratch, RepeatCounter(scratch, reading.paragraphs, rows=1) as counter:
        with sidecar(options.rejected) as rejected:
            sinks = Sinks(rejected=rejected)
            for counted in _counted(plan, reading, options, scratch, warn):
                for outcome in counted.outcomes:
                    collector.add(outcome, sinks)
                counter.take(counted.runs)
                if collector.too_many_rejected(reading.max_rejected):
                    return _nothing_written(output, summary, warn)
        if plan.tasks and not collector.done:
            return _nothing_written(output, summary, warn)
        if options.partial:
            counter.write_partial(output)
            return Learned(summary, None)
        return Learned(summary, counter.write(output, options.pruning))


def _nothing_written(output: Path, summary: Summary, warn: Warn) -> Learned:
    warn(Message(f"{output}: was not written", "failed", "error", {"file": str(output)}))
    return Learned(summary, None)


def merge(paths: Sequence[Path], output: Path, pruning: Pruning, partial: bool = False) -> RepeatedParagraphs | None:
    """Merge files of all counts into one of repeated paragraphs, which is returned, or of all counts.

    Raises `UsageError` or `DataError` for what is no such file, `DataError` or `OutputError` as `learn` does.
    """
    with _scratch(output) as scratch, RepeatCounter(scratch, rows=1) as counter:
        counter.add_files(paths)
        if partial:
            counter.write_partial(output)
            return None
        return counter.write(output, pruning)


@contextlib.contextmanager
def _scratch(output: Path) -> Iterator[Path]:
    """A folder for temporary files beside the output, which no other run uses. It is deleted at the end."""
    if is_stream(output):
        with tempfile.TemporaryDirectory(prefix="detector-repeats-") as folder:
            yield Path(folder)
        return
    own = output.with_name(f".{output.name}.detector-counts")
    with working_in(own) as scratch:
        try:
            yield scratch
        finally:
            shutil.rmtree(own, ignore_errors=True)


def _counted(plan: Plan, reading: Reading, options: Options, scratch: Path, warn: Warn) -> Iterator[_Counted]:
    """The counts of groups of inputs."""
    tasks = plan.tasks
    jobs = min(options.jobs, max(len(tasks), 1))
    size = sum(stamp.size for task in tasks if (stamp := Stamp.of(task.source)))
    here, others = shared_out(tasks)
    groups = _groups(others, 1 if jobs == 1 else jobs * _GROUPS)
    workers = Workers(partial(_count, reading=reading, scratch=scratch), _lost, jobs)
    with workers.meter() as meter:
        progress = RunProgress(meter, len(tasks), size)
        shown = not options.quiet and (len(tasks) > 1 or size >= _SMALL)
        with (
            _shown(progress, options.terminal, warn) if shown else contextlib.nullcontext(),
            contextlib.closing(workers.results(groups, meter, _groups(here, 1))) as results,
        ):
            for counted in results:
                progress.done += len(counted.outcomes)
                yield counted


def _shown(progress: RunProgress, terminal: bool, warn: Warn) -> contextlib.AbstractContextManager[None]:
    return show_progress(progress, terminal, lambda line: warn(Message(line, "progress", "info", progress.fields())))


def _groups(tasks: Sequence[Task], number: int) -> list[tuple[Task, ...]]:
    """Groups of tasks of about the same number."""
    return [group for first in range(number) if (group := tuple(tasks[first::number]))]


def _count(tasks: tuple[Task, ...], meter: Meter, reading: Reading, scratch: Path) -> _Counted:
    counter = RepeatCounter(scratch, reading.paragraphs)
    runner = TaskRunner(partial(reading.count, counter=counter), scratch)
    outcomes = [runner(task, meter) for task in tasks]
    return _Counted(outcomes, counter.release())


def _lost(tasks: tuple[Task, ...]) -> _Counted:
    return _Counted([lost(task) for task in tasks], [])
