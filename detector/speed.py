"""Whether batches go through numpy or through the compiled kernels of the extra ``speed``: the results are the same.

To import numba and to load its kernels from its cache takes some 0.6 seconds, which small inputs never win back. So a
process begins with numpy and goes over to the kernels once it has read, or knows that it will, `ENOUGH` bytes, where
numba is installed. The environment variable ``DETECTOR_NUMBA`` set to 1 asks for them from the start, set to 0 it
keeps them out.
"""

from __future__ import annotations

import os
import threading
from types import ModuleType

from detector.errors import UsageError, missing_library

VARIABLE = "DETECTOR_NUMBA"
ENOUGH = 8 << 20  # bytes


class _Switch:
    """What this process has read so far, and the kernels once they are there. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = 0
        self._module: ModuleType | None = None
        self._missing = False

    def count(self, size: int) -> None:
        with self._lock:
            self._bytes += size

    def expect(self, size: int) -> None:
        with self._lock:
            self._bytes = max(self._bytes, size)

    def kernels(self) -> ModuleType | None:
        wish = os.environ.get(VARIABLE, "")
        if wish not in ("", "0", "1"):
            raise UsageError(f"{VARIABLE}={wish}: set it to 1 (numba from the start) or 0 (never), or leave it out")
        if wish == "0" or (wish == "" and self._bytes < ENOUGH):
            return None
        if self._module is None and (wish == "1" or not self._missing):
            self._load(wish == "1")
        return self._module

    def _load(self, wanted: bool) -> None:
        with self._lock:
            try:
                from detector import accelerated
            except ImportError as error:
                if wanted:
                    raise missing_library("numba", "speed") from error
                self._missing = True
            else:
                self._module = accelerated


_switch = _Switch()


def count(size: int) -> None:
    """Note that so many bytes more have been read."""
    _switch.count(size)


def expect(size: int) -> None:
    """Note that so many bytes are about to be read: are they enough, the kernels come before the first of them."""
    _switch.expect(size)


def kernels() -> ModuleType | None:
    """`detector.accelerated` where a batch is to go through it, else None.

    Raises `UsageError` where ``DETECTOR_NUMBA`` asks for numba and it is not installed, or is no such wish.
    """
    return _switch.kernels()
