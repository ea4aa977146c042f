"""The progress of a run: counted by the processes that read, shown on a terminal or as lines of a log."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import time
from collections.abc import Callable, Iterator, MutableSequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from rich.progress import Progress

_LOG_SECONDS, _DRAW_SECONDS = 10.0, 0.25


class Counts(NamedTuple):
    """What has been processed so far: bytes read, documents, characters, and removed characters."""

    read: int
    documents: int
    characters: int
    removed: int


class Meter:
    """Counters of what has been processed so far.

    Several processes may share the ``cells``, if each counts in its own ``slot``. So no lock is needed, which a killed
    process might never release.
    """

    CELLS = 4  # per slot

    def __init__(self, cells: MutableSequence[int] | None = None, slot: int = 0) -> None:
        self.cells = [0] * self.CELLS if cells is None else cells
        self.slot = slot

    def add(self, *, read: int = 0, documents: int = 0, characters: int = 0, removed: int = 0) -> None:
        """Add to the counts of this slot."""
        for number, more in enumerate((read, documents, characters, removed), self.CELLS * self.slot):
            self.cells[number] += more

    def cells_of(self, slot: int) -> tuple[int, ...]:
        """The cells of a slot, for `set_cells`."""
        return tuple(self.cells[self.CELLS * slot : self.CELLS * (slot + 1)])

    def set_cells(self, slot: int, cells: tuple[int, ...]) -> None:
        """Set the cells of a slot back to what they were."""
        self.cells[self.CELLS * slot : self.CELLS * (slot + 1)] = cells

    @property
    def counts(self) -> Counts:
        """The sums over all slots."""
        cells = list(self.cells)
        return Counts(*(sum(cells[number :: self.CELLS]) for number in range(self.CELLS)))


class RunProgress:
    """The progress of a run.

    ``files`` and ``bytes`` are the size of all its inputs; ``done`` is the number of files that are finished, also with
    a failure; ``started`` is a time of `time.monotonic`.
    """

    def __init__(self, meter: Meter, files: int, bytes: int, done: int = 0, started: float | None = None) -> None:
        self.meter = meter
        self.files = files
        self.bytes = bytes
        self.done = done
        self.started = time.monotonic() if started is None else started

    @property
    def seconds(self) -> float:
        """The seconds since the start, never 0."""
        return max(time.monotonic() - self.started, 1e-6)

    def line(self) -> str:
        """The progress as one line of text."""
        counts = self.meter.counts
        rate = counts.read / self.seconds / 1e6
        share = f", {counts.removed / counts.characters:.1%} of the characters removed" if counts.removed else ""
        return f"{self.done:,} of {self.files:,} files, {counts.documents:,} documents, {rate:.1f} MB/s{share}"

    def fields(self) -> dict[str, int | float]:
        """The progress as JSON values."""
        counts = self.meter.counts
        values: dict[str, int | float] = {"done": self.done, "files": self.files, "documents": counts.documents}
        return {**values, "bytes_read": counts.read, "seconds": round(self.seconds, 1)}

    def time_left(self) -> str:
        """The time left, estimated from the bytes read so far: ``, 0:00:06 left``; empty if it is not known."""
        read = self.meter.counts.read
        if not read or self.bytes <= read:
            return ""
        minutes, seconds = divmod(round(self.seconds * (self.bytes - read) / read), 60)
        return f", {minutes // 60}:{minutes % 60:02}:{seconds:02} left"


@contextlib.contextmanager
def show_progress(progress: RunProgress, terminal: bool, write: Callable[[str], object]) -> Iterator[None]:
    """Show the progress while the block runs: a bar on a terminal, else a line every ten seconds through ``write``."""

    def log() -> None:
        write(_line(progress))

    with _progress_bar(progress) if terminal else contextlib.nullcontext(log) as show:
        stop = threading.Event()
        seconds = _DRAW_SECONDS if terminal else _LOG_SECONDS
        thread = threading.Thread(target=_call_every, args=(seconds, show, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            if terminal:
                show()


def _line(progress: RunProgress) -> str:
    return progress.line() + progress.time_left()


def _call_every(seconds: float, show: Callable[[], object], stop: threading.Event) -> None:
    while not stop.wait(seconds):
        show()


@contextlib.contextmanager
def _progress_bar(progress: RunProgress) -> Iterator[Callable[[], None]]:
    """A bar on standard error; the function that it yields redraws it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    bar: Progress
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False) as bar:
        task = bar.add_task("", total=max(progress.bytes, 1))

        def show() -> None:
            bar.update(task, completed=progress.meter.counts.read, description=_line(progress), refresh=True)

        yield show


def counting(file: io.FileIO, meter: Meter) -> io.RawIOBase:
    """A file that counts the bytes read from it on a meter."""
    return _CountingFile(file, meter)


class _CountingFile(io.RawIOBase):
    def __init__(self, file: io.FileIO, meter: Meter) -> None:
        self._file = file
        self._meter = meter

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: WriteableBuffer) -> int:
        count = self._file.readinto(buffer) or 0
        self._meter.add(read=count)
        return count
