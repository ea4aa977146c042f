"""The hash functions of words and n-grams, and the buckets into which they are hashed.

Multiply-shift hashing (Dietzfelbinger et al., "A Reliable Randomized Algorithm for the Closest-Pair Problem", 1997).
The multipliers are odd and have well-mixed bits; each kind of n-gram has its own. The kernels of `detector.backend`
import the same constants.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.util.arrays import Hashes

BUCKET_BITS = 18
BUCKETS = 1 << BUCKET_BITS
BUCKET_SHIFT = np.uint64(64 - BUCKET_BITS)
# Word vectors are looked up in buckets of their own: more of them, because a bucket holds one word.
VECTOR_BITS = 20
VECTOR_BUCKETS = 1 << VECTOR_BITS
VECTOR_SHIFT = np.uint64(64 - VECTOR_BITS)

# Parts of a word: its first eight bytes, its last eight, bytes 9 to 16, and its length.
HEAD = np.uint64(0x9E3779B97F4A7C15)
TAIL = np.uint64(0xD1B54A32D192ED03)
MIDDLE = np.uint64(0xABC98388FB8FAC03)
LENGTH = np.uint64(0x8CB92BA72F3D8DD7)
# Kinds of n-gram.
WORD = np.uint64(0x9FB21C651E98DF25)
PAIR = np.uint64(0xC2B2AE3D27D4EB4F)
PAIR_LEFT = np.uint64(0x165667B19E3779F9)
PREFIX = np.uint64(0xA0761D6478BD642F)
SUFFIX = np.uint64(0xE7037ED1A0B428DB)
OPENING = np.uint64(0x8EBC6AF09C88C6E3)
CLOSING = np.uint64(0x589965CC75374CC3)
WHOLE = np.uint64(0x1D8E4E27C47D124F)
# How far a product is shifted to the right when it is mixed into itself.
WORD_MIX, BUCKET_MIX, LINE_MIX = np.uint64(32), np.uint64(29), np.uint64(31)

WORD_BYTES = 8  # bytes that are hashed as one number
MIDDLE_BYTES = 16  # words longer than this also hash the bytes that begin at `WORD_BYTES`
MASKS = np.array([(1 << (8 * n)) - 1 for n in range(WORD_BYTES + 1)], dtype=np.uint64)


def bucket(mixed: Hashes, multiplier: np.uint64, shift: np.uint64 = BUCKET_SHIFT) -> NDArray[np.int64]:
    """The bucket of each hash, from 0 to `BUCKETS` - 1, or as many as another ``shift`` leaves."""
    return (((mixed ^ (mixed >> BUCKET_MIX)) * multiplier) >> shift).view(np.int64)


def vector_buckets(hashes: Hashes) -> NDArray[np.int64]:
    """The bucket of each word in the table of word vectors, from 0 to `VECTOR_BUCKETS` - 1."""
    return bucket(hashes, WORD, VECTOR_SHIFT)


def word_buckets(hashes: Hashes) -> NDArray[np.int64]:
    """The bucket of each word as a unigram, given the hashes that `detector.features.tokens.tokenize` returns."""
    return bucket(hashes, WORD)
