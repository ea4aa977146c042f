"""What words mean, roughly: a vector for each of the commoner words, and a paragraph's mean of them.

The labelled pages are too few to learn from them which words are of one subject; vectors made from a large corpus know
it. `training/vectors.py` makes the table; a fit takes it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.features import BUCKETS, Hashes, Tokens, word_buckets
from detector.lanes import LaneTable

DIMENSIONS = 59
COLUMNS = DIMENSIONS + 1  # the first counts: 1 of a word that is known, else 0
MARK = np.uint64(0xD6E8FEB86659FD93)
MARK_SHIFT = np.uint64(32)

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class WordVectors:
    """Vectors of words, int8 of shape ``(words, DIMENSIONS)``, each weighed by how much the word says.

    ``buckets`` (uint32, all different) is where a word stands among those of `detector.features.word_buckets`, and
    ``marks`` (uint32) tells it from the other words of its bucket.
    """

    numbers: NDArray[np.int8]
    buckets: NDArray[np.uint32]
    marks: NDArray[np.uint32]

    @classmethod
    def none(cls) -> WordVectors:
        """No word is known; every paragraph has a vector of zeros."""
        nothing = np.zeros(0, dtype=np.uint32)
        return cls(np.zeros((0, DIMENSIONS), dtype=np.int8), nothing, nothing)

    @classmethod
    def of(cls, hashes: Hashes, numbers: NDArray[np.int8]) -> WordVectors:
        """Of words by the hashes of `detector.features.tokenize`, ``(words,)``; of two in one bucket the first stays.

        ``numbers`` has the shape ``(words, DIMENSIONS)``, from -127 to 127.
        """
        buckets, first = np.unique(word_buckets(hashes), return_index=True)
        return cls(numbers[first], buckets.astype(np.uint32), mark(hashes[first]))

    @cached_property
    def places(self) -> NDArray[np.int32]:
        """The row of `table` for each bucket; of a bucket without a word, 0."""
        places = np.zeros(BUCKETS, dtype=np.int32)
        places[self.buckets] = np.arange(1, len(self.buckets) + 1)
        return places

    @cached_property
    def place_marks(self) -> NDArray[np.uint32]:
        """The mark of each row of `table`."""
        return np.concatenate([np.zeros(1, np.uint32), self.marks])

    @cached_property
    def table(self) -> LaneTable:
        """A row of zeros, and one of each word: a one, and its vector."""
        rows = np.zeros((len(self.numbers) + 1, COLUMNS), dtype=np.int8)
        rows[1:, 0] = 1
        rows[1:, 1:] = self.numbers
        return LaneTable(rows)

    def rows(self, hashes: Hashes) -> NDArray[np.int64]:
        """The row of `table` of each word; of one that is not known, 0."""
        places = self.places.take(word_buckets(hashes))
        known = self.place_marks.take(places) == mark(hashes)
        return np.where(known, places, 0).astype(np.int64)

    def means(self, tokens: Tokens) -> Floats:
        """The mean vector of the known words of each paragraph, ``(paragraphs, DIMENSIONS)``; of none, zeros."""
        sums = self.table.sums(self.rows(tokens.hashes), tokens.bounds)
        means: Floats = (sums[:, 1:] / np.maximum(sums[:, :1], 1)).astype(np.float32)
        return means


def mark(hashes: Hashes) -> NDArray[np.uint32]:
    """What tells a word from another one of the same bucket."""
    return ((hashes * MARK) >> MARK_SHIFT).astype(np.uint32)
