"""Arithmetic on rows of paragraphs that follow each other."""

from __future__ import annotations

import numpy as np

from detector.explanation.trace import Doubles

LARGEST_RATIO = 2.0  # of a rounded change to the change before it was rounded; above, it would be noise

# What a unit of change adds: for each distance from the paragraph that is explained, rows of units.
Distances = dict[int, Doubles]


def ratio(change: Doubles, of: Doubles, largest: float = LARGEST_RATIO) -> Doubles:
    """``change / of`` from 0 to ``largest``; 0 where there is no change to divide by."""
    found: Doubles = np.clip(np.divide(change, of, out=np.zeros_like(change), where=of != 0), 0, largest)
    return found


def shifted(values: Doubles, start: int, stop: int, distance: int) -> Doubles:
    """The rows ``start + distance`` to ``stop + distance``; zeros for those that do not exist."""
    found = np.zeros((stop - start, values.shape[1]))
    first, last = max(start + distance, 0), min(stop + distance, len(values))
    if first < last:
        found[first - start - distance : last - start - distance] = values[first:last]
    return found


def windows(values: Doubles, start: int, stop: int, reach: int) -> Doubles:
    """For each row the rows from ``reach`` before to ``reach`` after it; zeros for those that do not exist.

    Returns the shape ``(rows, 2 * reach + 1, columns)``.
    """
    return np.stack([shifted(values, start, stop, distance) for distance in range(-reach, reach + 1)], axis=1)
