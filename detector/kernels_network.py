"""Compiled loops of `detector.network` between the products of matrices. See `detector.kernels`, whose rules hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.kernels import compiled, inlined

Array = NDArray[Any]


@compiled
def standardize(rows: Array, mean: Array, factor: Array, c: Any) -> None:
    """`detector.grid.standardize`; ``factor`` is times the steps already."""
    for row in range(len(rows)):
        line = rows[row]
        for column in range(len(line)):
            value = np.rint((line[column] - mean[column]) * factor[column])
            line[column] = min(max(value, -c.input_most), c.input_most) * c.input_step


@inlined
def _rectified(value: Any, c: Any) -> Any:
    """A value on the grid of hidden units, none below zero."""
    return min(max(np.rint(value * c.hidden_steps), np.float32(0)), c.hidden_most) * c.hidden_step


@compiled
def rectify(values: Array, bias: Array, c: Any) -> None:
    """`detector.network.rectify`."""
    for row in range(len(values)):
        for column in range(len(bias)):
            values[row, column] = _rectified(values[row, column] + bias[column], c)


@compiled
def convolve(parts: Array, bias: Array, bounds: Array, step: int, hidden: Array, c: Any) -> None:
    """`detector.network.convolve`; ``bounds`` are those of the documents."""
    to_next, own, to_previous = parts[0], parts[1], parts[2]
    nothing = np.zeros(hidden.shape[1], dtype=np.float32)
    for document in range(len(bounds) - 1):
        begin, end = bounds[document], bounds[document + 1]
        for row in range(begin, end):
            before = to_next[row - step] if row - step >= begin else nothing
            after = to_previous[row + step] if row + step < end else nothing
            here, line = own[row], hidden[row]
            for column in range(len(line)):
                value = _rectified(here[column] + before[column] + after[column] + bias[column], c)
                line[column] = min(line[column] + value, c.hidden_largest)


@inlined
def _clear(largest: Array, total: Array) -> None:
    for unit in range(len(largest)):
        largest[unit] = 0
        total[unit] = 0


@inlined
def _largest_so_far(values: Array, c: Any, largest: Array, out: Array, column: int) -> None:
    """A row of one of `detector.pools.running_peaks`, from ``column`` on; ``largest`` is of the rows passed."""
    for unit in range(len(values)):
        largest[unit] = max(largest[unit], np.rint(values[unit] * c.pool_steps))
        out[column + unit] = largest[unit] / c.pool_steps


@inlined
def _add(values: Array, c: Any, total: Array) -> None:
    """Add to what `detector.pools.running_means` divides."""
    for unit in range(len(values)):
        total[unit] += np.float64(values[unit] * c.hidden_steps)


@inlined
def _mean(total: Array, number: int, c: Any, out: Array, column: int) -> None:
    """`detector.pools._mean`."""
    for unit in range(len(total)):
        steps = np.rint(total[unit] * c.pool_steps_a_hidden / np.float64(number))
        out[column + unit] = np.float32(min(steps, c.pool_most) / np.float64(c.pool_steps))


@compiled
def pool(peaks: Array, means: Array, bounds: Array, c: Any, out: Array) -> None:
    """`detector.pools.pool`: for each document once down and once up; ``bounds`` are those of the documents."""
    units = peaks.shape[1]
    largest = np.empty(units, dtype=np.float32)
    total = np.empty(units, dtype=np.float64)
    every = np.empty(units, dtype=np.float32)
    for document in range(len(bounds) - 1):
        begin, end = bounds[document], bounds[document + 1]
        _clear(largest, total)
        for row in range(begin, end):
            _largest_so_far(peaks[row], c, largest, out[row], 0)
            _add(means[row], c, total)
            _mean(total, row + 1 - begin, c, out[row], 2 * units)
        _mean(total, max(end - begin, 1), c, every, 0)
        _clear(largest, total)
        for row in range(end - 1, begin - 1, -1):
            _largest_so_far(peaks[row], c, largest, out[row], units)
            _mean(total, max(end - 1 - row, 1), c, out[row], 3 * units)
            _add(means[row], c, total)
            out[row, 4 * units : 5 * units] = every
