"""How loops are compiled, and what all of them share. Each gives what the numpy code it names gives, to the last bit.

What belongs to the features (multipliers, tables) comes in as arguments: numba keeps compiled code on disk and would
not notice that a constant of another module has changed. Nor does it notice a change of a function that another
module's kernels have compiled in: after one in this module, remove ``detector/__pycache__/*.nb?``. Only
`detector.accelerated` imports kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Array = NDArray[Any]


_jit: Any = partial(njit, nogil=True, error_model="numpy")  # the types are those that numba infers


def compiled(function: Function) -> Function:
    """The function compiled at its first call, or taken from numba's cache; in memory only where no cache can be."""
    try:
        kernel: Function = _jit(cache=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        kernel = _jit()(function)
    return kernel


def inlined(function: Function) -> Function:
    """The function compiled into those that call it, so that arrays handed to it cost no reference counts."""
    kernel: Function = _jit(forceinline=True)(function)
    return kernel


@inlined
def log2(value: int, logarithms: Array) -> Any:
    """`detector.features.log2` of one number."""
    if value < len(logarithms):
        return logarithms[value]
    mantissa, exponent = math.frexp(np.float64(value) + 1.0)
    return np.float32(exponent + 2.0 * mantissa - 2.0)


@inlined
def share(part: int, whole: int) -> Any:
    """`detector.features.share` of one number."""
    return np.float32(np.float64(part) / np.float64(max(whole, 1)))


@inlined
def copied(row: Array, out: Array, column: int) -> int:
    """Copy a row from a column on; gives the next free column."""
    for at in range(len(row)):
        out[column + at] = row[at]
    return column + len(row)


@compiled
def less_largest(rows: Array, out: Array) -> None:
    """Rows of numbers less the largest of each row."""
    for row in range(len(rows)):
        largest = rows[row, 0]
        for column in range(1, rows.shape[1]):
            largest = max(largest, rows[row, column])
        for column in range(rows.shape[1]):
            out[row, column] = rows[row, column] - largest
