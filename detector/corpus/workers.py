"""A pool of worker processes that run one function on many tasks, and that survives workers that die."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from detector.corpus.progress import Meter
from detector.util.threads import VARIABLES

if TYPE_CHECKING:
    from collections.abc import MutableSequence
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.sharedctypes import Synchronized

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

_TASKS_PER_WORKER = 2  # submitted at a time: one that runs, one that waits
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Workers(Generic[TaskT, ResultT]):
    """``jobs`` processes that call ``work`` with each task and the meter. With one job, no other process is started.

    ``work`` is pickled once for each process. If a process dies (out of memory, say), the tasks that were in flight are
    tried again, each alone. ``lost`` makes the result of a task whose process has died twice. Few tasks are taken from
    their iterator before a worker needs them.
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

    def results(self, tasks: Iterable[TaskT], meter: Meter) -> Generator[ResultT]:
        """Yield the result of each task as soon as it is finished, in any order.

        If the generator is closed early, the tasks in flight are stopped.
        """
        if self.jobs == 1:
            for task in tasks:
                yield self.work(task, meter)
            return
        yield from _Pool(self, meter).results(tasks)


class _Pool(Generic[TaskT, ResultT]):
    """Runs tasks in executors. When a worker dies, its executor breaks, and another one is started."""

    def __init__(self, workers: Workers[TaskT, ResultT], meter: Meter) -> None:
        self._workers = workers
        self._meter = meter
        self._to_retry: deque[TaskT] = deque()  # in flight when a worker died; one of them may have killed it

    def results(self, tasks: Iterable[TaskT]) -> Iterator[ResultT]:
        remaining = iter(tasks)
        with _one_thread_per_worker():
            while True:
                with _executor(self._workers, self._meter) as executor:
                    yield from self._run_until_broken(executor, remaining)
                if not self._to_retry:
                    return
                yield from self._retry_each_alone()

    def _run_until_broken(self, executor: ProcessPoolExecutor, remaining: Iterator[TaskT]) -> Iterator[ResultT]:
        """Run tasks until none remains, or a worker dies; then `_to_retry` has the tasks that were in flight."""
        from concurrent.futures import FIRST_COMPLETED, wait
        from concurrent.futures.process import BrokenProcessPool

        in_flight: dict[Future[ResultT], TaskT] = {}
        self._submit(executor, remaining, in_flight)
        while in_flight:
            for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
                task = in_flight.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    self._to_retry.append(task)
                else:
                    yield result
            self._submit(executor, remaining, in_flight)

    def _submit(
        self, executor: ProcessPoolExecutor, remaining: Iterator[TaskT], in_flight: dict[Future[ResultT], TaskT]
    ) -> None:
        """Submit as many tasks as there is room for; none after a worker has died."""
        from concurrent.futures.process import BrokenProcessPool

        room = 0 if self._to_retry else _TASKS_PER_WORKER * self._workers.jobs - len(in_flight)
        for task in islice(remaining, room):
            try:
                with _signals_deferred():
                    in_flight[executor.submit(_run_task, task)] = task
            except BrokenProcessPool:
                self._to_retry.append(task)

    def _retry_each_alone(self) -> Iterator[ResultT]:
        """Run each task in a process of its own. If that dies as well, this task is what kills its process."""
        from concurrent.futures.process import BrokenProcessPool

        while self._to_retry:
            task = self._to_retry.popleft()
            with _executor(self._workers, self._meter, jobs=1) as executor:
                try:
                    with _signals_deferred():
                        future = executor.submit(_run_task, task)
                    result = future.result()
                except BrokenProcessPool:
                    result = self._workers.lost(task)
            yield result


@contextlib.contextmanager
def _executor(workers: Workers[Any, Any], meter: Meter, jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """An executor for `_run_task`. If the block raises, its processes are terminated."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    before = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    arguments = (workers.work, meter.cells, spawn.Value("i", 0))
    executor = ProcessPoolExecutor(jobs or workers.jobs, spawn, _initialize, arguments)
    try:
        yield executor
    except BaseException:  # also when the generator is closed: nobody waits for the tasks in flight
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _signals_deferred() -> Iterator[None]:
    """Defer `_STOP_SIGNALS` while processes are started; one that is half started could not be stopped properly.

    A process that is started meanwhile inherits the blocked signals, until it has set its own handlers.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main thread handles signals
        yield
        return
    deferred: list[int] = []
    handlers = [signal.signal(number, lambda received, _: deferred.append(received)) for number in _STOP_SIGNALS]
    blocked_before = _block_signals(_STOP_SIGNALS)
    try:
        yield
    finally:
        _block_signals(blocked_before, replace=True)
        for number, handler in zip(_STOP_SIGNALS, handlers, strict=True):
            signal.signal(number, handler)
        for received in deferred:
            signal.raise_signal(received)


def _block_signals(numbers: Iterable[int], replace: bool = False) -> Iterable[int]:
    """Block signals, in addition to or in place of those that are blocked. Returns those that were blocked before."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return ()
    return signal.pthread_sigmask(signal.SIG_SETMASK if replace else signal.SIG_BLOCK, numbers)


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


# In a worker process


@dataclass
class _Worker:
    """The state of this process, if it is a worker. Without ``work``, it exits after its task."""

    work: Callable[[Any, Meter], Any] | None = None
    meter: Meter = field(default_factory=Meter)
    busy: bool = False


_worker = _Worker()


def _initialize(work: Callable[[Any, Meter], Any], cells: MutableSequence[int], started: Synchronized[int]) -> None:
    """Prepare this process for tasks. ``started``, the number of workers started before, is its slot of the meter."""
    with started.get_lock():
        _worker.work, _worker.meter = work, Meter(cells, started.value)
        started.value += 1
    for number in _STOP_SIGNALS:
        signal.signal(number, _handle_stop)
    _block_signals((), replace=True)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _handle_stop(*_: object) -> None:
    """Exit at once between tasks; during a task, interrupt it, so that it removes its half-written files."""
    if not _worker.busy:
        os._exit(1)
    if _worker.work is not None:
        _worker.work = None
        raise KeyboardInterrupt


def _exit_with_parent() -> None:
    """Exit when the parent process does. One that is killed cannot stop its workers, which would wait for ever."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


def _run_task(task: Any) -> Any:  # noqa: ANN401 - the types are those of the work
    work = _worker.work
    _worker.busy = True
    try:
        return work and work(task, _worker.meter)
    finally:
        _worker.busy = False
        if _worker.work is None:
            # At once: waiting for the next task needs a lock, which a worker that has died may hold.
            os._exit(1)
