"""The pools and bounds of `detector.inference.network` for a fit: each gives its values, and the way back of their slopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.inference.positions import Positions
from detector.inference.quantization import HIDDEN_MAX, HIDDEN_STEPS, POOL_MAX, POOL_STEPS
from detector.util.arrays import Floats

Backward: TypeAlias = Callable[[Floats], Floats]

LARGEST_HIDDEN, LARGEST_POOL = HIDDEN_MAX / HIDDEN_STEPS, POOL_MAX / POOL_STEPS  # as in prediction


def bounded(values: Floats, largest: float) -> tuple[Floats, Backward]:
    """The values, none above the largest, and the way back."""
    inside = values < largest
    return np.minimum(values, largest, dtype=values.dtype), lambda slope: slope * inside


def largest(values: Floats, positions: Positions) -> tuple[Floats, Floats, Callable[[Floats, Floats], Floats]]:
    """`detector.inference.pooling.running_peaks`, and the way back."""
    from_before = _where_largest(values, positions.documents)
    from_after = (
        len(values) - 1 - _where_largest(values[::-1], positions.documents[-1:] - positions.documents[::-1])[::-1]
    )

    def back(before: Floats, after: Floats) -> Floats:
        slope = np.zeros_like(values)
        column = np.arange(values.shape[1])
        np.add.at(slope, (from_before, column), before)
        np.add.at(slope, (from_after, column), after)
        return slope

    return np.take_along_axis(values, from_before, axis=0), np.take_along_axis(values, from_after, axis=0), back


def _where_largest(values: Floats, documents: NDArray[np.int64]) -> NDArray[np.int64]:
    """The row of the largest value (between 0 and 1) so far in the document, for each row and column."""
    raised = values + 2.0 * documents[:, None]
    largest = np.maximum.accumulate(raised, axis=0)
    rises = np.ones(values.shape, dtype=np.bool_)
    rises[1:] = raised[1:] > largest[:-1]
    return np.maximum.accumulate(np.where(rises, np.arange(len(values))[:, None], 0), axis=0)


def pooled_means(
    values: Floats, positions: Positions
) -> tuple[tuple[Floats, ...], Callable[[Floats, Floats, Floats], Floats]]:
    """`detector.inference.pooling.running_means` without its rounding, and the way back."""
    first, end = positions.first, positions.first + positions.size
    seen, rest, size = ((n[:, None]) for n in (positions.before + 1, np.maximum(positions.after, 1), positions.size))

    def sums(rows: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])

    past = sums(values)
    total = past[end] - past[first]
    so_far = past[1:] - past[first]
    pooled = (so_far / seen, (total - so_far) / rest, total / size)

    def back(before: Floats, after: Floats, every: Floats) -> Floats:
        of_rest = after / rest
        so_far, total = sums(before / seen - of_rest), sums(of_rest + every / size)
        slope: Floats = (so_far[end] - so_far[:-1] + total[end] - total[first]).astype(values.dtype)
        return slope

    within, backs = zip(*(bounded(pool.astype(values.dtype), LARGEST_POOL) for pool in pooled), strict=True)
    return within, lambda *slopes: back(*(of(slope) for of, slope in zip(backs, slopes, strict=True)))
