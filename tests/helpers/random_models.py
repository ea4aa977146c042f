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


def random_network(
    inputs: int, kinds: int, hidden: int, pool: int, random: np.random.Generator, scale: float = 1
) -> DocumentNetwork:
    return DocumentNetwork.quantized([
        Layer(
            random_floats(random, *shape) * np.float32(scale / np.sqrt(shape[0])),
            random_floats(random, shape[1]) * np.float32(scale),
        )
        for shape in layer_shapes(inputs, kinds, hidden, pool)
    ])  # fmt: skip


def random_ensemble(labels: int, kinds: int, sizes: Sizes, random: np.random.Generator, scale: float = 1) -> Ensemble:
    if not sizes:
        return Ensemble.none()
    inputs = input_width(labels, kinds)
    factor = (2.0 ** random.integers(-6, 10, inputs) * random.random(inputs)).astype(np.float32)
    members = tuple(random_network(inputs, kinds, hidden, pool, random, scale) for hidden, pool in sizes)
    return Ensemble(random_floats(random, inputs), factor, members)


def random_linear_model(kinds: int, random: np.random.Generator, scale: float = 1) -> LinearModel:
    weights = random.choice([-127, 0, 127, 3], (BUCKETS, kinds)).astype(np.int8)
    scales = (scale * random.uniform(1e-4, 1e-2, kinds)).astype(np.float32)
    return LinearModel(weights, scales, random_floats(random, kinds) * np.float32(scale))


def random_vectors(known: Hashes, random: np.random.Generator) -> WordVectors:
    """Vectors of every other known word, and of words that are in no text but share a bucket with one, in any order."""
    vectors = WordVectors.from_hashes(known, random.integers(-127, 128, (len(known), DIMENSIONS)).astype(np.int8))
    vectors.fingerprints[::2] ^= np.uint32(1)
    order = random.permutation(len(vectors.buckets))
    return WordVectors(vectors.vectors[order], vectors.buckets[order], vectors.fingerprints[order])


def random_model(
    kinds: int, known: Hashes, sizes: Sizes = ((7, 3), (7, 3)), labels: int | None = None, scale: float = 1
) -> Model:
    """A model that knows every other one of the words, of two labels (one, if there is one kind) or as many as given.

    ``scale`` is how large its numbers are: with a large one, probabilities are 0 and 1.
    """
    random, labels = np.random.default_rng(kinds), labels or min(kinds, 2)
    return Model(
        ("reporting", "appeal", *(f"label {label}" for label in range(2, labels)))[:labels],
        tuple(f"kind {kind}" for kind in range(kinds)), tuple(kind % labels for kind in range(kinds)),
        random_linear_model(kinds, random, scale), random.integers(0, 256, BUCKETS).astype(np.uint8),
        random_vectors(known, random), random_ensemble(labels, kinds, sizes, random, scale),
        random_floats(random, labels + 1, labels) * np.float32(scale), {}, {},
    )  # fmt: skip
