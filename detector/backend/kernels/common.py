"""How kernels are compiled, and what they share. A kernel returns what the NumPy function it names returns.

Only `detector.backend.compiled` imports kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from detector.backend.kernels.constants import SOURCES

Function = TypeVar("Function", bound=Callable[..., Any])
Array = NDArray[Any]
ONE = np.uint64(1)  # offsets are unsigned where speed matters: they need no check for negative ones

_jit: Any = partial(njit, nogil=True, error_model="numpy")  # the types are those that Numba infers


def compiled(function: Function) -> Function:
    """Compile a function at its first call, or take it from Numba's cache; without a cache, in memory only.

    Numba caches by the qualified name and the file of the function alone, and does not notice when an inlined function
    or a constant of another module changes. So the name carries a digest of all sources.
    """
    function.__qualname__ = f"{function.__qualname__}_{SOURCES[:16]}"
    try:
        kernel: Function = _jit(cache=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        kernel = _jit()(function)
    return kernel


def inlined(function: Function) -> Function:
    """Compile a function into those that call it, so that arrays passed to it cost no reference counts."""
    kernel: Function = _jit(forceinline=True)(function)
    return kernel


@inlined
def log2(value: int, logarithms: Array) -> Any:
    """`detector.util.arrays.log2` of one number."""
    if value < len(logarithms):
        return logarithms[value]
    mantissa, exponent = math.frexp(np.float64(value) + 1.0)
    return np.float32(exponent + 2.0 * mantissa - 2.0)


@inlined
def ratio(part: int, whole: int) -> Any:
    """`detector.util.arrays.ratio` of one number."""
    return np.float32(np.float64(part) / np.float64(max(whole, 1)))


@inlined
def copy_row(row: Array, out: Array, column: int) -> int:
    """Copy a row into ``out`` from a column on; returns the next free column."""
    for at in range(len(row)):
        out[column + at] = row[at]
    return column + len(row)
