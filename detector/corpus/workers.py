"""A pool of worker processes that run one function on many tasks, and that survives workers that die.

Each worker has a connection of its own, and this process waits on all of them. Nothing is shared that a dying worker
could leave locked, and no thread of this process has a part in it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from detector.corpus.progress import Meter
from detector.corpus.worker import GRACE, Finished, Raised, Ready, serve
from detector.errors import DetectorError
from detector.util.signals import stop_signals_deferred
from detector.util.threads import VARIABLES

if TYPE_CHECKING:
    from collections.abc import MutableSequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

_STARTS = 5  # that may fail in a row, besides one of each worker; those that fail together count as one
# Characters of arguments that fit into the pipe through which a worker gets them; more would wait for a dead worker.
_ARGUMENTS = 10_000
_PAUSE = 0.1  # seconds before the first of them; it doubles with each


class WorkersError(DetectorError):
    """Worker processes cannot be started."""


@dataclass(frozen=True)
class Workers(Generic[TaskT, ResultT]):
    """``jobs`` processes that call ``work`` with each task and the meter. With one job, no other process is started.

    ``work`` is pickled once. If a process dies (out of memory, say), another one takes its place, and the task that it
    ran is tried again after all others, alone. ``lost`` makes the result of a task whose process has died twice. Few
    tasks are taken from their iterator before a worker needs them.
    """

    work: Callable[[TaskT, Meter], ResultT]
    lost: Callable[[TaskT], ResultT]
    jobs: int

    @contextlib.contextmanager
    def meter(self) -> Iterator[Meter]:
        """A meter on which all processes count."""
        if self.jobs == 1:
            yield Meter()
        else:
            import multiprocessing

            cells = multiprocessing.get_context("spawn").Array("q", Meter.CELLS * self.jobs, lock=False)
            yield Meter(cast("MutableSequence[int]", cells))

    def results(self, tasks: Iterable[TaskT], meter: Meter, here: Iterable[TaskT] = ()) -> Generator[ResultT]:
        """Yield the result of each task as soon as it is finished, in any order.

        This process runs the tasks ``here`` itself, before the others: those that read standard input, which other
        processes do not have.

        If the generator is closed early, the tasks in flight are stopped. Raises `WorkersError` if no process can be
        started, and what ``work`` raises.
        """
        for task in chain(here, tasks) if self.jobs == 1 else here:
            yield self.work(task, meter)
        if self.jobs == 1:
            return
        function = pickle.dumps(self.work)
        died: list[TaskT] = []
        with _one_thread_per_worker():
            with _Pool[TaskT, ResultT](function, meter, self.jobs) as pool:
                yield from pool.results(tasks, died.append)
            if died:
                lost: list[TaskT] = []
                with _Pool[TaskT, ResultT](function, meter, 1) as pool:
                    yield from pool.results(died, lost.append)
                yield from map(self.lost, lost)


@dataclass(eq=False)
class _Worker(Generic[TaskT]):
    """A worker process. ``task`` is the task that it has if it is ``busy``; it gets none before it is ``ready``.

    ``counts`` are its cells of the meter as they were before that task.
    """

    process: SpawnProcess
    connection: Connection
    slot: int
    counts: tuple[int, ...]
    ready: bool = False
    dead: bool = False
    busy: bool = False
    task: TaskT | None = None


class _Pool(Generic[TaskT, ResultT]):
    """Worker processes for a function, which is given as its pickle. They end with the block."""

    def __init__(self, function: bytes, meter: Meter, jobs: int) -> None:
        self._function = function
        self._meter = meter
        self._jobs = jobs
        self._workers: list[_Worker[TaskT]] = []
        self._given_back: deque[TaskT] = deque()  # by workers that died before they began
        self._exhausted = False
        self._failed_starts = 0

    def __enter__(self) -> _Pool[TaskT, ResultT]:
        return self

    def __exit__(self, *_: object) -> None:
        _stop(self._workers)

    def results(self, tasks: Iterable[TaskT], died: Callable[[TaskT], object]) -> Iterator[ResultT]:
        """Yield the results of tasks. ``died`` is called with each task whose worker died while it ran."""
        from multiprocessing.connection import wait

        remaining = iter(tasks)
        for slot in range(self._jobs):
            self._start(slot)
        while self._hand_out(remaining):
            readable = set(wait([worker.connection for worker in self._workers]))
            for worker in [one for one in self._workers if one.connection in readable]:
                message = self._receive(worker)
                if message is not None:
                    self._hand_out(remaining)  # the worker need not wait until its result is dealt with
                    yield message.result
            self._replace_dead(died)

    def _start(self, slot: int) -> None:
        with stop_signals_deferred(spawn=True):
            self._workers.append(_start(self._meter, slot))

    def _hand_out(self, remaining: Iterator[TaskT]) -> bool:
        """Give a task to each worker that is free. False if all tasks are finished."""
        for worker in self._workers:
            if worker.ready and not worker.busy and not worker.dead:
                self._give_task(worker, remaining)
        return not self._exhausted or bool(self._given_back) or any(worker.busy for worker in self._workers)

    def _give_task(self, worker: _Worker[TaskT], remaining: Iterator[TaskT]) -> None:
        if self._given_back:
            task = self._given_back.popleft()
        else:
            try:
                task = next(remaining)
            except StopIteration:
                self._exhausted = True
                return
        try:
            worker.connection.send(task)
        except ConnectionError:
            worker.dead = True
            self._given_back.append(task)
        else:
            worker.busy, worker.task = True, task

    def _receive(self, worker: _Worker[TaskT]) -> Finished | None:
        """The next message of a worker, if that is a result."""
        try:
            message = worker.connection.recv()
            if isinstance(message, Ready) and message.function:
                worker.connection.send_bytes(self._function)
        except (EOFError, OSError):
            worker.dead = True
            return None
        if isinstance(message, Raised):
            raise message.error
        if isinstance(message, Finished):
            worker.busy, worker.task, worker.counts = False, None, message.counts
            return message
        if not message.function:
            worker.ready = True
            self._failed_starts = 0
        return None

    def _replace_dead(self, died: Callable[[TaskT], object]) -> None:
        """Start other workers in the place of those that have died. What these counted for a task does not count."""
        dead = [worker for worker in self._workers if worker.dead]
        if not dead:
            return
        self._workers = [worker for worker in self._workers if not worker.dead]
        _stop(dead)
        for worker in dead:
            self._meter.set_cells(worker.slot, worker.counts)
            if worker.busy:
                died(cast("TaskT", worker.task))
        if not all(worker.ready for worker in dead):
            self._count_failed_start(dead[-1])
        for worker in dead:
            self._start(worker.slot)

    def _count_failed_start(self, worker: _Worker[TaskT]) -> None:
        """Wait before another start, or raise `WorkersError` if too many have failed."""
        self._failed_starts += 1
        more = self._failed_starts - self._jobs
        if more > _STARTS:
            raise WorkersError(
                f"no worker process can start: {self._failed_starts} died in a row, the last one with the exit code "
                f"{worker.process.exitcode}; if memory is short, try fewer --jobs"
            )
        if more > 0:
            time.sleep(_PAUSE * 2 ** (more - 1))


def _start(meter: Meter, slot: int) -> _Worker[Any]:
    import multiprocessing

    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(theirs, meter.cells, slot), daemon=True)
    arguments = sys.argv
    if sum(map(len, arguments)) > _ARGUMENTS:
        sys.argv = arguments[:1]
    try:
        process.start()
    except OSError as error:
        raise WorkersError(f"no worker process can start: {error.strerror}; try fewer --jobs") from error
    finally:
        sys.argv = arguments
        theirs.close()
    return _Worker(process, ours, slot, meter.cells_of(slot))


def _stop(workers: Iterable[_Worker[Any]]) -> None:
    """End workers. Those that are busy have some time to remove their half-written files."""
    last = time.monotonic() + GRACE
    try:
        for worker in workers:
            (worker.process.terminate if worker.busy else worker.process.kill)()
        for worker in workers:
            worker.process.join(max(last - time.monotonic(), 0.0))
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()
            worker.connection.close()


@contextlib.contextmanager
def _one_thread_per_worker() -> Iterator[None]:
    """Let the workers use one thread each for matrix products, through their environment: more would only compete."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
