"""Locks that a forked child can use, whatever the threads of its parent were doing."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any
from weakref import WeakSet


class ForkableLock:
    """A lock that is free in a forked child: the thread that held it in the parent does not exist there.

    What the lock guards has to be complete at every step, because the child sees the state at the fork.
    """

    def __init__(self) -> None:
        self.renew()
        _LOCKS.add(self)

    def held(self) -> AbstractContextManager[bool]:
        """What holds the lock for a ``with`` block."""
        return self._lock

    def renew(self) -> None:
        """Make the lock free."""
        self._lock = threading.Lock()


_LOCKS: WeakSet[ForkableLock] = WeakSet()


def _renew_all() -> None:
    for lock in list(_LOCKS):
        lock.renew()
    if sys.version_info < (3, 12):
        for each in _cached_properties():
            vars(each)["lock"] = threading.RLock()


def _cached_properties() -> Iterator[cached_property[Any]]:
    """The cached properties of the package's classes: before Python 3.12, each has a lock for all its instances."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("detector.")]
    classes = [each for module in modules for each in list(vars(module).values()) if isinstance(each, type)]
    for each in classes:
        yield from (value for value in list(vars(each).values()) if isinstance(value, cached_property))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
