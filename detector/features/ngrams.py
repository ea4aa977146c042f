"""Words to hashed n-grams: words and pairs, affixes, and the beginning and end of the line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.features.hashing import (
    CLOSING,
    HEAD,
    MASKS,
    OPENING,
    PAIR,
    PAIR_LEFT,
    PREFIX,
    SUFFIX,
    TAIL,
    WHOLE,
    WORD_BYTES,
    bucket,
    word_buckets,
)
from detector.features.tokens import Tokens, eight_bytes, line_hashes
from detector.text.paragraphs import Batch
from detector.util.arrays import Hashes, Offsets

LONG_WORD = 6  # words of at least this many bytes also count by their prefix and their suffix
PREFIX_BYTES, SUFFIX_BYTES = 5, 4
# Words whose first letter takes more than one byte have prefixes and suffixes of whole letters: four and three of two
# bytes each. They are long from twice as many bytes on.
WIDE_LEAD = 0xC0
WIDE_PREFIX_BYTES, WIDE_SUFFIX_BYTES = 8, 6
ANCHORS = 6  # n-grams that every paragraph has: three openings, two closings, and all of its words


@dataclass(frozen=True, slots=True)
class Ngrams:
    """The buckets of n-grams, each below `BUCKETS`, of shape ``(rows, n-grams per row)``.

    Paragraph ``p`` has the rows ``bounds[p]`` to ``bounds[p + 1]``.
    """

    buckets: NDArray[np.int64]
    bounds: Offsets

    @property
    def counts(self) -> Offsets:
        """The number of n-grams in each paragraph."""
        counts: Offsets = np.diff(self.bounds) * self.buckets.shape[1]
        return counts


def ngrams(batch: Batch, tokens: Tokens) -> tuple[Ngrams, ...]:
    """The hashed n-grams of each paragraph: words and pairs, prefixes and suffixes, openings and closings."""
    return _words_and_pairs(tokens), _affixes(batch, tokens), _anchors(tokens)


def _words_and_pairs(tokens: Tokens) -> Ngrams:
    following = np.zeros_like(tokens.hashes)
    following[:-1] = tokens.hashes[1:]
    following[tokens.bounds[1:][tokens.counts > 0] - 1] = 0
    buckets = np.empty((len(following), 2), dtype=np.int64)
    buckets[:, 0] = word_buckets(tokens.hashes)
    buckets[:, 1] = bucket(tokens.hashes * PAIR_LEFT + following, PAIR)
    return Ngrams(buckets, tokens.bounds)


def long_words(batch: Batch, tokens: Tokens) -> Offsets:
    """The words that also count by their prefix and their suffix, as indices of ``tokens``."""
    wide = batch.folded[tokens.start] >= WIDE_LEAD
    long = tokens.end - tokens.start >= np.where(wide, 2 * LONG_WORD, LONG_WORD)
    return np.flatnonzero(long)


def _affixes(batch: Batch, tokens: Tokens) -> Ngrams:
    """The first five and last four bytes of long words; in other alphabets, the first four and last three letters."""
    eight = eight_bytes(batch)
    long = long_words(batch, tokens)
    wide = batch.folded[tokens.start[long]] >= WIDE_LEAD
    prefix = np.where(wide, WIDE_PREFIX_BYTES, PREFIX_BYTES)
    suffix = np.where(wide, WIDE_SUFFIX_BYTES, SUFFIX_BYTES)
    head = eight[tokens.start[long]] & MASKS[prefix]
    tail = eight[tokens.end[long] - WORD_BYTES] & ~MASKS[WORD_BYTES - suffix]
    buckets = np.empty((len(long), 2), dtype=np.int64)
    buckets[:, 0] = bucket(head * HEAD, PREFIX)
    buckets[:, 1] = bucket(tail * TAIL, SUFFIX)
    return Ngrams(buckets, np.searchsorted(long, tokens.bounds))


def _anchors(tokens: Tokens) -> Ngrams:
    """The line's first word, first two, first three, last two and last three words, and all its words together."""
    count = tokens.counts
    padded = np.append(tokens.hashes, np.zeros(3, dtype=np.uint64))
    zero = np.uint64(0)

    def word(number: int) -> Hashes:
        at = tokens.bounds[:-1] + number if number >= 0 else tokens.bounds[1:] + number
        return np.where(count > (number if number >= 0 else -number - 1), padded[at], zero)

    first, last = word(0), word(-1)
    two = first * PAIR_LEFT + word(1)
    last_two = word(-2) * PAIR_LEFT + last
    buckets = np.empty((len(count), ANCHORS), dtype=np.int64)
    for column, (mixed, multiplier) in enumerate((
        (first, OPENING), (two, OPENING), (two * PAIR_LEFT + word(2), OPENING),
        (last_two, CLOSING), (word(-3) * HEAD + last_two, CLOSING), (line_hashes(tokens), WHOLE),
    )):  # fmt: skip
        buckets[:, column] = bucket(mixed, multiplier)
    return Ngrams(buckets, np.arange(len(count) + 1))
