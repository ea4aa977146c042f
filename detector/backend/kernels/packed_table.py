"""Compiled sums of the rows of a `PackedTable`; see `detector.backend.kernels.common`."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.backend.kernels.common import Array, inlined
from detector.backend.kernels.constants import CHUNK, EVEN_LANES, LANE_BITS, LANES, ZERO


@inlined
def _spread(even: Any, odd: Any, word: int, total: Array) -> None:
    """Add the lanes of a word to the totals of their kinds; ``even`` and ``odd`` hold every other lane each."""
    mask = (np.uint64(1) << np.uint64(2 * LANE_BITS)) - np.uint64(1)
    for kind in range(word * LANES, min((word + 1) * LANES, len(total)), 2):
        total[kind] += np.int64(even & mask)
        even >>= np.uint64(2 * LANE_BITS)
    for kind in range(word * LANES + 1, min((word + 1) * LANES, len(total)), 2):
        total[kind] += np.int64(odd & mask)
        odd >>= np.uint64(2 * LANE_BITS)


@inlined
def _add_weights(buckets: Array, first: int, last: int, packed: Array, total: Array) -> None:
    """Add up at most `CHUNK` ** 2 rows of a `PackedTable`, without subtracting the zeros.

    Four words are summed at a time, so that the processor can fetch as many distant rows ahead as possible. Lanes are
    summed in chunks; after each, every other lane gets the room of two.
    """
    shift = np.uint64(LANE_BITS)
    for word in range(0, packed.shape[1], 4):
        even0, even1, even2, even3 = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
        odd0, odd1, odd2, odd3 = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
        for begin in range(first, last, CHUNK):
            sum0, sum1, sum2, sum3 = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
            for at in range(begin, min(begin + CHUNK, last)):
                bucket = buckets[at]
                sum0 += packed[bucket, word]
                sum1 += packed[bucket, word + 1]
                sum2 += packed[bucket, word + 2]
                sum3 += packed[bucket, word + 3]
            even0, odd0 = even0 + (sum0 & EVEN_LANES), odd0 + ((sum0 >> shift) & EVEN_LANES)
            even1, odd1 = even1 + (sum1 & EVEN_LANES), odd1 + ((sum1 >> shift) & EVEN_LANES)
            even2, odd2 = even2 + (sum2 & EVEN_LANES), odd2 + ((sum2 >> shift) & EVEN_LANES)
            even3, odd3 = even3 + (sum3 & EVEN_LANES), odd3 + ((sum3 >> shift) & EVEN_LANES)
        _spread(even0, odd0, word, total)
        _spread(even1, odd1, word + 1, total)
        _spread(even2, odd2, word + 2, total)
        _spread(even3, odd3, word + 3, total)


@inlined
def sum_rows(rows: Array, number: int, packed: Array, total: Array) -> None:
    """`detector.features.packed_table.PackedTable.sums` of one paragraph."""
    total[:] = 0
    for first in range(0, number, CHUNK**2):
        _add_weights(rows, first, min(first + CHUNK**2, number), packed, total)
    for column in range(len(total)):
        total[column] -= ZERO * number
