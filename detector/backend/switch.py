"""Chooses the backend of a process: NumPy, or the compiled kernels of the extra ``speed``. The results are the same.

Importing Numba and loading its kernels from its cache takes a second, which small inputs never win back. So a process
begins with NumPy and changes over once it has read `ENOUGH` characters, or expects to, where Numba is installed.
Kernels that cannot be loaded, or fail the `self_test`, are not used: NumPy goes on, and a warning says why. The
environment variable ``DETECTOR_NUMBA`` set to 1 asks for the kernels from the start; set to 0, it keeps them out.
"""

from __future__ import annotations

import os
import threading
import warnings
from importlib.util import find_spec

from detector.backend.reference import NUMPY_BACKEND
from detector.errors import UsageError
from detector.inference.predict import Backend
from detector.util.libraries import missing_library

VARIABLE = "DETECTOR_NUMBA"
ENOUGH = 8 << 20  # characters
_REMEDY = "delete Numba's cache (__pycache__ in detector/backend/kernels, or NUMBA_CACHE_DIR), or install Numba again"


class BackendSwitch:
    """The number of characters read so far, and the compiled backend once it is loaded. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._read = 0
        self._compiled: Backend | None = None
        self._failure = ""  # why there is no compiled backend

    def expect(self, size: int) -> None:
        """Note that this much will be read: where that is enough, the kernels are used from the beginning."""
        with self._lock:
            self._read = max(self._read, size)

    def backend(self, size: int) -> Backend:
        """The backend for the next ``size`` characters, which are added to those read so far.

        Raises `UsageError` where ``DETECTOR_NUMBA`` asks for Numba and it is not installed or cannot be used, or has
        another value.
        """
        with self._lock:
            self._read += size
        setting = os.environ.get(VARIABLE, "")
        if setting not in ("", "0", "1"):
            raise UsageError(f"{VARIABLE}={setting}: set it to 1 (Numba from the start) or 0 (never), or unset it")
        if setting == "0" or (setting == "" and self._read < ENOUGH):
            return NUMPY_BACKEND
        required = setting == "1"
        # while one thread loads the kernels, the others go on with NumPy, unless the kernels are required
        if self._compiled is None and not self._failure and self._loading.acquire(blocking=required):
            try:
                self._load(warn=not required)
            finally:
                self._loading.release()
        if required and self._failure:
            raise UsageError(self._failure)
        return self._compiled or NUMPY_BACKEND

    def _load(self, warn: bool) -> None:
        if self._compiled is not None or self._failure:  # another thread was faster
            return
        if find_spec("numba") is None:
            self._failure = str(missing_library("numba", f"{VARIABLE}=1", "speed"))
            return
        try:
            self._compiled = _compiled_backend()
        except Exception as error:  # whatever Numba, its cache or the disk raises: NumPy computes the same
            reason = f"{type(error).__name__}: {str(error)[:200]}".splitlines()[0]
            broken = f"numba is installed, but its compiled loops cannot be used ({reason})"
            self._failure = f"{VARIABLE}=1: {broken}; {_REMEDY}"
            if warn:
                warnings.warn(f"{broken}; NumPy computes the same, more slowly. To use them, {_REMEDY}", stacklevel=3)


def _compiled_backend() -> Backend:
    from detector.backend.compiled import CompiledBackend
    from detector.backend.self_test import self_test

    backend = CompiledBackend()
    self_test(backend)
    return backend


PROCESS = BackendSwitch()
