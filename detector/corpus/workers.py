"""The same work on many tasks, in this process or in others, a task at a time in each."""

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

_AHEAD = 2  # tasks given out for each worker: one in work, one waiting
_STOPPING = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Workers(Generic[TaskT, ResultT]):
    """``jobs`` processes that do ``work``, which is pickled once for each; with one job, it is done in this process.

    ``work`` gets a task and the meter; ``lost`` makes a result of a task that twice took its process down with it
    (out of memory, say). A task is given out only when there is a worker for it soon.
    """

    work: Callable[[TaskT, Meter], ResultT]
    lost: Callable[[TaskT], ResultT]
    jobs: int

    @contextlib.contextmanager
    def meter(self) -> Iterator[Meter]:
        """A meter that the work counts on, wherever it is done."""
        if self.jobs == 1:
            yield Meter()
        else:
            import multiprocessing

            cells = multiprocessing.get_context("spawn").Array("q", Meter.CELLS * self.jobs, lock=False)
            yield Meter(cast("MutableSequence[int]", cells))

    def results(self, tasks: Iterable[TaskT], meter: Meter) -> Generator[ResultT]:
        """The results, in the order in which they come about. Left before the end, what is under way is stopped."""
        if self.jobs == 1:
            for task in tasks:
                yield self.work(task, meter)
            return
        yield from _Pool(self, meter).results(tasks)


class _Pool(Generic[TaskT, ResultT]):
    """Processes and what they have been given. A process that dies takes the pool with it, which is then made anew."""

    def __init__(self, workers: Workers[TaskT, ResultT], meter: Meter) -> None:
        self._workers = workers
        self._meter = meter
        self._suspects: deque[TaskT] = deque()  # were under way when a process died

    def results(self, tasks: Iterable[TaskT]) -> Iterator[ResultT]:
        waiting = iter(tasks)
        with _environment():
            while True:
                with _executor(self._workers, self._meter) as executor:
                    yield from self._until_broken(executor, waiting)
                if not self._suspects:
                    return
                yield from self._one_by_one()

    def _until_broken(self, executor: ProcessPoolExecutor, waiting: Iterator[TaskT]) -> Iterator[ResultT]:
        from concurrent.futures import FIRST_COMPLETED, wait
        from concurrent.futures.process import BrokenProcessPool

        given: dict[Future[ResultT], TaskT] = {}
        self._give_out(executor, waiting, given)
        while given:
            for future in wait(given, return_when=FIRST_COMPLETED).done:
                task = given.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    self._suspects.append(task)
                else:
                    yield result
            self._give_out(executor, waiting, given)

    def _give_out(
        self, executor: ProcessPoolExecutor, waiting: Iterator[TaskT], given: dict[Future[ResultT], TaskT]
    ) -> None:
        from concurrent.futures.process import BrokenProcessPool

        room = 0 if self._suspects else _AHEAD * self._workers.jobs - len(given)
        for task in islice(waiting, room):
            try:
                with _undisturbed():
                    given[executor.submit(_run_task, task)] = task
            except BrokenProcessPool:
                self._suspects.append(task)

    def _one_by_one(self) -> Iterator[ResultT]:
        """Do the suspects each in a process of its own: the one that dies again is the culprit."""
        from concurrent.futures.process import BrokenProcessPool

        while self._suspects:
            task = self._suspects.popleft()
            with _executor(self._workers, self._meter, jobs=1) as executor:
                try:
                    with _undisturbed():
                        future = executor.submit(_run_task, task)
                    result = future.result()
                except BrokenProcessPool:
                    result = self._workers.lost(task)
            yield result


@contextlib.contextmanager
def _executor(workers: Workers[Any, Any], meter: Meter, jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    setting = (workers.work, meter.cells, spawn.Value("i", 0))
    executor = ProcessPoolExecutor(jobs or workers.jobs, spawn, _initialize, setting)
    try:
        yield executor
    except BaseException:  # stopped: nobody waits for what is under way
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep signals waiting while processes are started: one that is half started could not be stopped properly.

    A process that is started meanwhile keeps them waiting, too, until it can deal with them.
    """
    if threading.current_thread() is not threading.main_thread():  # signals do not come here
        yield
        return
    waiting: list[int] = []
    handlers = [signal.signal(number, lambda got, _: waiting.append(got)) for number in _STOPPING]
    blocked = _blocked(_STOPPING)
    try:
        yield
    finally:
        _blocked(blocked, anew=True)
        for stopping, handler in zip(_STOPPING, handlers, strict=True):
            signal.signal(stopping, handler)
        for number in waiting:
            signal.raise_signal(number)


def _blocked(numbers: Iterable[int], anew: bool = False) -> Iterable[int]:
    """Block signals, ``anew`` these alone; those that were blocked before come back."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return ()
    return signal.pthread_sigmask(signal.SIG_SETMASK if anew else signal.SIG_BLOCK, numbers)


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """One thread for each worker's matrix products: they would stand in each other's way."""
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


# In a worker


@dataclass
class _Worker:
    """What this process, as a worker, does."""

    work: Callable[[Any, Meter], Any] | None = None
    meter: Meter = field(default_factory=Meter)
    busy: bool = False


_worker = _Worker()


def _initialize(work: Callable[[Any, Meter], Any], cells: MutableSequence[int], started: Synchronized[int]) -> None:
    with started.get_lock():
        _worker.work, _worker.meter = work, Meter(cells, started.value)
        started.value += 1
    for number in _STOPPING:
        signal.signal(number, _stop)
    _blocked((), anew=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _stop(*_: object) -> None:
    """Leave no half-written file of the task in work, and begin no other."""
    if not _worker.busy:
        os._exit(1)
    if _worker.work is not None:
        _worker.work = None
        raise KeyboardInterrupt


def _end_with_parent() -> None:
    """A parent that is killed cannot stop its workers, and they would wait for it for ever."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


def _run_task(task: Any) -> Any:  # noqa: ANN401 - the work says what they are
    work = _worker.work
    _worker.busy = True
    try:
        return work and work(task, _worker.meter)
    finally:
        _worker.busy = False
        if (
            _worker.work is None
        ):  # now, for it would wait for the next task, and another that has died may hold the lock
            os._exit(1)
