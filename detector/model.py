"""A trained model as plain arrays: a first step that reads each paragraph alone, then networks that see the document.

Prediction needs numpy alone. How a model comes about is `detector.fit`; how it is kept in files, `detector.storage`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector import context, speed
from detector.features import Ngrams, ngrams, shapes, tokenize
from detector.lanes import LaneTable
from detector.network import Ensemble
from detector.paragraphs import Batch, Offsets
from detector.vectors import WordVectors

Floats: TypeAlias = NDArray[np.float32]

REPORTING = "reporting"


@dataclass(frozen=True)
class LinearStep:
    """A linear model over hashed n-grams: ``scale * sum(weights) / sqrt(number of n-grams) + bias``, one column a kind.

    ``weights`` is int8 of shape ``(BUCKETS, kinds)``, within -127 to 127; ``scale`` and ``bias`` have ``(kinds,)``.
    """

    weights: NDArray[np.int8]
    scale: Floats
    bias: Floats

    @cached_property
    def table(self) -> LaneTable:
        """The weights as rows to be summed."""
        return LaneTable(self.weights)

    def scores(self, groups: tuple[Ngrams, ...]) -> Floats:
        """Log-odds of each kind, of shape ``(paragraphs, kinds)``."""
        total = sum(self.table.sums(g.buckets.ravel(), g.bounds * g.buckets.shape[1]) for g in groups)
        count = sum(group.counts for group in groups)
        norm = np.sqrt(np.maximum(count, 1))[:, None]
        return (total * self.scale.astype(np.float64) / norm + self.bias).astype(np.float32)


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
    table over the buckets of words, 0 (in most documents) to 255 (in hardly any). The ``networks`` read the document,
    and the mean of their logits counts; without any, the first step's. ``calibration`` is a matrix of shape
    ``(labels + 1, labels)`` over the logarithms of the labels' probabilities, the last row added. ``thresholds`` are
    the named ones, from 0 to 1; ``metadata`` is what the file says of itself.
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_labels: tuple[int, ...]
    linear: LinearStep
    rarity: NDArray[np.uint8]
    vectors: WordVectors
    networks: Ensemble
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
        logits = reading.scores
        if self.networks.members:
            rows = path.rows(reading.evidence, logits, path.softmax(logits), self)
            logits = path.scores(self.networks, rows, batch.bounds)
        labels, kinds = calibrated(path.softmax(logits), self.kind_labels, self.calibration)
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
    evidence = context.gather(batch, tokens, shapes(batch, tokens), model.rarity, model.vectors)
    return Reading(tokens.counts, model.linear.scores(ngrams(batch, tokens)), evidence)


def rows(evidence: context.Evidence, scores: Floats, probabilities: Floats, model: Model) -> Floats:
    """The `context.rows` of a batch."""
    return context.rows(evidence, scores, probabilities, model.membership)


def scores(networks: Ensemble, rows: Floats, bounds: Offsets) -> Floats:
    """The mean logits of the networks; ``rows`` are used up."""
    return networks.scores(rows, bounds)


def softmax(logits: Floats) -> Floats:
    """Rows of logits as rows of probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


def label_sums(kinds: Floats, kind_labels: Sequence[int], number: int) -> Floats:
    """The kinds' probabilities summed up to so many labels, ``(paragraphs, number)``: in order, the same everywhere."""
    labels = np.zeros((len(kinds), number), dtype=np.float32)
    for kind, label in enumerate(kind_labels):
        labels[:, label] += kinds[:, kind]
    return labels


def label_logs(labels: Floats) -> Floats:
    """Logarithms of the labels' probabilities, none below that of one in a million: the input of the calibration."""
    logs: Floats = np.log(np.maximum(labels, np.float32(1e-6)))
    return logs


def calibrated(kinds: Floats, kind_labels: Sequence[int], calibration: Floats) -> tuple[Floats, Floats]:
    """Probabilities that mean what they say, of labels and of kinds.

    By Dirichlet calibration of the labels (Kull et al., NeurIPS 2019); within a label, kinds keep their proportions.
    """
    before = label_sums(kinds, kind_labels, calibration.shape[1])
    logits = np.repeat(calibration[-1:], len(kinds), axis=0)
    for column, weights in zip(label_logs(before).T, calibration[:-1], strict=True):
        logits += column[:, None] * weights
    labels = softmax(logits)
    ratio: Floats = np.divide(labels, np.maximum(before, np.float32(1e-30)))
    return labels, np.multiply(kinds, ratio[:, list(kind_labels)])
