"""Logits to probabilities that can be trusted: softmax, sums over labels, and Dirichlet calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detector.inference.elementary import exponential, logarithm
from detector.inference.scores import Scores
from detector.util.arrays import Floats

_SMALLEST = np.float32(1e-6)  # the calibration sees no probability below this one


def softmax(logits: Floats) -> Floats:
    """Turn rows of logits into rows of probabilities. The order of the sum is fixed."""
    powers = exponential(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    total = np.zeros(len(powers), dtype=powers.dtype)
    for column in powers.T:
        total += column
    powers /= total[:, None]
    return powers


def label_sums(kinds: Floats, kind_labels: Sequence[int], number: int) -> Floats:
    """Sum the kinds' probabilities over ``number`` labels, ``(paragraphs, number)``.

    The order of the sum is fixed, so that the result is the same everywhere.
    """
    labels = np.zeros((len(kinds), number), dtype=np.float32)
    for kind, label in enumerate(kind_labels):
        labels[:, label] += kinds[:, kind]
    return labels


def kept_scores(scores: Scores, kept: Sequence[bool], kind_labels: Sequence[int]) -> Floats:
    """The probability of what is kept, from 0 to 1, ``(paragraphs,)``; ``kept`` tells of each kind whether it is.

    It is that of the first label where exactly its kinds are kept, and exactly 1 where all kinds are.
    """
    if all(kept):
        return np.ones(len(scores.kinds), dtype=np.float32)
    if all(keep == (label == 0) for keep, label in zip(kept, kind_labels, strict=True)):
        return scores.labels[:, 0]
    sums = label_sums(scores.kinds, [int(keep) for keep in kept], 2)[:, 1]
    return np.minimum(sums, np.float32(1))


def label_logs(labels: Floats) -> Floats:
    """Logarithms of the labels' probabilities, clipped at one in a million: the input of the calibration."""
    return logarithm(np.maximum(labels, _SMALLEST))


def calibrate(kinds: Floats, kind_labels: Sequence[int], calibration: Floats) -> tuple[Floats, Floats]:
    """Calibrated probabilities of labels, ``(paragraphs, labels)``, and of kinds, ``(paragraphs, kinds)``.

    The labels are calibrated by Dirichlet calibration (Kull et al., NeurIPS 2019); kinds keep their proportions within
    a label. ``calibration`` is that of `detector.inference.model.Model`.
    """
    before = label_sums(kinds, kind_labels, calibration.shape[1])
    logits = np.repeat(calibration[-1:], len(kinds), axis=0)
    for column, weights in zip(label_logs(before).T, calibration[:-1], strict=True):
        logits += column[:, None] * weights
    labels = softmax(logits)
    factor: Floats = np.divide(labels, np.maximum(before, np.float32(1e-30)))
    return labels, np.multiply(kinds, factor[:, list(kind_labels)])
