"""The context of a paragraph: the input rows of the network that reads the document.

Scores enter as whole numbers (`quantize`), so that sums over any stretch of a document are exact: a document has the
same rows alone and in a batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.features.hashing import word_buckets
from detector.features.shapes import SHAPE_NAMES
from detector.features.tokens import Tokens, line_hashes
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.text.characters import CharacterClass
from detector.text.paragraphs import Batch
from detector.util.arrays import Floats, Offsets, log2, ratio, segment_sum

UNIT = 1024  # a probability of 1 as a whole number
REST_OF_DOCUMENT = 1 << 40
WINDOWS = (
    (-10, -1), (1, 10), (-30, -1), (1, 30),
    (-REST_OF_DOCUMENT, -1), (1, REST_OF_DOCUMENT), (-REST_OF_DOCUMENT, REST_OF_DOCUMENT),
)  # fmt: skip
LENGTH_COLUMN = SHAPE_NAMES.index("characters")
SLOT = np.uint64(0x9E3779B97F4A7C15)
SLOT_SHIFT = np.uint64(33)
SLOTS_PER_WORD = 8
MIN_SLOTS = 16  # of a document
WEIGHT_UNIT = 16  # sums of weights are divided by this before their logarithm is taken
# Sums of weights (at most 255 per word, some 8,000 words per paragraph) are taken three at a time in lanes of 21 bits.
_LANE = 21
_LANE_MASK = (1 << _LANE) - 1


def quantize(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Turn probabilities from 0 to 1 into whole numbers from 0 to `UNIT`."""
    whole: NDArray[np.int64] = np.rint(probabilities * UNIT).astype(np.int64)
    return whole


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The rarer words of a batch in order; paragraph ``p`` has the words ``bounds[p]`` to ``bounds[p + 1]``.

    ``weight`` is each word's inverse document frequency, 1 to 255. Equal words of one document (up to collisions within
    that document) share a ``slot``; document ``d`` has the slots ``origin[d]`` to ``origin[d + 1]``. ``elsewhere``
    tells whether another paragraph of the document has the word, ``earlier`` whether an earlier one has it,
    ``capital`` whether it begins with a capital letter.
    """

    bounds: Offsets
    weight: NDArray[np.int64]
    capital: NDArray[np.bool_]
    slot: Offsets
    origin: Offsets
    elsewhere: NDArray[np.bool_]
    earlier: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DocumentFeatures:
    """The features of a batch that do not depend on scores.

    ``shapes``, ``repeats``, ``known`` (the share of the paragraph's words that have a vector) and ``embeddings`` have
    one row per paragraph.
    """

    batch: Batch
    shapes: Floats
    repeats: Floats
    vocabulary: Vocabulary
    known: Floats
    embeddings: Floats


def document_features(
    batch: Batch, tokens: Tokens, shapes: Floats, idf: NDArray[np.uint8], vectors: WordVectors
) -> DocumentFeatures:
    """The features of a batch; ``idf`` is the model's inverse document frequency of each bucket of words."""
    embeddings, known = vectors.embed(tokens)
    return DocumentFeatures(batch, shapes, _repeats(batch, tokens), _vocabulary(batch, tokens, idf), known, embeddings)


def _repeats(batch: Batch, tokens: Tokens) -> Floats:
    """The number of other paragraphs of the document with the same words, as `log2`; shape ``(paragraphs, 1)``."""
    lines = line_hashes(tokens) ^ (batch.document.astype(np.uint64) * SLOT)
    _, kind, number = np.unique(lines, return_inverse=True, return_counts=True)
    return log2(number[kind] - 1)[:, None]


def _vocabulary(batch: Batch, tokens: Tokens, idf: NDArray[np.uint8]) -> Vocabulary:
    weight = idf[word_buckets(tokens.hashes)]
    rare = np.flatnonzero(weight)
    bounds = np.searchsorted(rare, tokens.bounds)
    paragraph = np.repeat(np.arange(len(batch), dtype=np.int32), np.diff(bounds))
    number = np.diff(bounds[batch.bounds])
    size = np.left_shift(1, np.frexp(np.maximum(SLOTS_PER_WORD * number, MIN_SLOTS) - 1.0)[1].astype(np.int64))
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


def network_inputs(features: DocumentFeatures, logits: Floats, probabilities: Floats, membership: Floats) -> Floats:
    """One row per paragraph: the paragraph, and its position and neighbourhood in the document.

    ``logits`` are those of the linear model, ``(paragraphs, kinds)``, and ``probabilities`` their softmax;
    ``membership`` maps kinds to labels, ``(kinds, labels)``, reporting first. Returns the shape
    ``(paragraphs, input_width(labels, kinds))``.
    """
    batch, shapes = features.batch, features.shapes
    labels = quantize(probabilities) @ membership.astype(np.int64)
    columns = [
        logits,
        _windows(labels, shapes[:, LENGTH_COLUMN : LENGTH_COLUMN + 1], batch),
        _position(batch),
        _mass(labels, batch),
        shapes,
        features.repeats,
        _shared_vocabulary(features.vocabulary, labels[:, 0]),
        features.known,
        features.embeddings,
    ]
    return np.concatenate(columns, axis=1, dtype=np.float32)


EMBEDDING_COLUMNS = slice(-DIMENSIONS, None)  # of `network_inputs`


def input_width(labels: int, kinds: int) -> int:
    """The number of columns of `network_inputs`."""
    return kinds + len(WINDOWS) * (labels + 1) + 4 + 3 * labels + len(SHAPE_NAMES) + 1 + 2 * 7 + 1 + DIMENSIONS


def _cumulative(values: NDArray[np.int64]) -> NDArray[np.int64]:
    sums = np.zeros((len(values) + 1, values.shape[1]), dtype=np.int64)
    np.cumsum(values, axis=0, out=sums[1:])
    return sums


def _windows(labels: NDArray[np.int64], length: Floats, batch: Batch) -> Floats:
    """Mean scores of the labels and mean length (as `log2`) in windows before, after and around the paragraph."""
    sums = _cumulative(np.concatenate([labels, np.rint(length * UNIT).astype(np.int64)], axis=1))
    at = np.arange(len(batch))
    start, end = batch.bounds[batch.document], batch.bounds[batch.document + 1]
    left = np.stack([np.clip(at + low, start, end) for low, _ in WINDOWS], axis=1)
    right = np.stack([np.clip(at + high + 1, start, end) for _, high in WINDOWS], axis=1)
    number = np.maximum(right - left, 1)[:, :, None]
    total = sums.take(right, axis=0) - sums.take(np.minimum(left, right), axis=0)
    means: Floats = (total / (number * UNIT)).astype(np.float32)
    return means.reshape(len(batch), len(WINDOWS) * sums.shape[1])


def _position(batch: Batch) -> Floats:
    number = np.diff(batch.bounds)[batch.document]
    before = np.arange(len(batch)) - batch.bounds[batch.document]
    after = number - 1 - before
    return np.stack([log2(before), log2(after), ratio(before, number - 1), log2(number)], axis=1)


def _mass(labels: NDArray[np.int64], batch: Batch) -> Floats:
    """Characters times score of each label: the share before the paragraph, each label's share, and its size."""
    sums = _cumulative(labels * (batch.char_end - batch.char_start)[:, None])
    total = np.diff(sums[batch.bounds], axis=0)
    whole = np.concatenate([ratio(total, total.sum(axis=1, keepdims=True)), log2(total // UNIT)], axis=1)
    before = ratio(sums[:-1] - sums[batch.bounds[batch.document]], total[batch.document])
    return np.concatenate([before, whole[batch.document]], axis=1)


def _shared_vocabulary(words: Vocabulary, reporting: NDArray[np.int64]) -> Floats:
    """How much of the paragraph's vocabulary the rest of the document shares, weighted by inverse document frequency.

    For each shared word, the mean score of reporting in the other paragraphs that have it counts as well. The same
    seven numbers are computed over all words and over capitalised words (most of them names).
    """
    score, slots = np.repeat(reporting, np.diff(words.bounds)), words.origin[-1]
    total = np.bincount(words.slot, weights=score, minlength=slots)[words.slot].astype(np.int64)
    number = np.bincount(words.slot, minlength=slots)[words.slot]
    elsewhere_score = np.where(words.elsewhere, (total - score) // np.maximum(number - 1, 1), 0)
    lanes = np.array([1, 1 | 1 << _LANE, 1 | 1 << 2 * _LANE, 1 | 1 << _LANE | 1 << 2 * _LANE])
    weights = words.weight * lanes[words.elsewhere + 2 * words.earlier]
    scored = words.weight * elsewhere_score
    columns = []
    for weighted, reported in ((weights, scored), (weights * words.capital, scored * words.capital)):
        sums, reporting_sum = segment_sum(weighted, words.bounds), segment_sum(reported, words.bounds)
        whole, shared, earlier = sums & _LANE_MASK, (sums >> _LANE) & _LANE_MASK, sums >> 2 * _LANE
        columns += [
            ratio(shared, whole), ratio(reporting_sum, whole * UNIT), ratio(reporting_sum, shared * UNIT),
            ratio(earlier, whole), log2(whole // WEIGHT_UNIT), log2(shared // WEIGHT_UNIT),
            log2(reporting_sum // (WEIGHT_UNIT * UNIT)),
        ]  # fmt: skip
    return np.stack(columns, axis=1)
