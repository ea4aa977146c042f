"""Which words each n-gram of `detector.features.ngrams.ngrams` is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.features.ngrams import long_words
from detector.features.tokens import Tokens
from detector.text.paragraphs import Batch
from detector.util.arrays import Offsets


@dataclass(frozen=True, slots=True)
class NgramWords:
    """The words of n-grams, as indices of the batch's words: from ``first`` up to and including ``last``.

    Both have the shape of the n-grams' buckets, ``(rows, n-grams per row)``. A paragraph without words has n-grams,
    too; their last word is before their first.
    """

    first: Offsets
    last: Offsets


OPENINGS, CLOSINGS, WHOLE = slice(0, 3), slice(3, 5), slice(5, 6)  # columns of the anchors


def ngram_words(batch: Batch, tokens: Tokens) -> tuple[NgramWords, NgramWords, NgramWords]:
    """The words of each n-gram: of words and pairs, of prefixes and suffixes, and of openings, closings, whole lines.

    The last word of a paragraph makes a pair with nothing.
    """
    words = np.arange(len(tokens.hashes))
    ends = tokens.bounds[1:][tokens.paragraph] - 1
    pairs = NgramWords(np.stack([words, words], axis=1), np.stack([words, np.minimum(words + 1, ends)], axis=1))
    long = np.repeat(long_words(batch, tokens)[:, None], 2, axis=1)
    return pairs, NgramWords(long, long), _anchors(tokens)


def _anchors(tokens: Tokens) -> NgramWords:
    first, last = tokens.bounds[:-1], tokens.bounds[1:] - 1
    openings = [np.minimum(first + number, last) for number in range(3)]
    closings = [np.maximum(last - number, first) for number in (1, 2)]
    return NgramWords(
        np.stack([first] * 3 + closings + [first], axis=1), np.stack([*openings, last, last, last], axis=1)
    )
