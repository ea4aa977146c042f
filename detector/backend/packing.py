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
from detector.util.arrays import Number

_BLOCK = 16  # outputs of a matrix that the kernels compute together
_RANKS, _RANK_BYTES = VECTOR_BUCKETS // 64, 16  # 64 buckets of word vectors share a rank
_PAGE, _CACHE_LINE = 2 << 20, 64  # bytes
Table = tuple[NDArray[np.int8], int, int]  # its bytes, the width of a row, and the distance of two rows
Matrix = tuple[NDArray[np.int16], NDArray[np.float32], int, int]  # weights, factors, inputs and outputs


def pack_model(model: Model) -> core.Model:
    """A model for `core.score`, with copies of all arrays."""
    networks, linear = model.networks, model.linear
    memory = _Memory(model)
    return core.Model(
        np.array(model.kind_labels, dtype=np.int64), linear.scale.astype(np.float64), linear.bias.copy(),
        memory.copy(model.idf), model.calibration.copy(), _filled(networks.mean),
        _filled(networks.factor * np.float32(INPUT_STEPS)), _table(linear.weights, memory),
        _vectors(model.vectors, memory), [_network(network) for network in networks.members],
    )  # fmt: skip


class _Memory:
    """Memory for all that is looked up by hashes, in large pages where the system has them.

    Look-ups in many small pages cost more than the look-ups themselves: the processor knows the places of only some
    thousand pages. NumPy asks for large pages where an array is large; they are used where it begins with one.
    """

    def __init__(self, model: Model) -> None:
        tables = sum(_stride(table) * len(table) for table in (model.linear.weights, model.vectors.vectors))
        others = model.idf.nbytes + model.vectors.fingerprints.nbytes + _RANKS * _RANK_BYTES
        room = np.empty(tables + others + 8 * _CACHE_LINE + _PAGE, dtype=np.uint8)
        self._left = room[-room.__array_interface__["data"][0] % _PAGE :]

    def take(self, size: int) -> NDArray[np.uint8]:
        """Some bytes that begin with a cache line."""
        taken, self._left = self._left[:size], self._left[-(-size // _CACHE_LINE) * _CACHE_LINE :]
        return taken if len(taken) == size else np.empty(size, dtype=np.uint8)

    def copy(self, array: NDArray[Number]) -> NDArray[Number]:
        """A copy of an array."""
        copied = self.take(array.nbytes).view(array.dtype).reshape(array.shape)
        copied[...] = array
        return copied


def _stride(table: NDArray[np.int8]) -> int:
    return core.padded_width(table.shape[1])


def _table(values: NDArray[np.int8], memory: _Memory) -> Table:
    """The rows of a table, each filled up to the bytes that are read of it."""
    stride = _stride(values)
    padded = memory.take(len(values) * stride).view(np.int8).reshape(len(values), stride)
    core.copy_rows(np.ascontiguousarray(values), padded)
    return padded.ravel(), values.shape[1], stride


def _vectors(vectors: WordVectors, memory: _Memory) -> tuple[NDArray[np.uint64], NDArray[np.uint32], Table]:
    """For each word, in the order of its bucket: a bit, its fingerprint, and its vector. There is at least one row."""
    buckets, fingerprints, rows = vectors.buckets, vectors.fingerprints, vectors.vectors
    if (buckets[1:] <= buckets[:-1]).any():
        order = np.argsort(buckets)
        buckets, fingerprints, rows = buckets[order], fingerprints[order], rows[order]
    ranks = memory.take(_RANKS * _RANK_BYTES).view(np.uint64).reshape(-1, 2)
    core.fill_ranks(buckets, ranks)
    if not len(rows):
        rows = np.zeros((1, DIMENSIONS), dtype=np.int8)
    return ranks, memory.copy(np.append(fingerprints, np.uint32(0))), _table(rows, memory)


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
