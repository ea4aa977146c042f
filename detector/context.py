"""What the whole document adds to a paragraph: the input rows of the network that reads it.

Scores enter as whole numbers (`quantize`), so that sums over any stretch of a document are exact: a document gives
the same rows alone and in a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.characters import CharacterClass
from detector.features import SHAPE_NAMES, Tokens, line_hashes, log2, segment_sum, share, word_buckets
from detector.paragraphs import Batch, Offsets
from detector.vectors import DIMENSIONS, WordVectors

Floats: TypeAlias = NDArray[np.float32]

UNIT = 1024  # a probability of 1 as a whole number
REST_OF_DOCUMENT = 1 << 40
WINDOWS = (
    (-10, -1), (1, 10), (-30, -1), (1, 30),
    (-REST_OF_DOCUMENT, -1), (1, REST_OF_DOCUMENT), (-REST_OF_DOCUMENT, REST_OF_DOCUMENT),
)  # fmt: skip
LENGTH = SHAPE_NAMES.index("characters")
SLOT = np.uint64(0x9E3779B97F4A7C15)
SLOT_SHIFT = np.uint64(33)
SLOTS_A_WORD = 8
# Sums of weights (at most 255 a word, some 8,000 words a paragraph) are taken three at a time in lanes of 21 bits.
_LANE = 21
_LANE_MASK = (1 << _LANE) - 1


def quantize(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Probabilities from 0 to 1 as whole numbers from 0 to `UNIT`."""
    whole: NDArray[np.int64] = np.rint(probabilities * UNIT).astype(np.int64)
    return whole


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The rarer words of a batch in order, paragraph ``p`` having ``bounds[p]`` to ``bounds[p + 1]``.

    ``weight`` is each word's rarity, 1 to 255. Words of one document that are the same (up to collisions within that
    document) share a ``slot``; document ``d`` has the slots ``origin[d]`` to ``origin[d + 1]``. ``elsewhere`` says
    whether another paragraph of the document has the word, ``earlier`` whether an earlier one has, ``capital`` whether
    it begins with a capital letter.
    """

    bounds: Offsets
    weight: NDArray[np.int64]
    capital: NDArray[np.bool_]
    slot: Offsets
    origin: Offsets
    elsewhere: NDArray[np.bool_]
    earlier: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What of a batch does not depend on scores: ``shapes``, ``repeats`` and ``meanings`` have a row a paragraph."""

    batch: Batch
    shapes: Floats
    repeats: Floats
    vocabulary: Vocabulary
    meanings: Floats


def gather(batch: Batch, tokens: Tokens, shapes: Floats, rarity: NDArray[np.uint8], vectors: WordVectors) -> Evidence:
    """The evidence of a batch; ``rarity`` is the model's table over the buckets of words."""
    return Evidence(
        batch, shapes, _repeats(batch, tokens), _vocabulary(batch, tokens, rarity), vectors.means(tokens)
    )  # fmt: skip


def _repeats(batch: Batch, tokens: Tokens) -> Floats:
    """How often the document has a paragraph of the same words elsewhere, as `log2`; shape ``(paragraphs, 1)``."""
    lines = line_hashes(tokens) ^ (batch.document.astype(np.uint64) * SLOT)
    _, kind, number = np.unique(lines, return_inverse=True, return_counts=True)
    return log2(number[kind] - 1)[:, None]


def _vocabulary(batch: Batch, tokens: Tokens, rarity: NDArray[np.uint8]) -> Vocabulary:
    weight = rarity[word_buckets(tokens.hashes)]
    rare = np.flatnonzero(weight)
    bounds = np.searchsorted(rare, tokens.bounds)
    paragraph = np.repeat(np.arange(len(batch), dtype=np.int32), np.diff(bounds))
    number = np.diff(bounds[batch.bounds])
    size = np.left_shift(1, np.frexp(np.maximum(SLOTS_A_WORD * number, 16) - 1.0)[1].astype(np.int64))
    origin = np.concatenate(([0], np.cumsum(size)))
    document = batch.document[paragraph]
    hashed = ((tokens.hashes[rare] * SLOT) >> SLOT_SHIFT).astype(np.int64)
    slot = origin[document] + (hashed & (size - 1)[document])
    first, last = np.empty((2, origin[-1]), dtype=np.int32)
    last[slot] = paragraph
    first[slot[::-1]] = paragraph[::-1]
    opens = first[slot]
    return Vocabulary(
        bounds, weight[rare].astype(np.int64), batch.classes[tokens.start[rare]] == CharacterClass.UPPER,
        slot, origin, opens != last[slot], opens < paragraph,
    )  # fmt: skip


def rows(evidence: Evidence, scores: Floats, probabilities: Floats, membership: Floats) -> Floats:
    """Each paragraph and its place in the document as one row of numbers.

    ``scores`` are the logits of the first step, ``(paragraphs, kinds)``, and ``probabilities`` their softmax;
    ``membership`` sums the kinds up to labels (kinds, labels), reporting first.
    """
    batch, shapes = evidence.batch, evidence.shapes
    labels = quantize(probabilities) @ membership.astype(np.int64)
    columns = [
        scores,
        _windows(labels, shapes[:, LENGTH : LENGTH + 1], batch),
        _place(batch),
        _mass(labels, batch),
        shapes,
        evidence.repeats,
        _shared_vocabulary(evidence.vocabulary, labels[:, 0]),
        evidence.meanings,
    ]
    return np.concatenate(columns, axis=1, dtype=np.float32)


MEANINGS = slice(-DIMENSIONS, None)  # the columns of `rows` that the word vectors give


def columns(labels: int, kinds: int) -> int:
    """How many columns `rows` gives."""
    return kinds + len(WINDOWS) * (labels + 1) + 4 + 3 * labels + len(SHAPE_NAMES) + 1 + 2 * 7 + DIMENSIONS


def _cumulated(values: NDArray[np.int64]) -> NDArray[np.int64]:
    sums = np.zeros((len(values) + 1, values.shape[1]), dtype=np.int64)
    np.cumsum(values, axis=0, out=sums[1:])
    return sums


def _windows(labels: NDArray[np.int64], length: Floats, batch: Batch) -> Floats:
    """Mean scores of the labels and mean length (as `log2`) in stretches before, after and around the paragraph."""
    sums = _cumulated(np.concatenate([labels, np.rint(length * UNIT).astype(np.int64)], axis=1))
    at = np.arange(len(batch))
    start, end = batch.bounds[batch.document], batch.bounds[batch.document + 1]
    left = np.stack([np.clip(at + low, start, end) for low, _ in WINDOWS], axis=1)
    right = np.stack([np.clip(at + high + 1, start, end) for _, high in WINDOWS], axis=1)
    number = np.maximum(right - left, 1)[:, :, None]
    total = sums.take(right, axis=0) - sums.take(np.minimum(left, right), axis=0)
    means: Floats = (total / (number * UNIT)).astype(np.float32)
    return means.reshape(len(batch), len(WINDOWS) * sums.shape[1])


def _place(batch: Batch) -> Floats:
    number = np.diff(batch.bounds)[batch.document]
    before = np.arange(len(batch)) - batch.bounds[batch.document]
    after = number - 1 - before
    return np.stack([log2(before), log2(after), share(before, number - 1), log2(number)], axis=1)


def _mass(labels: NDArray[np.int64], batch: Batch) -> Floats:
    """Characters times score of each label: the share before the paragraph, each label's share, and its size."""
    sums = _cumulated(labels * (batch.last - batch.first)[:, None])
    total = np.diff(sums[batch.bounds], axis=0)
    whole = np.concatenate([share(total, total.sum(axis=1, keepdims=True)), log2(total // UNIT)], axis=1)
    before = share(sums[:-1] - sums[batch.bounds[batch.document]], total[batch.document])
    return np.concatenate([before, whole[batch.document]], axis=1)


def _shared_vocabulary(words: Vocabulary, reporting: NDArray[np.int64]) -> Floats:
    """How much of the paragraph's vocabulary, weighed by rarity, the rest of the document shares, and in which voice.

    The voice is the mean score of reporting in the other paragraphs that have the word. The same seven numbers over
    all words, and over capitalised ones (most of them names).
    """
    score, slots = np.repeat(reporting, np.diff(words.bounds)), words.origin[-1]
    total = np.bincount(words.slot, weights=score, minlength=slots)[words.slot].astype(np.int64)
    number = np.bincount(words.slot, minlength=slots)[words.slot]
    voice = np.where(words.elsewhere, (total - score) // np.maximum(number - 1, 1), 0)
    lanes = np.array([1, 1 | 1 << _LANE, 1 | 1 << 2 * _LANE, 1 | 1 << _LANE | 1 << 2 * _LANE])
    weights = words.weight * lanes[words.elsewhere + 2 * words.earlier]
    voices = words.weight * voice
    columns = []
    for weighed, heard in ((weights, voices), (weights * words.capital, voices * words.capital)):
        sums, voiced = segment_sum(weighed, words.bounds), segment_sum(heard, words.bounds)
        whole, shared, earlier = sums & _LANE_MASK, (sums >> _LANE) & _LANE_MASK, sums >> 2 * _LANE
        columns += [
            share(shared, whole), share(voiced, whole * UNIT), share(voiced, shared * UNIT), share(earlier, whole),
            log2(whole // 16), log2(shared // 16), log2(voiced // (16 * UNIT)),
        ]  # fmt: skip
    return np.stack(columns, axis=1)
