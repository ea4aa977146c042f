"""Random models: untrained but complete, and of any size."""

from __future__ import annotations

import numpy as np

from detector.features.context import input_width
from detector.features.hashing import BUCKETS
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.inference.layers import Layer
from detector.inference.linear import LinearModel
from detector.inference.model import Model
from detector.inference.network import DocumentNetwork, Ensemble, layer_shapes
from detector.util.arrays import Floats, Hashes

Sizes = tuple[tuple[int, int], ...]  # of each network: its hidden units, and its pools


def random_floats(random: np.random.Generator, *shape: int) -> Floats:
    return random.normal(size=shape).astype(np.float32)


def random_network(inputs: int, kinds: int, hidden: int, pool: int, random: np.random.Generator) -> DocumentNetwork:
    return DocumentNetwork.quantized([
        Layer(random_floats(random, *shape) / np.float32(np.sqrt(shape[0])), random_floats(random, shape[1]))
        for shape in layer_shapes(inputs, kinds, hidden, pool)
    ])  # fmt: skip


def random_ensemble(labels: int, kinds: int, sizes: Sizes, random: np.random.Generator) -> Ensemble:
    if not sizes:
        return Ensemble.none()
    inputs = input_width(labels, kinds)
    factor = (2.0 ** random.integers(-6, 10, inputs) * random.random(inputs)).astype(np.float32)
    members = tuple(random_network(inputs, kinds, hidden, pool, random) for hidden, pool in sizes)
    return Ensemble(random_floats(random, inputs), factor, members)


def random_linear_model(kinds: int, random: np.random.Generator) -> LinearModel:
    weights = random.choice([-127, 0, 127, 3], (BUCKETS, kinds)).astype(np.int8)
    scale = random.uniform(1e-4, 1e-2, kinds).astype(np.float32)
    return LinearModel(weights, scale, random_floats(random, kinds))


def random_vectors(known: Hashes, random: np.random.Generator) -> WordVectors:
    """Vectors of every other known word, and of words that are in no text but share a bucket with one."""
    vectors = WordVectors.from_hashes(known, random.integers(-127, 128, (len(known), DIMENSIONS)).astype(np.int8))
    vectors.fingerprints[::2] ^= np.uint32(1)
    return vectors


def random_model(kinds: int, known: Hashes, sizes: Sizes = ((7, 3), (7, 3))) -> Model:
    """A model of two labels (one, if there is one kind) that knows every other one of the words."""
    random, labels = np.random.default_rng(kinds), min(kinds, 2)
    return Model(
        ("reporting", "appeal")[:labels], tuple(f"kind {kind}" for kind in range(kinds)),
        tuple(kind % labels for kind in range(kinds)), random_linear_model(kinds, random),
        random.integers(0, 256, BUCKETS).astype(np.uint8), random_vectors(known, random),
        random_ensemble(labels, kinds, sizes, random), random_floats(random, labels + 1, labels), {}, {},
    )  # fmt: skip
