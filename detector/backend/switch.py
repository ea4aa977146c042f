"""Chooses the backend of a process: NumPy, or the compiled kernels of the extra ``speed``. The results are the same.

Importing Numba and loading its kernels from its cache takes some 0.6 seconds, which small inputs never win back. So a
process begins with NumPy and changes over once it has read `ENOUGH` characters, or expects to, where Numba is
installed. The environment variable ``DETECTOR_NUMBA`` set to 1 asks for the kernels from the start; set to 0, it keeps
them out.
"""

from __future__ import annotations

import os
import threading

from detector.backend.reference import NUMPY_BACKEND
from detector.errors import UsageError
from detector.inference.predict import Backend
from detector.util.libraries import missing_library

VARIABLE = "DETECTOR_NUMBA"
ENOUGH = 8 << 20  # characters


class BackendSwitch:
    """The number of characters read so far, and the compiled backend once it is loaded. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read = 0
        self._compiled: Backend | None = None
        self._missing = False

    def expect(self, size: int) -> None:
        """Note that this much will be read: where that is enough, the kernels are used from the beginning."""
        with self._lock:
            self._read = max(self._read, size)

    def backend(self, size: int) -> Backend:
        """The backend for the next ``size`` characters, which are added to those read so far.

        Raises `UsageError` where ``DETECTOR_NUMBA`` asks for Numba and it is not installed, or has another value.
        """
        with self._lock:
            self._read += size
        setting = os.environ.get(VARIABLE, "")
        if setting not in ("", "0", "1"):
            raise UsageError(f"{VARIABLE}={setting}: set it to 1 (Numba from the start) or 0 (never), or unset it")
        if setting == "0" or (setting == "" and self._read < ENOUGH):
            return NUMPY_BACKEND
        if self._compiled is None and (setting == "1" or not self._missing):
            self._load(required=setting == "1")
        return self._compiled or NUMPY_BACKEND

    def _load(self, required: bool) -> None:
        with self._lock:
            if self._compiled is not None:  # another thread was faster
                return
            try:
                from detector.backend.compiled import CompiledBackend
            except ImportError as error:
                if required:
                    raise missing_library("numba", "DETECTOR_NUMBA=1", "speed") from error
                self._missing = True
            else:
                self._compiled = CompiledBackend()


PROCESS = BackendSwitch()
