"""The backends by their names: NumPy, and the compiled kernels at each level of instructions."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from detector.backend.reference import NUMPY_BACKEND
from detector.inference.scores import Backend

NUMPY = NUMPY_BACKEND.name


def levels() -> tuple[str, ...]:
    """The levels that this processor has; none where the kernels were not built."""
    if find_spec("detector.backend.core") is None:
        return ()
    from detector.backend import core

    return core.levels()


@cache
def backend_named(name: str) -> Backend:
    """NumPy's, or the compiled one of a level."""
    if name == NUMPY:
        return NUMPY_BACKEND
    from detector.backend.compiled import CompiledBackend

    return CompiledBackend(name)


BACKENDS = (NUMPY, *levels())
