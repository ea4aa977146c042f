"""The work on one task, in this process or in another."""

from __future__ import annotations

import contextlib
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from detector.backend.switch import PROCESS
from detector.corpus.manifest import Stamp
from detector.corpus.one_file import Sidecars
from detector.corpus.plan import Task
from detector.corpus.progress import Meter
from detector.corpus.summary import Summary
from detector.errors import DataError


@dataclass(frozen=True)
class Outcome:
    """The outcome of a task.

    ``removed``, ``rejected`` and ``decisions`` are files of lines to be added to those of the run.
    """

    task: Task
    source: Stamp | None
    summary: Summary
    failure: str | None = None
    removed: Path | None = None
    rejected: Path | None = None
    decisions: Path | None = None


class TaskFunction(Protocol):
    """What is done with a task."""

    def __call__(self, task: Task, summary: Summary, sidecars: Sidecars, meter: Meter) -> None:
        """Do a task, and count it in ``summary``."""


@dataclass(frozen=True)
class TaskRunner:
    """Does a task; the lines that it writes beside the result go into files of the folder ``scratch``.

    ``expected`` is the number of bytes that the process will read in all, as far as that is known.
    """

    function: TaskFunction
    scratch: Path
    with_removed: bool = False
    with_decisions: bool = False
    expected: int = 0

    def __call__(self, task: Task, meter: Meter) -> Outcome:
        PROCESS.expect(self.expected)
        source = Stamp.of(task.source)
        summary = Summary(bytes=source.size if source else 0)
        with (
            self._part(self.with_removed) as removed,
            self._part(True) as rejected,
            self._part(self.with_decisions) as decisions,
        ):
            parts = (Path(part.name) if part else None for part in (removed, rejected, decisions))
            outcome = Outcome(task, source, summary, None, *parts)
            try:
                self.function(task, summary, Sidecars(removed, rejected, decisions), meter)
            except BrokenPipeError:
                raise
            except (OSError, DataError, MemoryError) as error:
                return replace(outcome, failure=_failure(task, error))
        return outcome

    def _part(self, wanted: bool) -> AbstractContextManager[BinaryIO | None]:
        if not wanted:
            return contextlib.nullcontext()
        return cast("BinaryIO", tempfile.NamedTemporaryFile(dir=self.scratch, delete=False))


def lost(task: Task) -> Outcome:
    """The outcome of a task whose process died twice."""
    reason = f"{task.name}: the process that worked on it died, twice; it may have run out of memory"
    return Outcome(task, None, Summary(), reason)


def _failure(task: Task, error: Exception) -> str:
    reason = str(error)
    return reason if reason.startswith(task.name) else f"{task.name}: {reason}"
