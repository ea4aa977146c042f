"""Compiled loops between the matrix products of a network; see `detector.backend.kernels.common`."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.backend.kernels.common import Array, compiled, inlined
from detector.backend.kernels.constants import (
    HIDDEN_MAX,
    HIDDEN_STEP,
    HIDDEN_STEPS,
    INPUT_MAX,
    INPUT_STEP,
    LARGEST_HIDDEN,
    POOL_MAX,
    POOL_STEPS,
    POOL_STEPS_FLOAT64,
    POOL_STEPS_PER_HIDDEN,
)


@compiled
def standardize(rows: Array, mean: Array, factor: Array) -> None:
    """`detector.inference.quantization.standardize`; ``factor`` is times the steps already."""
    for row in range(len(rows)):
        line = rows[row]
        for column in range(len(line)):
            value = np.rint((line[column] - mean[column]) * factor[column])
            line[column] = min(max(value, -INPUT_MAX), INPUT_MAX) * INPUT_STEP


@inlined
def _rectified(value: Any) -> Any:
    """A value on the grid of hidden units, none below zero."""
    return min(max(np.rint(value * HIDDEN_STEPS), np.float32(0)), HIDDEN_MAX) * HIDDEN_STEP


@compiled
def rectify(values: Array, bias: Array) -> None:
    """`detector.inference.layers.rectify`."""
    for row in range(len(values)):
        for column in range(len(bias)):
            values[row, column] = _rectified(values[row, column] + bias[column])


@compiled
def convolve(parts: Array, bias: Array, bounds: Array, dilation: int, hidden: Array) -> None:
    """`detector.inference.layers.convolve`; ``bounds`` are those of the documents."""
    to_next, own, to_previous = parts[0], parts[1], parts[2]
    nothing = np.zeros(hidden.shape[1], dtype=np.float32)
    for document in range(len(bounds) - 1):
        begin, end = bounds[document], bounds[document + 1]
        for row in range(begin, end):
            before = to_next[row - dilation] if row - dilation >= begin else nothing
            after = to_previous[row + dilation] if row + dilation < end else nothing
            here, line = own[row], hidden[row]
            for column in range(len(line)):
                value = _rectified(here[column] + before[column] + after[column] + bias[column])
                line[column] = min(line[column] + value, LARGEST_HIDDEN)


@inlined
def _clear(largest: Array, total: Array) -> None:
    for unit in range(len(largest)):
        largest[unit] = 0
        total[unit] = 0


@inlined
def _largest_so_far(values: Array, largest: Array, out: Array, column: int) -> None:
    """A row of `detector.inference.pooling.running_maxima`, from ``column`` on; ``largest`` is that of earlier rows."""
    for unit in range(len(values)):
        largest[unit] = max(largest[unit], np.rint(values[unit] * POOL_STEPS))
        out[column + unit] = largest[unit] / POOL_STEPS


@inlined
def _add(values: Array, total: Array) -> None:
    """Add to what `detector.inference.pooling.running_means` divides."""
    for unit in range(len(values)):
        total[unit] += np.float64(values[unit] * HIDDEN_STEPS)


@inlined
def _mean(total: Array, number: int, out: Array, column: int) -> None:
    """`detector.inference.pooling._mean`."""
    for unit in range(len(total)):
        steps = np.rint(total[unit] * POOL_STEPS_PER_HIDDEN / np.float64(number))
        out[column + unit] = np.float32(min(steps, POOL_MAX) / POOL_STEPS_FLOAT64)


@compiled
def pool(peaks: Array, means: Array, bounds: Array, out: Array) -> None:
    """`detector.inference.pooling.pool`, once down and once up each document; ``bounds`` are the documents'."""
    units = peaks.shape[1]
    largest = np.empty(units, dtype=np.float32)
    total = np.empty(units, dtype=np.float64)
    every = np.empty(units, dtype=np.float32)
    for document in range(len(bounds) - 1):
        begin, end = bounds[document], bounds[document + 1]
        _clear(largest, total)
        for row in range(begin, end):
            _largest_so_far(peaks[row], largest, out[row], 0)
            _add(means[row], total)
            _mean(total, row + 1 - begin, out[row], 2 * units)
        _mean(total, max(end - begin, 1), every, 0)
        _clear(largest, total)
        for row in range(end - 1, begin - 1, -1):
            _largest_so_far(peaks[row], largest, out[row], units)
            _mean(total, max(end - 1 - row, 1), out[row], 3 * units)
            _add(means[row], total)
            out[row, 4 * units : 5 * units] = every
