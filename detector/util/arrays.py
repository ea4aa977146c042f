"""Array types, and integer arithmetic on segments that is exact to the last bit on every machine."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]
Hashes: TypeAlias = NDArray[np.uint64]
Offsets: TypeAlias = NDArray[np.int64]
Number = TypeVar("Number", bound=np.generic)


def segment_sum(values: NDArray[Number], bounds: Offsets) -> NDArray[Number]:
    """Sum ``values`` along the first axis from each bound to the next; an empty segment sums to zero.

    Returns the shape ``(len(bounds) - 1, *values.shape[1:])``.
    """
    out = np.zeros((len(bounds) - 1, *values.shape[1:]), dtype=values.dtype)
    filled = bounds[1:] > bounds[:-1]
    if filled.any():
        out[filled] = np.add.reduceat(values, bounds[:-1][filled], axis=0)
    return out


def ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Floats:
    """Divide ``part`` by ``whole``; where ``whole`` is zero, divide by one."""
    result: Floats = (part / np.maximum(whole, 1)).astype(np.float32)
    return result


def log2(values: NDArray[np.int64]) -> Floats:
    """Piecewise linear logarithm of ``1 + values`` to base 2, exact to the last bit on every machine."""
    small: Floats = LOGARITHMS.take(np.minimum(values, len(LOGARITHMS) - 1))
    large = np.nonzero(values >= len(LOGARITHMS))
    small[large] = _log2(values[large])
    return small


def _log2(values: NDArray[np.int64]) -> Floats:
    mantissa, exponent = np.frexp(values.astype(np.float64) + 1)
    result: Floats = (exponent + 2 * mantissa - 2).astype(np.float32)
    return result


LOGARITHMS = _log2(np.arange(1 << 12))  # of the values that are frequent
