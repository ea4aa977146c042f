"""How far a run is: counted where the work is done, shown where a person looks."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, MutableSequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from rich.progress import Progress

_LINE_EVERY, _DRAW_EVERY = 10.0, 0.25  # seconds


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of the work under way: bytes read, documents, characters, and removed characters."""

    read: int
    documents: int
    characters: int
    removed: int


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts of the work under way. Processes may share the ``cells``, if each has a ``slot`` of its own.

    So they need no lock, which a process that is killed might hold for ever.
    """

    cells: MutableSequence[int] = field(default_factory=lambda: [0] * Meter.CELLS)
    slot: int = 0
    CELLS: ClassVar[int] = 4  # of a slot

    def add(self, *, read: int = 0, documents: int = 0, characters: int = 0, removed: int = 0) -> None:
        """Count more of each."""
        for number, more in enumerate((read, documents, characters, removed), self.CELLS * self.slot):
            self.cells[number] += more

    @property
    def counts(self) -> Counts:
        """The counts of all slots together."""
        cells = list(self.cells)
        return Counts(*(sum(cells[number :: self.CELLS]) for number in range(self.CELLS)))


@dataclass
class RunProgress:
    """How far a run is. ``bytes`` and ``files`` are those to do; ``done`` are files that are through."""

    meter: Meter
    files: int
    bytes: int
    done: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return max(time.monotonic() - self.started, 1e-6)

    def line(self) -> str:
        """The progress as one line."""
        counts = self.meter.counts
        rate = counts.read / self.seconds / 1e6
        share = f", {counts.removed / counts.characters:.1%} of the characters removed" if counts.characters else ""
        return f"{self.done:,} of {self.files:,} files, {counts.documents:,} documents, {rate:.1f} MB/s{share}"

    def left(self) -> str:
        """The time left, judged by the bytes read so far."""
        read = self.meter.counts.read
        if not read or self.bytes <= read:
            return ""
        minutes, seconds = divmod(round(self.seconds * (self.bytes - read) / read), 60)
        return f", {minutes // 60}:{minutes % 60:02}:{seconds:02} left"


@contextlib.contextmanager
def show_progress(progress: RunProgress, terminal: bool, write: Callable[[str], None]) -> Iterator[None]:
    """Show a progress while the block runs: as a bar on a terminal, else as a line now and then."""
    with (
        _bar(progress) if terminal else contextlib.nullcontext(lambda: write(progress.line() + progress.left())) as show
    ):
        stop = threading.Event()
        thread = threading.Thread(
            target=_repeat, args=(show, stop, _DRAW_EVERY if terminal else _LINE_EVERY), daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            if terminal:
                show()


def _repeat(show: Callable[[], None], stop: threading.Event, seconds: float) -> None:
    while not stop.wait(seconds):
        show()


@contextlib.contextmanager
def _bar(progress: RunProgress) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    bar: Progress
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False) as bar:
        task = bar.add_task("", total=max(progress.bytes, 1))

        def show() -> None:
            bar.update(
                task, completed=progress.meter.counts.read, description=progress.line() + progress.left(), refresh=True
            )

        yield show
