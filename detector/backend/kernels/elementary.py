"""Compiled loops of `detector.inference.elementary`; see `detector.backend.kernels.common`."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.backend.kernels.common import Array, compiled, inlined
from detector.backend.kernels.constants import (
    EXP_MAX,
    EXP_MIN,
    EXP_TERMS,
    EXPONENT_BIAS,
    LN2_HIGH,
    LN2_LOW,
    MANTISSA_BITS,
    PER_LN2,
)

ONE = np.float32(1)


@inlined
def _exponential(value: Any) -> Any:
    """`detector.inference.elementary.exponential` of one number."""
    value = min(max(value, EXP_MIN), EXP_MAX)
    exponent = np.rint(value * PER_LN2)
    value = (value - exponent * LN2_HIGH) - exponent * LN2_LOW
    power = value * EXP_TERMS[0]
    for term in EXP_TERMS[1:-1]:
        power = (power + term) * value
    bits = np.int32((np.int64(exponent) + EXPONENT_BIAS) << MANTISSA_BITS)
    return (power + EXP_TERMS[-1]) * bits.view(np.float32)


@compiled
def softmax(rows: Array, out: Array) -> None:
    """`detector.inference.calibration.softmax`."""
    for row in range(len(rows)):
        line, powers = rows[row], out[row]
        largest, total = line[0], np.float32(0)
        for column in range(1, len(line)):
            largest = max(largest, line[column])
        for column in range(len(line)):
            powers[column] = _exponential(line[column] - largest)
        for column in range(len(line)):
            total += powers[column]
        for column in range(len(line)):
            powers[column] /= total


@compiled
def sigmoid(values: Array) -> None:
    """`detector.inference.layers.sigmoid`; one row."""
    for at in range(len(values)):
        values[at] = ONE / (_exponential(-values[at]) + ONE)
