"""A worker process: it runs one function on the tasks that arrive on its connection, until that is closed."""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, MutableSequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from detector.corpus.progress import Meter
from detector.util.signals import handle_stop_signals

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

GRACE = 5.0  # seconds for an interrupted task to remove its half-written files


@dataclass(frozen=True)
class Ready:
    """The worker waits: for the function if ``function`` is true, else for tasks."""

    function: bool = False


@dataclass(frozen=True)
class Finished:
    """A task has been run. ``counts`` are the worker's cells of the meter after it."""

    result: Any
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Raised:
    """The function raised an error that is none of a task's own."""

    error: Exception


@dataclass
class _State:
    busy: bool = False
    stopped: bool = False


_state = _State()


def serve(connection: Connection, cells: MutableSequence[int], slot: int) -> None:
    """Run the tasks that arrive. The first message is the function: as an argument of this process it might not
    fit into the pipe through which a process gets its arguments, and its parent would wait for one that is dead.

    The process exits when the connection is closed, its parent ends, or a signal stops it.
    """
    handle_stop_signals(_handle_stop)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        connection.send(Ready(function=True))
        function = _received(connection)
        meter = Meter(cells, slot)
        connection.send(Ready())
        while True:
            _send(connection, _run(function, _received(connection), meter))
    os._exit(1 if _state.stopped else 0)


def _received(connection: Connection) -> Any:  # noqa: ANN401 - whatever was sent
    """The next message. Raises `EOFError` if the parent was killed, also while it was sending."""
    try:
        return connection.recv()
    except OSError as error:
        if error.errno is not None:
            raise
        raise EOFError("the message was cut") from error


def _run(function: Callable[[Any, Meter], Any], task: Any, meter: Meter) -> Finished | Raised:  # noqa: ANN401
    with _busy():
        try:
            return Finished(function(task, meter), meter.cells_of(meter.slot))
        except Exception as error:
            error.add_note("in a worker process:\n" + "".join(traceback.format_tb(error.__traceback__)))
            return Raised(error)


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    _state.busy = True
    try:
        yield
    finally:
        _state.busy = False
        if _state.stopped:  # and the task has ended in spite of it
            os._exit(1)


def _send(connection: Connection, message: Finished | Raised) -> None:
    """Send a message. An error that cannot be pickled is sent as its text."""
    if isinstance(message, Raised):
        try:
            pickle.dumps(message)
            copy.copy(message.error)  # some errors can be pickled and not be made again
        except Exception:
            message = Raised(RuntimeError(f"{type(message.error).__name__}: {message.error}"))
    connection.send(message)


def _handle_stop(*_: object) -> None:
    """Exit at once between tasks; during a task, interrupt it, so that it removes its half-written files."""
    if _state.stopped:
        return
    _state.stopped = True
    if not _state.busy:
        os._exit(1)
    raise KeyboardInterrupt


def _stop_with_parent() -> None:
    """Stop when the parent process ends: one that is killed cannot stop its workers."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)  # interrupts also what waits
        time.sleep(GRACE)
    os._exit(1)
