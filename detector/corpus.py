"""Clean many inputs: what is missing or changed, on several processes, so that nothing is lost when one breaks."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from detector import speed
from detector.errors import DataError
from detector.files import replacing, working_in
from detector.inputs import MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE, Plan, Task
from detector.lines import json_line
from detector.manifest import Manifest, Stamp, digest, settings_of
from detector.progress import Meter, State, shown
from detector.run import Run, Sides
from detector.sidecar import continued, exists, keep_lines, read_lines, sidecar
from detector.summary import Summary
from detector.workers import Workers

if TYPE_CHECKING:
    from detector.cleaner import Prediction
    from detector.formats import Record


_TOLD = 3  # rejected records of a file of which the reason is told
_SMALL = 10 << 20  # bytes of a single file that need no progress bar


@dataclass(frozen=True)
class Options:
    """How a run goes about it. ``terminal`` is whether messages go to a terminal; ``quiet`` leaves out progress."""

    jobs: int = 1
    force: bool = False
    removed: Path | None = None
    rejected: Path | None = None
    quiet: bool = True
    terminal: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a task. ``removed`` and ``rejected`` are files of lines to be added to those of the run."""

    task: Task
    source: Stamp | None
    summary: Summary
    failure: str | None = None
    removed: Path | None = None
    rejected: Path | None = None


class _Do(Protocol):
    def __call__(self, task: Task, summary: Summary, sides: Sides, meter: Meter) -> None:
        """Do a task, and count it in ``summary``."""


@dataclass(frozen=True)
class _Work:
    """The work on one task, in whatever process; lines beside the result go into files of ``scratch``.

    ``expected`` is how many bytes a process will read in all, as far as that is known.
    """

    do: _Do
    scratch: Path
    with_removed: bool = False
    expected: int = 0

    def __call__(self, task: Task, meter: Meter) -> Outcome:
        speed.expect(self.expected)
        source = Stamp.of(task.source)
        summary = Summary(bytes=source.size if source else 0)
        with self._part(self.with_removed) as removed, self._part(True) as rejected:
            parts = (Path(part.name) if part else None for part in (removed, rejected))
            outcome = Outcome(task, source, summary, None, *parts)
            try:
                self.do(task, summary, Sides(removed, rejected), meter)
            except BrokenPipeError:
                raise
            except (OSError, DataError, MemoryError) as error:
                return replace(outcome, failure=_failure(task, error))
        return outcome

    def _part(self, wanted: bool) -> AbstractContextManager[BinaryIO | None]:
        if not wanted:
            return contextlib.nullcontext()
        return cast("BinaryIO", tempfile.NamedTemporaryFile(dir=self.scratch, delete=False))


def clean_all(plan: Plan, run: Run, options: Options, warn: Callable[[str], None]) -> Summary:
    """Clean every input of a plan, and say what was done; an input that fails is counted, and the others go on.

    ``warn`` is called with a line for everything that went wrong. More than ``run.max_rejected`` records that cannot be
    read end the run. Raises `DataError` while another run writes to the same folder, `OSError` where what stands beside
    the results cannot be written.
    """
    if plan.folder is None:
        return _Pass(run, options, warn).alone(plan.tasks, run.clean)
    return _Pass(run, options, warn).corpus(plan.tasks, plan.folder)


def predict_all(
    tasks: Sequence[Task],
    run: Run,
    options: Options,
    use: Callable[[Record, Prediction], object],
    warn: Callable[[str], None],
) -> Summary:
    """Call ``use`` with every text of all inputs and the decisions on it; for the rest as `clean_all`."""
    return _Pass(run, options, warn).alone(tuple(tasks), partial(run.decide, use=use))


@dataclass
class _Sinks:
    """Where the lines of all inputs go."""

    removed: BinaryIO | None
    rejected: BinaryIO | None
    manifest: BinaryIO | None = None


@dataclass
class _Pass:
    """One pass over tasks."""

    run: Run
    options: Options
    warn: Callable[[str], None]
    summary: Summary = field(default_factory=Summary)

    def alone(self, tasks: tuple[Task, ...], do: _Do) -> Summary:
        """Clean inputs whose results stand by themselves."""
        with (
            tempfile.TemporaryDirectory(prefix="detector-") as scratch,
            sidecar(self.options.removed) as removed,
            sidecar(self.options.rejected) as rejected,
        ):
            work = _Work(do, Path(scratch), removed is not None)
            self._each(tasks, work, _Sinks(removed, rejected), None)
        return self.summary

    def corpus(self, tasks: tuple[Task, ...], folder: Path) -> Summary:
        """Clean the inputs whose results in a folder are missing or not up to date."""
        options = self.options
        settings = settings_of(self.run, options.removed)
        with working_in(folder) as scratch:
            manifest = Manifest(folder / MANIFEST_FILE, digest(settings))
            done = {} if self._anew() else {t.place: s for t in tasks if (s := manifest.done(t)) is not None}
            for summary in done.values():
                self.summary.merge(summary)
            keep_lines(folder / MANIFEST_FILE, lambda record: record.get("file") in done)
            with (
                continued(options.removed, lambda record: record.get("file") in done) as removed,
                continued(options.rejected or folder / REJECTED_FILE, lambda record: record.get("file") in done) as bad,
                open(folder / MANIFEST_FILE, "ab") as lines,
            ):
                work = _Work(partial(self.run.clean, scratch=scratch), scratch, removed is not None)
                pending = tuple(task for task in tasks if task.place not in done)
                state = self._each(pending, work, _Sinks(removed, bad, lines), manifest)
            with replacing(folder / SUMMARY_FILE, scratch) as file:
                file.write(json_line(self._report(state, len(tasks), len(done), settings)))
        return self.summary

    def _anew(self) -> bool:
        removed = self.options.removed
        return self.options.force or (removed is not None and not exists(removed))

    def _each(self, tasks: tuple[Task, ...], work: _Work, sinks: _Sinks, manifest: Manifest | None) -> State:
        size = sum(stamp.size for task in tasks if (stamp := Stamp.of(task.source)))
        jobs = min(self.options.jobs, max(len(tasks), 1))
        workers = Workers(replace(work, expected=size // jobs), _lost, jobs)
        with workers.meter() as meter:
            state = State(meter, len(tasks), size)
            with self._shown(state), contextlib.closing(workers.results(tasks, meter)) as outcomes:
                for outcome in outcomes:
                    self._take(outcome, sinks, manifest)
                    state.done += 1
                    if self._too_many():
                        break
        return state

    def _shown(self, state: State) -> AbstractContextManager[None]:
        if self.options.quiet or (state.files == 1 and state.bytes < _SMALL):
            return contextlib.nullcontext()
        return shown(state, self.options.terminal, self.warn)

    def _take(self, outcome: Outcome, sinks: _Sinks, manifest: Manifest | None) -> None:
        """Keep what came of a task; that it is done is written down last."""
        if outcome.rejected and outcome.summary.rejected:
            self._tell(outcome.task, outcome.rejected, outcome.summary.rejected)
        _move(outcome.rejected, sinks.rejected)
        if outcome.failure is not None:
            self.summary.failed.append(outcome.failure)
            self.summary.rejected += outcome.summary.rejected
            self.warn(f"not done: {outcome.failure}")
            return
        _move(outcome.removed, sinks.removed)
        self.summary.merge(outcome.summary)
        if manifest and sinks.manifest:
            manifest.add(sinks.manifest, outcome.task, outcome.source, outcome.summary)

    def _tell(self, task: Task, part: Path, number: int) -> None:
        """Say of a task's first rejected records what is wrong with them."""
        for rejected in islice(read_lines(part), _TOLD):
            self.warn(f"{task.name}:{rejected['record']}: rejected: {rejected['reason']}")
        if number > _TOLD:
            self.warn(f"{task.name}: {number:,} records rejected in all")

    def _too_many(self) -> bool:
        most = self.run.max_rejected
        if most is None or self.summary.rejected <= most:
            return False
        self.warn(f"stopped: {self.summary.rejected:,} records could not be read (--max-rejected {most})")
        return True

    def _report(self, state: State, files: int, done: int, settings: dict[str, Any]) -> dict[str, Any]:
        read = state.meter.counts.read
        return {
            "files": files, "done_before": done, "done_now": state.done - len(self.summary.failed),
            **self.summary.report(),
            "bytes": self.summary.bytes, "bytes_read_now": read,
            "seconds": round(state.seconds, 3), "mb_per_second": round(read / state.seconds / 1e6, 3),
            "model": settings["model"], "settings": settings,
        }  # fmt: skip


def _failure(task: Task, error: Exception) -> str:
    reason = str(error)
    return reason if reason.startswith(task.name) else f"{task.name}: {reason}"


def _lost(task: Task) -> Outcome:
    return Outcome(task, None, Summary(), f"{task.name}: the process that cleaned it died, twice; out of memory?")


def _move(part: Path | None, sink: BinaryIO | None) -> None:
    """Add a task's lines to those of the run."""
    if part is None:
        return
    if sink:
        with open(part, "rb") as lines:
            shutil.copyfileobj(lines, sink)
        sink.flush()
    part.unlink()
