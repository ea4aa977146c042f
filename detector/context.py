"""What the neighbours and the whole document add to a paragraph: the input rows of the second step.

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

Floats: TypeAlias = NDArray[np.float32]

UNIT = 1024  # a probability of 1 as a whole number
NEAR = (-2, -1, 1, 2)  # neighbours seen with all their scores and their shape
FAR = (-5, -4, -3, 3, 4, 5)  # neighbours seen with the scores of the labels and their length
REST_OF_DOCUMENT = 1 << 40
WINDOWS = (
    (-10, -1), (1, 10), (-30, -1), (1, 30),
    (-REST_OF_DOCUMENT, -1), (1, REST_OF_DOCUMENT), (-REST_OF_DOCUMENT, REST_OF_DOCUMENT),
)  # fmt: skip
OUTSIDE = -0.5  # stands for the score of a neighbour that is not there
_NEAR_SHAPES = [
    SHAPE_NAMES.index(name)
    for name in SHAPE_NAMES
    if name in ("characters", "words", "upper case", "capitalised words") or name.startswith(("first is", "last is"))
]
_LENGTH = SHAPE_NAMES.index("characters")
_SLOT = np.uint64(0x9E3779B97F4A7C15)
_SLOT_SHIFT = np.uint64(33)


def quantize(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Probabilities from 0 to 1 as whole numbers from 0 to `UNIT`."""
    whole: NDArray[np.int64] = np.rint(probabilities * UNIT).astype(np.int64)
    return whole


@dataclass(frozen=True, slots=True)
class Evidence:
    """What of a batch does not change between one look at the context and the next."""

    batch: Batch
    shapes: Floats
    tokens: Tokens
    slots: Slots
    rarity: NDArray[np.int64]  # of each word, 0 (in most documents) to 255


@dataclass(frozen=True, slots=True)
class Slots:
    """Words of one document that are the same (up to collisions within that document) share a slot."""

    slot: Offsets  # of each word
    elsewhere: NDArray[np.bool_]  # whether another paragraph of the document has the word
    earlier: NDArray[np.bool_]  # whether an earlier one has
    size: int


def gather(batch: Batch, tokens: Tokens, shapes: Floats, rarity: NDArray[np.uint8]) -> Evidence:
    """The evidence of a batch; ``rarity`` is the model's table over the buckets of words."""
    words = rarity[word_buckets(tokens.hashes)].astype(np.int64)
    return Evidence(batch, shapes, tokens, _slots(batch, tokens), words)


def rows(evidence: Evidence, own: Floats, probabilities: Floats, membership: Floats) -> Floats:
    """The context of each paragraph as one row of numbers.

    ``own`` are columns of the paragraph's own that are passed through, ``probabilities`` its scores so far, of shape
    ``(paragraphs, kinds)``; ``membership`` sums the kinds up to labels (kinds, labels), reporting first.
    """
    batch, shapes = evidence.batch, evidence.shapes
    kinds = quantize(probabilities)
    labels = kinds @ membership.astype(np.int64)
    length = shapes[:, _LENGTH : _LENGTH + 1]
    label_scores = (labels / UNIT).astype(np.float32)
    near = np.concatenate([label_scores, (kinds / UNIT).astype(np.float32), shapes[:, _NEAR_SHAPES]], axis=1)
    far = np.concatenate([label_scores, length], axis=1)
    columns = [own, shapes, label_scores]
    columns += [_neighbour(near, batch, step) for step in NEAR]
    columns += [_neighbour(far, batch, step) for step in FAR]
    columns += _windows(labels, length, batch)
    columns += [_place(batch), _mass(labels, batch), *_vocabulary(evidence, labels[:, 0]), _repeats(evidence)]
    return np.concatenate(columns, axis=1, dtype=np.float32)


def _neighbour(values: Floats, batch: Batch, step: int) -> Floats:
    at = np.arange(len(batch)) + step
    inside = (at >= batch.bounds[batch.document]) & (at < batch.bounds[batch.document + 1])
    padded = np.concatenate([values, np.full((1, values.shape[1]), OUTSIDE, dtype=np.float32)])
    return padded.take(np.where(inside, at, len(batch)), axis=0)


def _cumulated(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros((1, values.shape[1]), dtype=np.int64), np.cumsum(values, axis=0)])


def _windows(labels: NDArray[np.int64], length: Floats, batch: Batch) -> list[Floats]:
    """Mean scores of the labels and mean length (as `log2`) in stretches before, after and around the paragraph."""
    values = np.concatenate([labels, np.rint(length * UNIT).astype(np.int64)], axis=1)
    sums = _cumulated(values)
    at = np.arange(len(batch))
    start, end = batch.bounds[batch.document], batch.bounds[batch.document + 1]
    means = []
    for low, high in WINDOWS:
        left = np.clip(at + low, start, end)
        right = np.maximum(np.clip(at + high + 1, start, end), left)
        number = np.maximum(right - left, 1)[:, None]
        means.append(((sums[right] - sums[left]) / (number * UNIT)).astype(np.float32))
    return means


def _place(batch: Batch) -> Floats:
    number = np.diff(batch.bounds)[batch.document]
    before = np.arange(len(batch)) - batch.bounds[batch.document]
    after = number - 1 - before
    share = (before / np.maximum(number - 1, 1)).astype(np.float32)
    return np.stack([log2(before), log2(after), share, log2(number)], axis=1)


def _mass(labels: NDArray[np.int64], batch: Batch) -> Floats:
    """Characters times score of each label: the share before the paragraph, each label's share, and its size."""
    sums = _cumulated(labels * (batch.last - batch.first)[:, None])
    start, end = batch.bounds[batch.document], batch.bounds[batch.document + 1]
    total = sums[end] - sums[start]
    before = (sums[:-1] - sums[start]) / np.maximum(total, 1)
    share = total / np.maximum(total.sum(axis=1, keepdims=True), 1)
    return np.concatenate([before.astype(np.float32), share.astype(np.float32), log2(total // UNIT)], axis=1)


def _slots(batch: Batch, tokens: Tokens) -> Slots:
    paragraph = tokens.paragraph
    number = np.diff(tokens.bounds[batch.bounds])
    size = np.left_shift(1, np.frexp(np.maximum(2 * number, 16).astype(np.float64) - 1)[1].astype(np.int64))
    origin = np.concatenate(([0], np.cumsum(size)))
    document = batch.document[paragraph]
    local = ((tokens.hashes * _SLOT) >> _SLOT_SHIFT).astype(np.int64) & (size - 1)[document]
    slot = origin[document] + local
    first = np.empty(origin[-1], dtype=np.int32)
    last = np.empty(origin[-1], dtype=np.int32)
    last[slot] = paragraph
    first[slot[::-1]] = paragraph[::-1]
    opens = first[slot]
    return Slots(slot, opens != last[slot], opens < paragraph, int(origin[-1]))


def _vocabulary(evidence: Evidence, reporting: NDArray[np.int64]) -> list[Floats]:
    """How much of the paragraph's vocabulary, weighed by rarity, the rest of the document shares, and in which voice.

    The same twice, over all words and over capitalised ones (most of them names).
    """
    tokens, slots = evidence.tokens, evidence.slots
    score = np.repeat(reporting, tokens.counts)
    total = np.bincount(slots.slot, weights=score, minlength=slots.size)[slots.slot]
    count = np.bincount(slots.slot, minlength=slots.size)[slots.slot]
    voice = np.where(slots.elsewhere, (total - score).astype(np.int64) // np.maximum(count - 1, 1), 0)
    capital = evidence.batch.classes[tokens.start] == CharacterClass.UPPER
    columns = []
    for weight in (evidence.rarity, evidence.rarity * capital):
        whole = segment_sum(weight, tokens.bounds)
        shared = segment_sum(weight * slots.elsewhere, tokens.bounds)
        voiced = segment_sum(weight * voice, tokens.bounds)
        earlier = segment_sum(weight * slots.earlier, tokens.bounds)
        columns += [
            share(shared, whole), share(voiced, whole * UNIT), share(voiced, shared * UNIT), share(earlier, whole),
            log2(whole // 16), log2(shared // 16), log2(voiced // (16 * UNIT)),
        ]  # fmt: skip
    return [np.stack(columns, axis=1)]


def _repeats(evidence: Evidence) -> Floats:
    """How often the document has a paragraph of the same words elsewhere, as `log2`; shape ``(paragraphs, 1)``."""
    batch = evidence.batch
    lines = line_hashes(evidence.tokens) ^ (batch.document.astype(np.uint64) * _SLOT)
    _, kind, number = np.unique(lines, return_inverse=True, return_counts=True)
    return log2(number[kind] - 1)[:, None]
