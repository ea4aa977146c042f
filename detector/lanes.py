"""Tables of small whole numbers whose rows are summed fast: several numbers to one 64-bit word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.features import segment_sum
from detector.paragraphs import Offsets

# Rows are summed five numbers to a 64-bit word: lanes of 12 bits hold sums of up to 16 numbers of 8 bits
# (16 * 255 < 4096) without a carry into the next lane.
LANES = 5
LANE_BITS = 12
CHUNK = 16
ZERO = 128  # what a zero is stored as in a lane
_LANE = np.uint64((1 << LANE_BITS) - 1)
FEW = 2048  # rows that are summed as they are: to pack a table takes longer than to clean a short text
_CACHE_LINE = 64  # bytes


@dataclass(frozen=True)
class LaneTable:
    """Numbers from -127 to 127, int8 of shape ``(rows, columns)``, whose rows can be summed a paragraph at a time."""

    numbers: NDArray[np.int8]

    @cached_property
    def packed(self) -> NDArray[np.uint64]:
        """The numbers in lanes, of shape ``(rows, words of lanes)``."""
        rows, columns = self.numbers.shape
        lanes = (np.ascontiguousarray(self.numbers.T).view(np.uint8) + np.uint8(ZERO)).astype(np.uint64)
        packed = _aligned((rows, -(-columns // LANES)))
        for column, lane in enumerate(lanes):
            packed[:, column // LANES] |= lane << np.uint64(LANE_BITS * (column % LANES))
        return packed

    @cached_property
    def quads(self) -> NDArray[np.uint64]:
        """`packed`, filled up with zeros to a multiple of four words of lanes."""
        rows, words = self.packed.shape
        if words % 4 == 0:
            return self.packed
        quads = _aligned((rows, -(-words // 4) * 4))
        quads[:, :words] = self.packed
        return quads

    def sums(self, rows: NDArray[np.int64], bounds: Offsets) -> NDArray[np.int64]:
        """Sums of the table's ``rows[bounds[p]:bounds[p + 1]]`` for each paragraph ``p``: ``(paragraphs, columns)``.

        The first bound is 0, the last ``len(rows)``; of no rows the sum is zero.
        """
        counts, columns = np.diff(bounds), self.numbers.shape[1]
        if len(rows) < FEW:
            return segment_sum(self.numbers.take(rows, axis=0).astype(np.int64), bounds)
        chunks = -(-counts // CHUNK)
        ends = np.concatenate(([0], np.cumsum(chunks)))
        within = np.arange(ends[-1]) - np.repeat(ends[:-1], chunks)
        starts = np.repeat(bounds[:-1], chunks) + CHUNK * within
        sums = np.add.reduceat(self.packed.take(rows, axis=0), starts, axis=0)
        wide = np.empty((*sums.shape, LANES), dtype=np.uint64)  # the lanes are now too narrow: each has its own word
        for lane in range(LANES):
            wide[:, :, lane] = (sums >> np.uint64(LANE_BITS * lane)) & _LANE
        total = segment_sum(wide.reshape(len(sums), -1), ends)[:, :columns].astype(np.int64)
        total -= ZERO * counts[:, None]
        return total


def _aligned(shape: tuple[int, int]) -> NDArray[np.uint64]:
    """Zeros that begin with a cache line: a row of four words or fewer then lies in as few lines as can be."""
    number = shape[0] * shape[1]
    room = np.zeros(number + _CACHE_LINE // 8, dtype=np.uint64)
    skip = -room.ctypes.data % _CACHE_LINE // 8
    return room[skip : skip + number].reshape(shape)
