"""Paragraphs to words, and a 64-bit hash of each word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.features.hashing import HEAD, LENGTH, LINE_MIX, MASKS, MIDDLE, MIDDLE_BYTES, TAIL, WORD_BYTES, WORD_MIX
from detector.text.characters import FIRST_WORD_CLASS, LAST_WORD_CLASS, CharacterClass
from detector.text.paragraphs import Batch
from detector.text.reading import PART_BYTES
from detector.util.arrays import Hashes, Offsets, segment_sum

READ_BYTES = PART_BYTES  # the words of a paragraph that begin after this many bytes are not read


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a batch in order: their bytes in the buffer, and a 64-bit hash of each.

    Paragraph ``p`` has the words ``bounds[p]`` to ``bounds[p + 1]``.
    """

    start: Offsets
    end: Offsets
    bounds: Offsets
    hashes: Hashes

    @property
    def counts(self) -> Offsets:
        """The number of words in each paragraph."""
        return np.diff(self.bounds)

    @property
    def paragraph(self) -> Offsets:
        """The paragraph of each word."""
        return np.repeat(np.arange(len(self.bounds) - 1), self.counts)


def tokenize(batch: Batch) -> Tokens:
    """Split paragraphs into words: maximal runs of letters and digits.

    In scripts that are written without spaces, every character is a word.
    """
    start, end = _runs(batch.classes, batch.start)
    bounds = paragraph_bounds(start, batch)
    if len(batch) and int((batch.end - batch.start).max()) > READ_BYTES:
        read = start < np.repeat(batch.start + READ_BYTES, np.diff(bounds))
        start, end = start[read], end[read]
        bounds = paragraph_bounds(start, batch)
    return Tokens(start, end, bounds, _hashes(batch, start, end))


def paragraph_bounds(at: Offsets, batch: Batch) -> Offsets:
    """Where in the sorted byte offsets ``at`` each paragraph begins, and where the last one ends."""
    return np.append(np.searchsorted(at, batch.start), len(at))


def _runs(classes: NDArray[np.uint8], begins: Offsets) -> tuple[Offsets, Offsets]:
    word = (classes - np.uint8(FIRST_WORD_CLASS)) <= np.uint8(LAST_WORD_CLASS - FIRST_WORD_CLASS)
    before, after = word[:-1], word[1:]
    opens = after & ~before
    closes = before & ~after
    inside = begins[before[begins - 1] & word[begins]]  # parts of a paragraph that begin inside of a word
    opens[inside - 1] = closes[inside - 1] = True
    unspaced = (classes == CharacterClass.UNSPACED) | (classes == CharacterClass.UNSPACED_REST)
    at = np.flatnonzero(unspaced)
    if at.size:
        opens[at[classes[at] == CharacterClass.UNSPACED] - 1] = True
        opens[at[after[at] & ~unspaced[at + 1]]] = True
        closes |= opens & before
    return np.flatnonzero(opens) + 1, np.flatnonzero(closes) + 1


def _hashes(batch: Batch, start: Offsets, end: Offsets) -> Hashes:
    """Hash each word's length and its first 16 and last 8 bytes, in lower case; the bytes between do not count."""
    eight = eight_bytes(batch)
    length = end - start
    hashes = (eight[start] & MASKS[np.minimum(length, WORD_BYTES)]) * HEAD + length.astype(np.uint64) * LENGTH
    longer = np.flatnonzero(length > WORD_BYTES)
    hashes[longer] += eight[end[longer] - WORD_BYTES] * TAIL
    longer = longer[length[longer] > MIDDLE_BYTES]
    hashes[longer] += eight[start[longer] + WORD_BYTES] * MIDDLE
    mixed: Hashes = hashes ^ (hashes >> WORD_MIX)
    return mixed


def eight_bytes(batch: Batch) -> Hashes:
    """The eight bytes that begin at each offset of the buffer, as one little-endian number."""
    return np.ndarray((len(batch.folded) - WORD_BYTES + 1,), dtype="<u8", buffer=batch.folded, strides=(1,))


def line_hashes(tokens: Tokens) -> Hashes:
    """A hash of all words of each paragraph that does not depend on their order."""
    mixed = tokens.hashes * MIDDLE
    words: Hashes = segment_sum(mixed ^ (mixed >> LINE_MIX), tokens.bounds)
    return words + tokens.counts.astype(np.uint64) * LENGTH
