"""Running maxima and means over the paragraphs of a document, before and after each paragraph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.inference.positions import Positions
from detector.inference.quantization import HIDDEN_STEPS, POOL_MAX, POOL_STEPS
from detector.util.arrays import Floats, Offsets

POOLS = 5  # per unit: two running maxima, two running means, one mean


def pool(peaks: Floats, means: Floats, positions: Positions, out: Floats) -> None:
    """Fill the first rows of ``out`` with the `running_maxima` of ``peaks`` and the `running_means` of ``means``.

    ``peaks`` and ``means`` have the shape ``(rows, units)``, ``out`` ``(rows, POOLS * units)``.
    """
    number = len(positions)
    pooled = running_maxima(peaks[:number], positions) + running_means(means[:number], positions)
    np.concatenate(pooled, axis=1, out=out[:number])


def running_maxima(values: Floats, positions: Positions) -> tuple[Floats, Floats]:
    """The largest value in the document up to each paragraph, and from each paragraph on.

    The values are between 0 and 1; the result is in steps of pools.
    """
    number = len(positions)
    whole = np.rint(values[:number] * np.float32(POOL_STEPS))
    floor = (positions.documents * (2.0 * POOL_STEPS))[:, None]
    before, after = np.zeros((2, *values.shape), dtype=np.float32)
    np.subtract(np.maximum.accumulate(whole + floor, axis=0), floor, out=before[:number], casting="same_kind")
    np.add(np.maximum.accumulate((whole - floor)[::-1], axis=0)[::-1], floor, out=after[:number], casting="same_kind")
    before /= POOL_STEPS
    after /= POOL_STEPS
    return before, after


def running_means(values: Floats, positions: Positions) -> tuple[Floats, Floats, Floats]:
    """The mean value in the document up to each paragraph, of the paragraphs after it, and of all paragraphs.

    The values are in steps of hidden units, the result in steps of pools.
    """
    number, bounds = len(positions), positions.bounds
    # whole numbers in floating point: sums are exact up to 2**53, more rows than any memory holds
    sums = np.zeros((number + 1, values.shape[1]), dtype=np.float64)
    np.cumsum(values[:number] * np.float32(HIDDEN_STEPS), axis=0, dtype=np.float64, out=sums[1:])
    totals = sums[bounds[1:]] - sums[bounds[:-1]]
    past = sums[1:] - sums.take(positions.first, axis=0)
    rest = totals.take(positions.documents, axis=0) - past
    before, after, every = np.zeros((3, *values.shape), dtype=np.float32)
    before[:number] = _mean(past, (positions.before + 1)[:, None])
    after[:number] = _mean(rest, np.maximum(positions.after, 1)[:, None])
    every[:number] = _mean(totals, np.maximum(positions.sizes, 1)[:, None]).take(positions.documents, axis=0)
    return before, after, every


def _mean(totals: NDArray[np.float64], number: Offsets) -> Floats:
    """The mean in steps of pools, given totals in steps of hidden units."""
    steps = np.rint(totals * (POOL_STEPS / HIDDEN_STEPS) / number)
    return (np.minimum(steps, POOL_MAX) / POOL_STEPS).astype(np.float32)
