"""Whether numbers are exact, to the last bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.util.arrays import Floats


def units_of(weights: Floats) -> NDArray[np.float64]:
    """The largest power of two that divides all weights of a column; for a column of zeros, 1."""
    mantissa, exponent = np.frexp(weights.astype(np.float64))
    whole = np.rint(mantissa * 2**24).astype(np.int64)  # all digits of a float32
    lowest = np.where(whole == 0, np.inf, (whole & -whole) * np.exp2(exponent - 24.0)).min(axis=0)
    return np.where(np.isinf(lowest), 1, lowest)


def same_bits(left: Floats, right: Floats) -> bool:
    """Whether all bits are equal, except the sign of zero."""
    return left.dtype == right.dtype == np.float32 and (left + 0).tobytes() == (right + 0).tobytes()
