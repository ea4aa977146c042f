"""A check in a forked child, while a thread of the parent is at work."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

WAIT = 30  # seconds; only a test that fails waits so long
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@contextmanager
def at_work(work: Callable[[Callable[[], None]], object]) -> Iterator[None]:
    """A thread calls ``work`` with a function that does not return before the ``with`` block ends."""
    begun, done = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        done.wait(WAIT)

    thread = threading.Thread(target=work, args=(wait,))
    thread.start()
    try:
        assert begun.wait(WAIT)
        yield
    finally:
        done.set()
        thread.join()


def holds_in_child(check: Callable[[], object]) -> bool:
    """Whether ``check`` is true in a forked child; a child that hangs is killed."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # a process with threads is forked
        child = os.fork()
    if not child:
        code = 1
        try:
            signal.alarm(WAIT)
            code = 0 if check() else 1
        finally:  # also if the check raises: the child is no second run of the tests
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0
