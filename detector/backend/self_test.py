"""A test of a backend before it is used: a small text, read by a small model, has the scores that NumPy computes.

It runs every kernel once, so that whatever can go wrong while kernels are loaded or compiled goes wrong here.
"""

from __future__ import annotations

import numpy as np

from detector.backend.reference import NUMPY_BACKEND
from detector.features.context import input_width
from detector.features.hashing import BUCKETS
from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.inference.layers import Layer
from detector.inference.linear import LinearModel
from detector.inference.model import REPORTING, Model
from detector.inference.network import DocumentNetwork, Ensemble, layer_shapes
from detector.inference.predict import Backend, Scores, predict
from detector.text.paragraphs import split
from detector.util.arrays import Floats

_TEXTS = ("The Ferry left at 9.30.\n\nRead more: give 5 € now!\nThe ferry came back.", "")
_KINDS, _UNITS = 2, 3


def self_test(backend: Backend) -> None:
    """Raise `RuntimeError` if a backend computes other scores than NumPy; its own errors propagate."""
    model = _small_model()
    ours, theirs = (_scores(model, each) for each in (backend, NUMPY_BACKEND))
    if not (np.array_equal(ours.labels, theirs.labels) and np.array_equal(ours.kinds, theirs.kinds)):
        raise RuntimeError("the compiled loops compute other scores than NumPy")


def _scores(model: Model, backend: Backend) -> Scores:
    return predict(model, split(_TEXTS, splitter=backend.split_lines), backend)


def _small_model() -> Model:
    """A model of two kinds and one network, with weights that repeat."""
    words = tokenize(split(_TEXTS)).hashes
    steps = np.arange(len(words) * DIMENSIONS) % 255 - 127
    inputs = input_width(_KINDS, _KINDS)
    layers = [Layer(_weights(*shape), _weights(shape[1])) for shape in layer_shapes(inputs, _KINDS, _UNITS, _UNITS)]
    return Model(
        labels=(REPORTING, "appeal"),
        kinds=(REPORTING, "appeal"),
        kind_labels=(0, 1),
        linear=LinearModel(
            (np.arange(BUCKETS * _KINDS, dtype=np.int32) % 255 - 127).astype(np.int8).reshape(BUCKETS, _KINDS),
            np.full(_KINDS, 0.01, dtype=np.float32),
            _weights(_KINDS),
        ),
        idf=(np.arange(BUCKETS, dtype=np.int32) % 256).astype(np.uint8),
        vectors=WordVectors.from_hashes(words, steps.astype(np.int8).reshape(-1, DIMENSIONS)),
        networks=Ensemble(_weights(inputs), np.ones(inputs, dtype=np.float32), (DocumentNetwork.quantized(layers),)),
        calibration=_weights(_KINDS + 1, _KINDS),
        thresholds={},
        metadata={},
    )


def _weights(*shape: int) -> Floats:
    return (np.arange(np.prod(shape)) % 7 / 4 - 0.75).astype(np.float32).reshape(shape)
