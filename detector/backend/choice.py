"""Chooses the backend of a process: the compiled kernels, or NumPy where they were not built. The results are equal."""

from __future__ import annotations

import contextlib
import warnings
from functools import cache

from detector.features.version import FEATURE_VERSION
from detector.inference.scores import Backend
from detector.util.forking import ForkableLock

with contextlib.suppress(ImportError):  # now: a child that is forked during an import could not repeat it
    import detector.backend.compiled  # noqa: F401

_REMEDY = "install a wheel of this platform, or a C++ compiler, and then this package again"


_CHOOSING = ForkableLock()


def backend() -> Backend:
    """The fastest backend that there is, the same for all threads. Warns, once in a process, if that is NumPy."""
    with _CHOOSING.held():
        return _chosen()


@cache
def _chosen() -> Backend:
    try:
        return _compiled()
    except ImportError as error:
        reason = str(error).splitlines()[0]
        warnings.warn(
            f"the compiled kernels cannot be used ({reason}); NumPy computes the same, several times more slowly. To "
            f"have them, {_REMEDY}",
            stacklevel=3,
        )
        return _numpy()


def _numpy() -> Backend:
    from detector.backend.reference import NUMPY_BACKEND

    return NUMPY_BACKEND


def _compiled() -> Backend:
    """Raises `ImportError` where the kernels are missing, or were built for other features."""
    from detector.backend import core
    from detector.backend.compiled import CompiledBackend

    if core.FEATURE_VERSION != FEATURE_VERSION:
        raise ImportError(f"they compute features of version {core.FEATURE_VERSION}, not {FEATURE_VERSION}")
    return CompiledBackend()
