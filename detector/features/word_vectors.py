"""Word vectors: a vector for each of the commoner words, and the mean vector of a paragraph.

The labelled pages are too few to learn from them which words belong to one subject; vectors made from a large corpus
hold that. `training/vectors.py` makes the table; `detector.fit` uses it unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.features.hashing import VECTOR_BUCKETS, vector_buckets
from detector.features.packed_table import PackedTable
from detector.features.tokens import Tokens
from detector.util.arrays import Floats, Hashes, ratio
from detector.util.pickling import PickledFields

DIMENSIONS = 59
COLUMNS = DIMENSIONS + 1  # the first column counts: 1 for a known word, else 0
FINGERPRINT = np.uint64(0xD6E8FEB86659FD93)
FINGERPRINT_SHIFT = np.uint64(32)


@dataclass(frozen=True)
class WordVectors(PickledFields):
    """Vectors of words, int8 of shape ``(words, DIMENSIONS)``, each scaled by how informative the word is.

    ``buckets`` (uint32, all different) are the buckets of the words as `detector.features.hashing.vector_buckets`
    returns them; ``fingerprints`` (uint32) distinguish each word from the other words of its bucket.
    """

    vectors: NDArray[np.int8]
    buckets: NDArray[np.uint32]
    fingerprints: NDArray[np.uint32]

    @classmethod
    def none(cls) -> WordVectors:
        """A table without words: every paragraph has a vector of zeros."""
        nothing = np.zeros(0, dtype=np.uint32)
        return cls(np.zeros((0, DIMENSIONS), dtype=np.int8), nothing, nothing)

    @classmethod
    def from_hashes(cls, hashes: Hashes, vectors: NDArray[np.int8]) -> WordVectors:
        """A table of words, given their hashes by `detector.features.tokens.tokenize`, ``(words,)``.

        ``vectors`` has the shape ``(words, DIMENSIONS)``, with values from -127 to 127. Of two words in one bucket, the
        first stays.
        """
        buckets, first = np.unique(vector_buckets(hashes), return_index=True)
        return cls(vectors[first], buckets.astype(np.uint32), fingerprint(hashes[first]))

    @cached_property
    def bucket_rows(self) -> NDArray[np.int32]:
        """The row of `table` for each bucket; 0 for a bucket without a word."""
        rows = np.zeros(VECTOR_BUCKETS, dtype=np.int32)
        rows[self.buckets] = np.arange(1, len(self.buckets) + 1)
        return rows

    @cached_property
    def row_fingerprints(self) -> NDArray[np.uint32]:
        """The fingerprint of the word in each row of `table`."""
        return np.concatenate([np.zeros(1, np.uint32), self.fingerprints])

    @cached_property
    def table(self) -> PackedTable:
        """A row of zeros, then one row per word: a one, and the word's vector."""
        rows = np.zeros((len(self.vectors) + 1, COLUMNS), dtype=np.int8)
        rows[1:, 0] = 1
        rows[1:, 1:] = self.vectors
        return PackedTable(rows)

    def rows(self, hashes: Hashes) -> NDArray[np.int64]:
        """The row of `table` for each word; 0 for a word that is not known."""
        rows = self.bucket_rows.take(vector_buckets(hashes))
        known = self.row_fingerprints.take(rows) == fingerprint(hashes)
        return np.where(known, rows, 0).astype(np.int64)

    def embed(self, tokens: Tokens) -> tuple[Floats, Floats]:
        """The mean vector of the known words of each paragraph, and the share of its words that are known.

        The means have the shape ``(paragraphs, DIMENSIONS)``, with zeros where no word is known; the shares, from 0 to
        1, have the shape ``(paragraphs, 1)``. Where a paragraph has no words, or the table none, the share is 1.
        """
        sums = self.table.sums(self.rows(tokens.hashes), tokens.bounds)
        means: Floats = (sums[:, 1:] / np.maximum(sums[:, :1], 1)).astype(np.float32)
        known = ratio(sums[:, :1], tokens.counts[:, None])
        known[(tokens.counts == 0) | (not len(self.vectors))] = 1
        return means, known


def fingerprint(hashes: Hashes) -> NDArray[np.uint32]:
    """The bits that distinguish a word from the other words of its bucket."""
    return ((hashes * FINGERPRINT) >> FINGERPRINT_SHIFT).astype(np.uint32)
