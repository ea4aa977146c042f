"""Running maxima and means over the paragraphs of a document, before and after each."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.grid import HIDDEN_STEPS, POOL_MOST, POOL_STEPS
from detector.paragraphs import Offsets
from detector.places import Places

Floats: TypeAlias = NDArray[np.float32]

POOLS = 5  # of each unit: two running maxima, two running means, one mean


def pool(peaks: Floats, means: Floats, places: Places, out: Floats) -> None:
    """Fill the first rows of ``out``: the `running_peaks` of values from 0 to 1, and the `running_means` of others."""
    number = len(places)
    pooled = running_peaks(peaks[:number], places) + running_means(means[:number], places)
    np.concatenate(pooled, axis=1, out=out[:number])


def running_peaks(values: Floats, places: Places) -> tuple[Floats, Floats]:
    """The largest value, from 0 to 1, up to each paragraph of its document, and from it on; on the grid of pools."""
    number = len(places)
    whole = np.rint(values[:number] * np.float32(POOL_STEPS))
    floor = (places.documents * (2.0 * POOL_STEPS))[:, None]
    before, after = np.zeros((2, *values.shape), dtype=np.float32)
    np.subtract(np.maximum.accumulate(whole + floor, axis=0), floor, out=before[:number], casting="same_kind")
    np.add(np.maximum.accumulate((whole - floor)[::-1], axis=0)[::-1], floor, out=after[:number], casting="same_kind")
    before /= POOL_STEPS
    after /= POOL_STEPS
    return before, after


def running_means(values: Floats, places: Places) -> tuple[Floats, Floats, Floats]:
    """The mean value up to each paragraph of its document, of those after it, and of all; on the grid of pools.

    The values are on the grid of hidden units.
    """
    number, bounds = len(places), places.bounds
    # whole numbers in floating point: sums are exact up to 2**53, more rows than any memory holds
    sums = np.zeros((number + 1, values.shape[1]), dtype=np.float64)
    np.cumsum(values[:number] * np.float32(HIDDEN_STEPS), axis=0, dtype=np.float64, out=sums[1:])
    totals = sums[bounds[1:]] - sums[bounds[:-1]]
    past = sums[1:] - sums.take(places.first, axis=0)
    rest = totals.take(places.documents, axis=0) - past
    before, after, every = np.zeros((3, *values.shape), dtype=np.float32)
    before[:number] = _mean(past, (places.before + 1)[:, None])
    after[:number] = _mean(rest, np.maximum(places.after, 1)[:, None])
    every[:number] = _mean(totals, np.maximum(places.sizes, 1)[:, None]).take(places.documents, axis=0)
    return before, after, every


def _mean(totals: NDArray[np.float64], number: Offsets) -> Floats:
    """The mean on the grid of pools, of totals in steps of hidden units."""
    steps = np.rint(totals * (POOL_STEPS / HIDDEN_STEPS) / number)
    return (np.minimum(steps, POOL_MOST) / POOL_STEPS).astype(np.float32)
