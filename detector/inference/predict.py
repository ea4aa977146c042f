"""Paragraphs to probabilities: the linear model scores each paragraph by itself, then networks read the document.

A `Backend` does the work on arrays. `detector.backend` has two, with the same results to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from detector.features.context import UNIT, DocumentFeatures, quantize
from detector.inference.calibration import calibrate
from detector.inference.model import Model
from detector.inference.network import NetworkBackend
from detector.text.paragraphs import Batch, Lines
from detector.util.arrays import Floats, Offsets, ratio, segment_sum


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities: ``labels`` of shape ``(paragraphs, labels)``, ``kinds`` of shape ``(paragraphs, kinds)``.

    The rows of both sum to 1. ``familiarity``, ``(documents,)``, is the share of each document that the model knows.
    """

    labels: Floats
    kinds: Floats
    familiarity: Floats


@dataclass(frozen=True, slots=True)
class FirstStage:
    """Each paragraph by itself: its logits, ``(paragraphs, kinds)``, and the features that the networks need."""

    logits: Floats
    features: DocumentFeatures


class Backend(NetworkBackend, Protocol):
    """Computes the steps of a prediction. All backends return the same arrays, to the last bit."""

    def split_lines(self, buffer: bytes, origin: Offsets) -> Lines:
        """The lines of a padded buffer (`detector.text.paragraphs.split_lines`)."""

    def first_stage(self, batch: Batch, model: Model) -> FirstStage:
        """The features of each paragraph, and its logits by the linear model."""

    def network_inputs(self, features: DocumentFeatures, logits: Floats, probabilities: Floats, model: Model) -> Floats:
        """The input rows of the networks (`detector.features.context.network_inputs`)."""

    def softmax(self, logits: Floats) -> Floats:
        """Rows of logits as rows of probabilities (`detector.inference.calibration.softmax`)."""


def predict(model: Model, batch: Batch, backend: Backend) -> Scores:
    """The probabilities of every paragraph of a batch. A document has the same ones in every batch."""
    first = backend.first_stage(batch, model)
    logits = first.logits
    if model.networks.members:
        inputs = backend.network_inputs(first.features, logits, backend.softmax(logits), model)
        logits = model.networks.logits(inputs, batch.bounds, backend)
    probabilities = calibrate(backend.softmax(logits), model.kind_labels, model.calibration)
    return Scores(*probabilities, familiarity(first.features))


def familiarity(features: DocumentFeatures) -> Floats:
    """The share of each document's words that have a vector, from 0 to 1; 1 for a document without paragraphs.

    It is the mean over the paragraphs, weighted by their size in bytes.
    """
    batch = features.batch
    size = batch.end - batch.start
    known, whole = segment_sum(quantize(features.known[:, 0]) * size, batch.bounds), segment_sum(size, batch.bounds)
    shares = ratio(known, UNIT * whole)
    shares[whole == 0] = 1
    return shares
