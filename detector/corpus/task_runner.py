"""Run one task, in this process or in a worker process, and report its outcome."""

from __future__ import annotations

import contextlib
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from detector.backend.switch import PROCESS
from detector.corpus.manifest import Stamp
from detector.corpus.one_file import Sidecars
from detector.corpus.plan import Task
from detector.corpus.progress import Meter
from detector.corpus.summary import Summary
from detector.errors import DataError
from detector.util.output import open_output


@dataclass(frozen=True)
class Outcome:
    """The outcome of a task.

    ``source`` is the stamp of its input from before it was read; ``failure`` is the reason if the task failed.
    ``removed``, ``rejected`` and ``decisions`` are temporary files with lines for the files of the run.
    """

    task: Task
    source: Stamp | None
    summary: Summary
    failure: str | None = None
    removed: Path | None = None
    rejected: Path | None = None
    decisions: Path | None = None


class TaskFunction(Protocol):
    """A function that runs a task, such as `detector.corpus.one_file.Run.clean`."""

    def __call__(self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter) -> None:
        """Run a task, and count it in ``summary``."""


@dataclass(frozen=True)
class TaskRunner:
    """Runs ``function`` on tasks. The lines for sidecars go into temporary files in the folder ``scratch``.

    ``expected`` is the number of bytes that the process will probably read in all, 0 if unknown.
    """

    function: TaskFunction
    scratch: Path
    with_removed: bool = False
    with_decisions: bool = False
    expected: int = 0

    def __call__(self, task: Task, meter: Meter) -> Outcome:
        """Run a task. A failure to read or write is part of the outcome.

        Other errors are raised: `OutputError`, for all further tasks would fail likewise, and `BrokenPipeError`.
        """
        PROCESS.expect(self.expected)
        source = Stamp.of(task.source)
        summary = Summary(bytes=source.size if source else 0)
        with (
            self._temporary_file(self.with_removed) as removed,
            self._temporary_file(True) as rejected,
            self._temporary_file(self.with_decisions) as decisions,
        ):
            paths = (Path(file.name) if file else None for file in (removed, rejected, decisions))
            outcome = Outcome(task, source, summary, None, *paths)
            try:
                self.function(task, summary, Sidecars(removed, rejected, decisions), meter)
            except BrokenPipeError:  # nobody reads standard output any more: the run ends
                raise
            except (OSError, DataError, MemoryError) as error:
                return replace(outcome, failure=_failure(task, error))
        return outcome

    def _temporary_file(self, wanted: bool) -> AbstractContextManager[BinaryIO | None]:
        if not wanted:
            return contextlib.nullcontext()
        return open_output(self.scratch / f"{secrets.token_hex(8)}.part", "xb", f"{self.scratch} (temporary files)")


def lost(task: Task) -> Outcome:
    """The outcome of a task whose process died twice."""
    reason = f"{task.name}: its process died twice, perhaps out of memory; try fewer --jobs, or split the file"
    return Outcome(task, None, Summary(), reason)


def _failure(task: Task, error: Exception) -> str:
    """The reason of a failure, with the name of the input in front."""
    reason = str(error)
    return reason if reason.startswith(task.name) else f"{task.name}: {reason}"
