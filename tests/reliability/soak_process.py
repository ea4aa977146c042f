"""One run of the command in the soak test: its processes are measured, killed and limited while it works."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

ROOT = Path(__file__).resolve().parents[2]
_POLL = 0.1  # seconds
_MEASURE_EVERY = 0.5  # seconds
_LEAVES_WITHIN = 20  # seconds in which workers must follow a main process that was killed


@dataclass(frozen=True)
class Faults:
    """What happens to a run. Times are in seconds since the first worker was seen.

    A random worker is killed about every ``kill_every``, ``kills`` of them at most. ``stop`` is sent to the main
    process at ``stop_at``. No file may grow above ``file_limit`` bytes, as on a disk that is full. The files
    ``vanishing`` are deleted, one about every half second.
    """

    kill_every: float = 0
    kills: int = 0
    stop: signal.Signals | None = None
    stop_at: float = 0
    file_limit: int | None = None
    vanishing: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, negative for a signal; its time in seconds; how many workers were killed.

    ``hung`` tells that it did not end in time, ``orphans`` is the number of workers that outlived the main process.
    """

    code: int
    seconds: float
    killed: int
    stopped: bool
    hung: bool
    orphans: int
    messages: str


@dataclass
class Memory:
    """Resident memory in megabytes over the time of all runs: (seconds, of all processes, of the largest one)."""

    samples: list[tuple[float, float, float]] = field(default_factory=list)
    before: float = 0  # seconds that earlier runs took

    def add(self, seconds: float, processes: Sequence[psutil.Process]) -> None:
        """Measure the processes now, ``seconds`` after the start of the run."""
        sizes = []
        for process in processes:
            with contextlib.suppress(psutil.Error):
                sizes.append(process.memory_info().rss / 1e6)
        if sizes:
            self.samples.append((round(self.before + seconds, 2), round(sum(sizes), 1), round(max(sizes), 1)))


def run_command(
    arguments: Sequence[object],
    folder: Path,
    scratch: Path,
    faults: Faults,
    random: Random,
    memory: Memory,
    limit: float,
) -> Ended:
    """Run ``detector`` with the arguments in a folder, with the faults. It is killed after ``limit`` seconds."""
    variables = {"PYTHONPATH": str(ROOT), "TMPDIR": str(scratch), "PYTHONIOENCODING": "utf-8"}
    log = scratch / "messages.txt"
    with open(log, "wb") as messages, _file_limit(faults.file_limit):
        process = subprocess.Popen(
            [sys.executable, "-m", "detector", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=messages,
            env={**os.environ, **variables},
            cwd=folder,
        )
    run = _Disturbed(process, faults, random, memory)
    run.watch(limit)
    orphans = run.wait_for_workers()
    memory.before += run.seconds
    text = log.read_text(encoding="utf-8", errors="replace")
    return Ended(process.returncode, run.seconds, run.killed, run.stopped, run.hung, orphans, text)


@contextlib.contextmanager
def _file_limit(size: int | None) -> Iterator[None]:
    """Processes that are started in the block inherit a limit on the size of their files, in bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (before[0] if size is None else size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class _Disturbed:
    """A process while it runs, and what is done to it."""

    def __init__(self, process: subprocess.Popen[bytes], faults: Faults, random: Random, memory: Memory) -> None:
        self._process, self._faults, self._random, self._memory = process, faults, random, memory
        self._start = time.perf_counter()
        self._vanishing = list(faults.vanishing)
        self._known: set[psutil.Process] = set()
        self.seconds, self.killed, self.stopped, self.hung = 0.0, 0, False, False

    def watch(self, limit: float) -> None:
        """Measure and disturb the process until it has ended."""
        next_measure, next_kill, next_vanishing = 0.0, self._after(self._faults.kill_every), self._after(0.5)
        began = limit  # when the first worker was seen
        while self._process.poll() is None:
            self.seconds = time.perf_counter() - self._start
            workers = self._workers()
            if workers:
                began = min(began, self.seconds)
            at_work = self.seconds - began
            if self.seconds > limit:
                self.hung = True
                self._process.kill()
            if self.seconds >= next_measure:
                self._memory.add(self.seconds, [psutil.Process(self._process.pid), *workers])
                next_measure = self.seconds + _MEASURE_EVERY
            if self.killed < self._faults.kills and at_work >= next_kill and workers:
                self._kill(self._random.choice(workers))
                next_kill = at_work + self._after(self._faults.kill_every)
            if self._vanishing and at_work >= next_vanishing:
                self._vanishing.pop().unlink()
                next_vanishing = at_work + self._after(0.5)
            if self._faults.stop and not self.stopped and at_work >= self._faults.stop_at:
                self._process.send_signal(self._faults.stop)
                self.stopped = True
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_POLL)
        self.seconds = time.perf_counter() - self._start

    def wait_for_workers(self) -> int:
        """Wait until no worker is left. Returns the number of those that had to be killed."""
        _, alive = psutil.wait_procs(list(self._known), timeout=_LEAVES_WITHIN)
        for worker in alive:
            worker.kill()
        return len(alive)

    def _after(self, seconds: float) -> float:
        return self._random.uniform(0.5, 1.5) * seconds

    def _workers(self) -> list[psutil.Process]:
        """The processes below the main process, without the helper of Python's multiprocessing."""
        workers = []
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if not any("resource_tracker" in word for word in child.cmdline()):
                        workers.append(child)
        self._known.update(workers)
        return workers

    def _kill(self, worker: psutil.Process) -> None:
        with contextlib.suppress(psutil.Error):
            worker.kill()
            self.killed += 1
