"""Tables of small whole numbers whose rows can be summed fast: each 64-bit word holds several numbers.

This is SIMD within a register (SWAR).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.util.arrays import Offsets, segment_sum

# Each word has five lanes of 12 bits. A lane holds the sum of up to 16 numbers of 8 bits (16 * 255 < 4096) without a
# carry into the next lane.
LANES = 5
LANE_BITS = 12
CHUNK = 16
ZERO = 128  # a zero as it is stored in a lane
_LANE = np.uint64((1 << LANE_BITS) - 1)
FEW = 2048  # rows that are summed unpacked: packing a table takes longer than cleaning a short text
_CACHE_LINE = 64  # bytes


@dataclass(frozen=True)
class PackedTable:
    """Values from -127 to 127, int8 of shape ``(rows, columns)``, whose rows can be summed per paragraph."""

    values: NDArray[np.int8]

    @cached_property
    def packed(self) -> NDArray[np.uint64]:
        """The values in lanes, of shape ``(rows, words)``."""
        rows, columns = self.values.shape
        lanes = (np.ascontiguousarray(self.values.T).view(np.uint8) + np.uint8(ZERO)).astype(np.uint64)
        packed = _aligned((rows, -(-columns // LANES)))
        for column, lane in enumerate(lanes):
            packed[:, column // LANES] |= lane << np.uint64(LANE_BITS * (column % LANES))
        return packed

    def sums(self, rows: NDArray[np.int64], bounds: Offsets) -> NDArray[np.int64]:
        """Sum the table's rows ``rows[bounds[p]:bounds[p + 1]]`` for each paragraph ``p``.

        The first bound is 0, the last ``len(rows)``; the sum of no rows is zero. Returns the shape
        ``(paragraphs, columns)``.
        """
        counts, columns = np.diff(bounds), self.values.shape[1]
        if len(rows) < FEW:
            return segment_sum(self.values.take(rows, axis=0).astype(np.int64), bounds)
        chunks = -(-counts // CHUNK)
        ends = np.concatenate(([0], np.cumsum(chunks)))
        within = np.arange(ends[-1]) - np.repeat(ends[:-1], chunks)
        starts = np.repeat(bounds[:-1], chunks) + CHUNK * within
        sums = np.add.reduceat(self.packed.take(rows, axis=0), starts, axis=0)
        wide = np.empty(
            (*sums.shape, LANES), dtype=np.uint64
        )  # the lanes would overflow now: each gets a word of its own
        for lane in range(LANES):
            wide[:, :, lane] = (sums >> np.uint64(LANE_BITS * lane)) & _LANE
        total = segment_sum(wide.reshape(len(sums), -1), ends)[:, :columns].astype(np.int64)
        total -= ZERO * counts[:, None]
        return total


def _aligned(shape: tuple[int, int]) -> NDArray[np.uint64]:
    """Zeros aligned to a cache line, so that a row of four words or fewer touches as few cache lines as possible."""
    number = shape[0] * shape[1]
    room = np.zeros(number + _CACHE_LINE // 8, dtype=np.uint64)
    skip = -room.ctypes.data % _CACHE_LINE // 8
    return room[skip : skip + number].reshape(shape)
