"""Signals that ask a process to stop, while other processes are started."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stop_signals_deferred(*, spawn: bool) -> Iterator[None]:
    """Defer `STOP_SIGNALS` while processes are started; one that is half started could not be stopped properly.

    A process that is started meanwhile inherits the blocked signals, until it calls `handle_stop_signals`. ``spawn``
    says that multiprocessing starts new processes, not forks of this one.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main thread handles signals
        yield
        return
    deferred: list[int] = []
    handlers = [signal.signal(number, lambda received, _: deferred.append(received)) for number in STOP_SIGNALS]
    if sys.platform == "win32":
        blocked: Iterable[int] = ()
    else:
        if spawn:
            _start_resource_tracker()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in zip(STOP_SIGNALS, handlers, strict=True):
            signal.signal(number, handler)
        for received in deferred:
            signal.raise_signal(received)


def _start_resource_tracker() -> None:
    """Start the process that multiprocessing starts with the first of others, and that lets the signals in again."""
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()


def handle_stop_signals(handler: Callable[[int, Any], Any] | signal.Handlers) -> None:
    """Handle `STOP_SIGNALS` with ``handler`` in a process that was started while they were deferred; let them in."""
    for number in STOP_SIGNALS:
        signal.signal(number, handler)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
