"""Run one task, in this process or in a worker process, and report its outcome."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from detector.corpus.one_file import Sidecars
from detector.corpus.plan import Task
from detector.corpus.progress import Meter
from detector.corpus.staging import Stage, staging
from detector.corpus.stamps import Stamp
from detector.corpus.summary import Summary
from detector.errors import DataError
from detector.util.output import open_output
from detector.util.scratch import Scratch
from detector.util.urls import Url


class Outcome(NamedTuple):
    """The outcome of a task.

    ``source`` is the stamp of its input from before it was read; ``failure`` is the reason if the task failed;
    ``written`` is the stamp of a result that was written to a URL. ``removed``, ``rejected`` and ``decisions`` are
    temporary files with lines for the files of the run; None without lines.
    """

    task: Task
    source: Stamp | None
    summary: Summary
    failure: str | None = None
    written: Stamp | None = None
    removed: Path | None = None
    rejected: Path | None = None
    decisions: Path | None = None


class TaskFunction(Protocol):
    """A function that runs a task, such as `detector.corpus.one_file.Run.clean`."""

    def __call__(self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter) -> None:
        """Run a task, and count it in ``summary``."""


class TaskRunner:
    """Runs ``function`` on tasks. The lines for sidecars go into temporary files in the folder ``scratch``."""

    def __init__(
        self, function: TaskFunction, scratch: Path | Scratch, with_removed: bool = False, with_decisions: bool = False
    ) -> None:
        self._function = function
        self._scratch = scratch
        self._with_removed = with_removed
        self._with_decisions = with_decisions

    def __call__(self, task: Task, meter: Meter) -> Outcome:
        """Run a task. A failure to read or write is part of the outcome.

        Other errors are raised: `OutputError`, for all further tasks would fail likewise, and `BrokenPipeError`.
        """
        source = Stamp.of(task.source)
        summary = Summary(bytes=source.size if source else 0)
        failure = None
        with (
            staging(self._scratch) as stage,
            self._temporary_file(self._with_removed) as removed,
            _Lines(self._scratch) as rejected,
            self._temporary_file(self._with_decisions) as decisions,
        ):
            try:
                local = self._fetched(task, summary, stage)
                self._function(local, summary, Sidecars(removed, rejected, decisions), meter)
                stage.publish()
            except BrokenPipeError:  # nobody reads standard output any more: the run ends
                raise
            except (OSError, DataError, MemoryError) as error:
                failure = _failure(task, error)
        paths = (Path(file.name) if file else None for file in (removed, rejected.file, decisions))
        return Outcome(task, stage.source or source, summary, failure, stage.written, *paths)

    @staticmethod
    def _fetched(task: Task, summary: Summary, stage: Stage) -> Task:
        """The task with local files in the place of URLs, and their size in the summary."""
        if not isinstance(task.source, Url) and not isinstance(task.target, Url):
            return task
        local = stage.task(task)
        if isinstance(task.source, Url) and local.local_source:
            summary.bytes = local.local_source.stat().st_size
        return local

    def _temporary_file(self, wanted: bool) -> AbstractContextManager[BinaryIO | None]:
        return _temporary_file(self._scratch) if wanted else contextlib.nullcontext()


class _Lines:
    """Lines in a temporary file, which is made with the first of them."""

    def __init__(self, scratch: Path | Scratch) -> None:
        self.file: BinaryIO | None = None
        self._scratch = scratch

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file:
            self.file.close()

    def write(self, line: bytes) -> None:
        """Write a line. Raises `OutputError`."""
        self.file = self.file or _temporary_file(self._scratch)
        self.file.write(line)


def _temporary_file(scratch: Path | Scratch) -> BinaryIO:
    folder = scratch if isinstance(scratch, Path) else scratch.path
    return open_output(folder / f"{os.urandom(8).hex()}.part", "xb", f"{folder} (temporary files)")


def shared_out(tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    """The tasks that this process has to run, since they read standard input, and those that any process can run."""
    return [task for task in tasks if task.source is None], [task for task in tasks if task.source is not None]


def lost(task: Task) -> Outcome:
    """The outcome of a task whose process died twice."""
    reason = f"{task.name}: its process died twice, perhaps out of memory; try fewer --jobs, or split the file"
    return Outcome(task, None, Summary(), reason)


def _failure(task: Task, error: Exception) -> str:
    """The reason of a failure, with the name of the input in front."""
    reason = str(error)
    return reason if reason.startswith(task.name) else f"{task.name}: {reason}"
