"""Paragraphs to probabilities: the linear model scores each paragraph by itself, then networks read the document.

The functions here compute with NumPy. They are the reference: every backend returns the same arrays, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

from detector.features.context import UNIT, DocumentFeatures, document_features, network_inputs, quantize
from detector.features.ngrams import ngrams
from detector.features.shapes import shapes
from detector.features.tokens import tokenize
from detector.inference.calibration import calibrate, softmax
from detector.inference.model import Model
from detector.inference.scores import Scores, check_evidence
from detector.text.paragraphs import Batch
from detector.util.arrays import Floats, ratio, segment_sum


@dataclass(frozen=True, slots=True)
class FirstStage:
    """Each paragraph by itself: its logits, ``(paragraphs, kinds)``, and the features that the networks need."""

    logits: Floats
    features: DocumentFeatures


def predict(model: Model, batch: Batch, evidence_logits: Floats | None = None) -> Scores:
    """The probabilities of every paragraph of a batch. A document has the same ones in every batch.

    ``evidence_logits``, ``(paragraphs, kinds)`` in float32, are added to the logits of the linear model, so that the
    networks read the sums. Raises `ValueError` as `check_evidence` does.
    """
    evidence = check_evidence(evidence_logits, len(batch), len(model.kinds))
    first = first_stage(model, batch)
    logits = first.logits if evidence is None else first.logits + evidence
    if model.networks.members:
        inputs = network_inputs(first.features, logits, softmax(logits), model.membership)
        logits = model.networks.logits(inputs, batch.bounds)
    labels, kinds = calibrate(softmax(logits), model.kind_labels, model.calibration)
    return Scores(labels, kinds, familiarity(first.features))


def first_stage(model: Model, batch: Batch) -> FirstStage:
    """The features of each paragraph, and its logits by the linear model."""
    tokens = tokenize(batch)
    features = document_features(batch, tokens, shapes(batch, tokens), model.idf, model.vectors)
    return FirstStage(model.linear.logits(ngrams(batch, tokens), features.known), features)


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
