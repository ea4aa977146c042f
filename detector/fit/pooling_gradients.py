"""Clipping, running maxima and running means, each with the backward pass that fitting a network needs.

The pools are computed as in `detector.inference.pooling`, but without rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.inference.positions import Positions
from detector.inference.quantization import HIDDEN_MAX, HIDDEN_STEPS, POOL_MAX, POOL_STEPS
from detector.util.arrays import Floats

# Takes the gradient of the loss with respect to an output, and returns the gradient with respect to the input.
Backward: TypeAlias = Callable[[Floats], Floats]

# The largest values that hidden units and pools have in prediction, where they are quantized.
HIDDEN_LIMIT, POOL_LIMIT = HIDDEN_MAX / HIDDEN_STEPS, POOL_MAX / POOL_STEPS


def clip(values: Floats, limit: float) -> tuple[Floats, Backward]:
    """Clip values at ``limit`` from above. The backward pass returns zero where they were clipped."""
    below = values < limit
    return np.minimum(values, limit, dtype=values.dtype), lambda gradient: gradient * below


def running_maxima(values: Floats, positions: Positions) -> tuple[Floats, Floats, Callable[[Floats, Floats], Floats]]:
    """The largest value in the document up to each paragraph, and from each paragraph on, and the backward pass.

    ``values`` are between 0 and 1, ``(paragraphs, units)``. The gradient goes to the paragraph with the maximum.
    """
    before_rows = _running_argmax(values, positions.documents)
    reversed_rows = _running_argmax(values[::-1], positions.documents[-1:] - positions.documents[::-1])
    after_rows = len(values) - 1 - reversed_rows[::-1]

    def backward(before: Floats, after: Floats) -> Floats:
        gradient = np.zeros_like(values)
        column = np.arange(values.shape[1])
        np.add.at(gradient, (before_rows, column), before)
        np.add.at(gradient, (after_rows, column), after)
        return gradient

    before, after = (np.take_along_axis(values, rows, axis=0) for rows in (before_rows, after_rows))
    return before, after, backward


def _running_argmax(values: Floats, documents: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row and column, the row of the largest value so far in the document; values are between 0 and 1."""
    raised = values + 2.0 * documents[:, None]  # so that each document exceeds all documents before it
    maxima = np.maximum.accumulate(raised, axis=0)
    rises = np.ones(values.shape, dtype=np.bool_)
    rises[1:] = raised[1:] > maxima[:-1]
    return np.maximum.accumulate(np.where(rises, np.arange(len(values))[:, None], 0), axis=0)


def running_means(
    values: Floats, positions: Positions
) -> tuple[tuple[Floats, ...], Callable[[Floats, Floats, Floats], Floats]]:
    """The mean value in the document up to each paragraph, after it and in all, clipped, and the backward pass.

    All arrays have the shape ``(paragraphs, units)``.
    """
    first, end = positions.first, positions.first + positions.size
    seen, rest, size = ((n[:, None]) for n in (positions.before + 1, np.maximum(positions.after, 1), positions.size))

    def sums(rows: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])

    past = sums(values)
    total = past[end] - past[first]
    so_far = past[1:] - past[first]
    means = (so_far / seen, (total - so_far) / rest, total / size)

    def backward(before: Floats, after: Floats, every: Floats) -> Floats:
        after_share = after / rest
        so_far, total = sums(before / seen - after_share), sums(after_share + every / size)
        gradient: Floats = (so_far[end] - so_far[:-1] + total[end] - total[first]).astype(values.dtype)
        return gradient

    pools, clip_backwards = zip(*(clip(mean.astype(values.dtype), POOL_LIMIT) for mean in means), strict=True)
    return pools, lambda *gradients: backward(
        *(clip_backward(gradient) for clip_backward, gradient in zip(clip_backwards, gradients, strict=True))
    )
