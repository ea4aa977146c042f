"""The arrays of a model, laid out as the compiled kernels read them (``source/core.hpp``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.backend import core
from detector.features.hashing import VECTOR_BUCKETS
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.inference.layers import Layer
from detector.inference.model import Model
from detector.inference.network import FAR_DILATIONS, MIX, NEAR_DILATIONS, DocumentNetwork, max_input, weight_parts
from detector.inference.pooling import POOLS
from detector.inference.quantization import HIDDEN_STEPS, INPUT_STEPS, POOL_STEPS, weight_scale

_BLOCK = 16  # outputs of a matrix that the kernels compute together
_RANK_BITS = 64  # buckets of word vectors that share a rank
Table = tuple[NDArray[np.int8], int, int]  # its bytes, the width of a row, and the distance of two rows
Matrix = tuple[NDArray[np.int16], NDArray[np.float32], int, int]  # weights, factors, inputs and outputs


def pack_model(model: Model) -> core.Model:
    """A model for `core.score`."""
    networks, linear = model.networks, model.linear
    return core.Model(
        np.array(model.kind_labels, dtype=np.int64), linear.scale.astype(np.float64), linear.bias, model.idf,
        model.calibration, _filled(networks.mean), _filled(networks.factor * np.float32(INPUT_STEPS)),
        _table(linear.weights), _vectors(model.vectors), [_network(network) for network in networks.members],
    )  # fmt: skip


def _table(values: NDArray[np.int8]) -> Table:
    """The rows of a table, each filled up to the bytes that are read of it."""
    rows, width = values.shape
    stride = core.padded_width(width)
    padded = np.empty((rows, stride), dtype=np.int8)
    core.copy_rows(np.ascontiguousarray(values), padded)
    return padded.ravel(), width, stride


def _vectors(vectors: WordVectors) -> tuple[NDArray[np.uint64], NDArray[np.uint32], Table]:
    """For each word, in the order of its bucket: a bit, its fingerprint, and its vector. There is at least one row."""
    buckets, fingerprints, rows = vectors.buckets, vectors.fingerprints, vectors.vectors
    if (buckets[1:] <= buckets[:-1]).any():
        order = np.argsort(buckets)
        buckets, fingerprints, rows = buckets[order], fingerprints[order], rows[order]
    ranks = np.empty((VECTOR_BUCKETS // _RANK_BITS, 2), dtype=np.uint64)
    core.fill_ranks(buckets, ranks)
    if not len(rows):
        rows = np.zeros((1, DIMENSIONS), dtype=np.int8)
    return ranks, np.append(fingerprints, np.uint32(0)), _table(rows)


def _network(network: DocumentNetwork) -> dict[str, Any]:
    near, width = len(NEAR_DILATIONS), network.hidden
    parts = [_matrices(layer, number, width) for number, layer in enumerate(network.layers)]
    biases = [_filled(layer.bias) for layer in network.layers]
    convolutions = [*range(1, 1 + near), *range(MIX + 1, MIX + 1 + len(FAR_DILATIONS))]
    peaks, means, last = 1 + near, 2 + near, len(parts) - 1
    return {
        "hidden": width, "pool": network.pool,
        "input": parts[0][0], "peaks": parts[peaks][0], "means": parts[means][0],
        "mix_hidden": parts[MIX][0], "mix_pools": parts[MIX][1],
        "output_hidden": parts[last][0], "output_own": parts[last][1],
        "input_bias": biases[0], "peaks_bias": biases[peaks], "means_bias": biases[means], "mix_bias": biases[MIX],
        "output_bias": biases[last],
        "convolutions": [(*parts[number], biases[number]) for number in convolutions],
    }  # fmt: skip


def _matrices(layer: Layer, number: int, width: int) -> list[Matrix]:
    """The matrices of a layer, one for each of its inputs."""
    steps = [INPUT_STEPS] if not number else [HIDDEN_STEPS, POOL_STEPS] if number == MIX else [HIDDEN_STEPS] * 3
    parts = weight_parts(layer.weights, number, width)
    scales = [weight_scale(part, max_input(number)) for part in parts]
    if number == MIX:  # the kernels fill the pools up to whole blocks of units
        parts[1] = _with_whole_blocks(parts[1])
    return [_matrix(*each) for each in zip(parts, scales, steps, strict=False)]


def _with_whole_blocks(weights: NDArray[np.floating]) -> NDArray[np.floating]:
    """The weights of pools, with weights of zero for the units that fill them up to whole blocks."""
    units, outputs = len(weights) // POOLS, weights.shape[1]
    filled = np.zeros((POOLS, -(-units // _BLOCK) * _BLOCK, outputs), dtype=weights.dtype)
    filled[:, :units] = weights.reshape(POOLS, units, outputs)
    return filled.reshape(-1, outputs)


def _filled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The values, followed by zeros up to whole blocks."""
    return np.concatenate([values, np.zeros(-len(values) % _BLOCK, dtype=np.float32)])


def _matrix(weights: NDArray[np.floating], scale: NDArray[np.float64], input_steps: int) -> Matrix:
    """Weights in whole steps, two inputs beside each other, in blocks of outputs.

    ``scale`` is that of `weight_scale`. The factors turn a sum of products into a value.
    """
    inputs, outputs = weights.shape
    pairs, blocks = -(-inputs // 2), -(-outputs // _BLOCK)
    whole = np.zeros((2 * pairs, _BLOCK * blocks), dtype=np.int16)
    whole[:inputs, :outputs] = np.rint(weights * scale)
    packed = whole.reshape(pairs, 2, blocks, _BLOCK).transpose(2, 0, 3, 1)
    factors = np.zeros(_BLOCK * blocks, dtype=np.float32)
    factors[:outputs] = 1 / (scale * input_steps)
    return np.ascontiguousarray(packed).ravel(), factors, inputs, outputs
