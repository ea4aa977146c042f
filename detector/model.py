"""A trained model as plain arrays: a first step that reads each paragraph alone, then steps that see the context.

Prediction needs numpy alone. How a model comes about is `detector.fit`; how it is kept in files, `detector.storage`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector import context, speed
from detector.features import Ngrams, ngrams, segment_sum, shapes, tokenize
from detector.paragraphs import Batch

Floats: TypeAlias = NDArray[np.float32]

REPORTING = "reporting"

# A row of the weight table is summed as whole numbers, five to a 64-bit word: lanes of 12 bits hold sums of up to 16
# weights of 8 bits (16 * 255 < 4096) without a carry into the next lane.
LANES = 5
LANE_BITS = 12
CHUNK = 16
ZERO = 128  # what a weight of zero is stored as in a lane
_PAIR = np.uint64(0xFFF | 0xFFF << 24)
_WIDER = ((0, _PAIR), (12, _PAIR), (48, np.uint64(0xFFF)))
_HALVES = np.array([0, 24], dtype=np.uint64)
_LANE_ORDER = [0, 2, 1, 3, 4]  # of the halves of those three words: lanes 0 2, 1 3, 4
_CACHE_LINE = 64  # bytes
BLOCK = 256  # rows of a matrix product; always the same, so that a row's result does not depend on the others


@dataclass(frozen=True)
class LinearStep:
    """A linear model over hashed n-grams: ``scale * sum(weights) / sqrt(number of n-grams) + bias``, one column a kind.

    ``weights`` is int8 of shape ``(BUCKETS, kinds)``, within -127 to 127; ``scale`` and ``bias`` have ``(kinds,)``.
    """

    weights: NDArray[np.int8]
    scale: Floats
    bias: Floats

    @cached_property
    def packed(self) -> NDArray[np.uint64]:
        """The weights in lanes, of shape ``(BUCKETS, words of lanes)``."""
        buckets, kinds = self.weights.shape
        lanes = (np.ascontiguousarray(self.weights.T).view(np.uint8) + np.uint8(ZERO)).astype(np.uint64)
        packed = _aligned((buckets, -(-kinds // LANES)))
        for kind, lane in enumerate(lanes):
            packed[:, kind // LANES] |= lane << np.uint64(LANE_BITS * (kind % LANES))
        return packed

    @cached_property
    def quads(self) -> NDArray[np.uint64]:
        """`packed`, filled up with zeros to a multiple of four words of lanes."""
        buckets, words = self.packed.shape
        if words % 4 == 0:
            return self.packed
        quads = _aligned((buckets, -(-words // 4) * 4))
        quads[:, :words] = self.packed
        return quads

    def scores(self, groups: tuple[Ngrams, ...]) -> Floats:
        """Log-odds of each kind, of shape ``(paragraphs, kinds)``."""
        paragraphs = len(groups[0].bounds) - 1
        total = np.zeros((paragraphs, len(self.scale)), dtype=np.int64)
        count = np.zeros(paragraphs, dtype=np.int64)
        for group in groups:
            total += self._sums(group)
            count += group.counts
        total -= ZERO * count[:, None]
        norm = np.sqrt(np.maximum(count, 1))[:, None]
        return (total * self.scale.astype(np.float64) / norm + self.bias).astype(np.float32)

    def _sums(self, group: Ngrams) -> NDArray[np.int64]:
        counts = group.counts
        chunks = -(-counts // CHUNK)
        bounds = np.concatenate(([0], np.cumsum(chunks)))
        within = np.arange(bounds[-1]) - np.repeat(bounds[:-1], chunks)
        starts = np.repeat(group.bounds[:-1] * group.buckets.shape[1], chunks) + CHUNK * within
        if not len(starts):
            return np.zeros((len(counts), len(self.scale)), dtype=np.int64)
        sums = np.add.reduceat(self.packed.take(group.buckets.ravel(), axis=0), starts, axis=0)
        # The lanes are now too narrow: 0 and 2, 1 and 3, and 4 go on in words of their own, with 24 bits or more.
        words = ((sums >> np.uint64(shift)) & mask for shift, mask in _WIDER)
        wide = [segment_sum(word, bounds)[:, :, None] >> _HALVES for word in words]
        lanes = np.concatenate(wide, axis=2)[:, :, _LANE_ORDER] & np.uint64((1 << 24) - 1)
        return lanes.reshape(len(counts), -1)[:, : len(self.scale)].astype(np.int64)


def _aligned(shape: tuple[int, int]) -> NDArray[np.uint64]:
    """Zeros that begin with a cache line: a row of four words or fewer then lies in as few lines as can be."""
    number = shape[0] * shape[1]
    room = np.zeros(number + _CACHE_LINE // 8, dtype=np.uint64)
    skip = -room.ctypes.data % _CACHE_LINE // 8
    return room[skip : skip + number].reshape(shape)


@dataclass(frozen=True)
class Network:
    """A multi-layer perceptron with rectified hidden layers and a linear last one."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def scores(self, rows: Floats) -> Floats:
        """Logits of each kind, of shape ``(rows, kinds)``."""
        return scores_of_blocks(self, blocks(rows), len(rows))


def scores_of_blocks(network: Network, values: Floats, number: int) -> Floats:
    """Logits of the first ``number`` rows of `blocks`."""
    for depth, (weights, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        values = values @ weights
        values += bias
        if depth < len(network.weights) - 1:
            np.maximum(values, 0, out=values)
    return _unblocked(values, number)


def blocks(rows: Floats) -> Floats:
    """Rows as blocks of `BLOCK` rows, shape ``(blocks, BLOCK, columns)``; the last one is filled up with zeros."""
    number, columns = rows.shape
    padded = np.empty((padded_number(number), columns), dtype=np.float32)
    padded[:number] = rows
    padded[number:] = 0
    return padded.reshape(-1, BLOCK, columns)


def padded_number(number: int) -> int:
    """How many rows the `blocks` of so many rows have."""
    return -(-number // BLOCK) * BLOCK


def _unblocked(values: Floats, number: int) -> Floats:
    return values.reshape(values.shape[0] * BLOCK, values.shape[2])[:number]


def product(rows: Floats, matrix: Floats) -> Floats:
    """``rows @ matrix``, each row's result the same whatever rows stand beside it, to the last bit."""
    return _unblocked(blocks(rows) @ matrix, len(rows))


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities of a batch: ``labels`` of shape ``(paragraphs, labels)``, ``kinds`` ``(paragraphs, kinds)``.

    The rows of both sum to 1. ``words`` is how many words each paragraph has.
    """

    labels: Floats
    kinds: Floats
    words: NDArray[np.int64]


@dataclass(frozen=True)
class Model:
    """Everything a prediction needs.

    ``labels`` begins with ``reporting``; ``kind_labels`` is the label, an index, of each of ``kinds``. ``rarity`` is a
    table over the buckets of words, 0 (in most documents) to 255 (in hardly any). ``calibration`` is a matrix of shape
    ``(labels + 1, labels)`` over the logarithms of the labels' probabilities, the last row added. ``thresholds`` are
    the named ones, from 0 to 1; ``metadata`` is what the file says of itself.
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_labels: tuple[int, ...]
    linear: LinearStep
    rarity: NDArray[np.uint8]
    networks: tuple[Network, ...]
    calibration: Floats
    thresholds: Mapping[str, float]
    metadata: Mapping[str, Any]

    @cached_property
    def membership(self) -> Floats:
        """1 where a kind belongs to a label, of shape ``(kinds, labels)``."""
        return np.eye(len(self.labels), dtype=np.float32)[list(self.kind_labels)]

    def predict(self, batch: Batch) -> Scores:
        """Probabilities of every paragraph of a batch. A document's are the same in every batch."""
        path: Any = speed.kernels() or sys.modules[__name__]  # whose functions have the names of those below
        reading = path.read(batch, self)
        own = logits = reading.scores
        for look, network in enumerate(self.networks):
            rows = path.rows(reading.evidence, look, own, path.softmax(logits), self)
            logits = path.scores_of_blocks(network, rows, len(batch))
            own = np.concatenate([own, logits], axis=1)
        labels, kinds = calibrated(path.softmax(logits), self.membership, self.calibration)
        return Scores(labels, kinds, reading.words)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of the paragraphs of a batch each by itself: number of words, log-odds of the kinds, evidence."""

    words: NDArray[np.int64]
    scores: Floats
    evidence: context.Evidence


def read(batch: Batch, model: Model) -> Reading:
    """The reading of a batch."""
    tokens = tokenize(batch)
    evidence = context.gather(batch, tokens, shapes(batch, tokens), model.rarity)
    return Reading(tokens.counts, model.linear.scores(ngrams(batch, tokens)), evidence)


def rows(evidence: context.Evidence, look: int, own: Floats, probabilities: Floats, model: Model) -> Floats:
    """The `context.rows` of a batch as `blocks`."""
    return blocks(context.rows(evidence, look, own, probabilities, model.membership))


def softmax(logits: Floats) -> Floats:
    """Rows of logits as rows of probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


def label_logs(kinds: Floats, membership: Floats) -> Floats:
    """Logarithms of the labels' probabilities, none below that of one in a million: the input of the calibration."""
    return _logs(product(kinds, membership))


def _logs(labels: Floats) -> Floats:
    result: Floats = np.log(np.maximum(labels, np.float32(1e-6)))
    return result


def calibrated(kinds: Floats, membership: Floats, calibration: Floats) -> tuple[Floats, Floats]:
    """Probabilities that mean what they say, of labels and of kinds.

    By Dirichlet calibration of the labels (Kull et al., NeurIPS 2019); within a label, kinds keep their proportions.
    """
    before = product(kinds, membership)
    labels = softmax(product(_logs(before), calibration[:-1]) + calibration[-1])
    ratio: Floats = np.divide(labels, np.maximum(before, np.float32(1e-30)))
    return labels, np.multiply(kinds, product(ratio, membership.T))
