"""The network that reads a document: what each paragraph means next to the others, near and far.

A convolutional network over the sequence of paragraphs (dilated convolutions with residual connections: Bai et al.,
"An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence Modeling", 2018), with running
maxima and means over everything before and after a paragraph: that the comments have begun is still known far below.

All matrix products are exact (`detector.inference.quantization`), and sums over stretches of a document are sums of
whole numbers. So a document has the same scores alone, in a batch, and on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from detector.inference.layers import Layer, add_bias, add_residual, neighbour_products, products
from detector.inference.pooling import POOLS
from detector.inference.positions import Positions
from detector.inference.quantization import HIDDEN_MAX, INPUT_MAX, POOL_MAX, quantize_weights
from detector.util.arrays import Floats, Offsets

# The dilations of the convolutions: how far away the neighbours are, before the pools and after them.
NEAR_DILATIONS, FAR_DILATIONS = (1,), (2, 4)
LAYERS = 1 + len(NEAR_DILATIONS) + len(FAR_DILATIONS) + 4


class NetworkBackend(Protocol):
    """Computes what is done between the matrix products of a network, in place."""

    def standardize(self, rows: Floats, mean: Floats, factor: Floats) -> None:
        """`detector.inference.quantization.standardize`."""

    def rectify(self, values: Floats, bias: Floats) -> None:
        """`detector.inference.layers.rectify`."""

    def convolve(self, parts: Floats, bias: Floats, positions: Positions, dilation: int, hidden: Floats) -> None:
        """`detector.inference.layers.convolve`."""

    def sigmoid(self, values: Floats) -> Floats:
        """`detector.inference.layers.sigmoid`."""

    def pool(self, peaks: Floats, means: Floats, positions: Positions, out: Floats) -> None:
        """`detector.inference.pooling.pool`."""


@dataclass(frozen=True)
class DocumentNetwork:
    """A network of `LAYERS` layers.

    In order: input, a convolution for each near dilation, peaks, means, mix, a convolution for each far dilation, and
    output.
    """

    layers: tuple[Layer, ...]

    @classmethod
    def quantized(cls, layers: Sequence[Layer]) -> DocumentNetwork:
        """A network with the nearest weights whose products are exact."""
        near, width = len(NEAR_DILATIONS), len(layers[0].bias)
        exact = []
        for number, layer in enumerate(layers):
            weights, bias = layer.weights, layer.bias
            parts = [weights] if not number else np.split(weights, range(width, min(len(weights), 3 * width), width))
            if number == 3 + near:  # mix: hidden units, and the pools
                parts = np.split(weights, [width])
            max_input = INPUT_MAX if not number else max(HIDDEN_MAX, POOL_MAX)
            exact.append(
                Layer(np.vstack([quantize_weights(part, max_input) for part in parts]), bias.astype(np.float32))
            )
        return cls(tuple(exact))

    @property
    def hidden(self) -> int:
        """The number of hidden units."""
        return self.layers[0].bias.size

    @property
    def pool(self) -> int:
        """The number of units that are pooled."""
        return self.layers[1 + len(NEAR_DILATIONS)].bias.size

    def is_exact(self) -> bool:
        """Whether the weights are quantized, so that all products are exact; they are finite."""
        exact = DocumentNetwork.quantized(self.layers)
        return all(
            np.array_equal(layer.weights, nearest.weights)
            for layer, nearest in zip(self.layers, exact.layers, strict=True)
        )

    def fits(self, inputs: int, kinds: int) -> bool:
        """Whether the layers fit each other, have units, are float32, and map ``inputs`` to ``kinds``."""
        if len(self.layers) != LAYERS:
            return False
        expected = layer_shapes(inputs, kinds, self.hidden, self.pool)
        return min(self.hidden, self.pool) > 0 and all(
            layer.weights.shape == shape
            and layer.bias.shape == shape[1:]
            and layer.weights.dtype == layer.bias.dtype == np.float32
            for layer, shape in zip(self.layers, expected, strict=True)
        )

    def logits(self, rows: Floats, positions: Positions, backend: NetworkBackend) -> Floats:
        """The logits of each kind, ``(rows, kinds)``; ``rows`` has the shape ``(rows, inputs)``."""
        near, far = len(NEAR_DILATIONS), len(FAR_DILATIONS)
        first, *layers, last = self.layers
        (peaks, means, mix), width = layers[near : near + 3], len(first.bias)
        own = products(rows, first.weights)
        backend.rectify(own, first.bias)
        hidden, parts = own.copy(), np.empty((3, *own.shape), dtype=np.float32)
        for layer, dilation in zip(layers[:near], NEAR_DILATIONS, strict=True):
            neighbour_products(hidden, layer, parts)
            backend.convolve(parts, layer.bias, positions, dilation, hidden)
        mixed = products(hidden, mix.weights[:width])
        mixed += products(_pools(hidden, peaks, means, positions, backend), mix.weights[width:])
        backend.rectify(mixed, mix.bias)
        add_residual(mixed, hidden)
        for layer, dilation in zip(layers[-far:], FAR_DILATIONS, strict=True):
            neighbour_products(hidden, layer, parts)
            backend.convolve(parts, layer.bias, positions, dilation, hidden)
        logits = products(hidden, last.weights[:width])
        logits += products(own, last.weights[width:])
        add_bias(logits, last.bias)
        return logits[: len(rows)]


def _pools(hidden: Floats, peaks: Layer, means: Layer, positions: Positions, backend: NetworkBackend) -> Floats:
    """The running maxima and means of two layers over the hidden units, ``(rows, POOLS * units)``."""
    largest, mean = products(hidden, peaks.weights), products(hidden, means.weights)
    add_bias(largest, peaks.bias)
    backend.rectify(mean, means.bias)
    pools = np.zeros((len(hidden), POOLS * len(peaks.bias)), dtype=np.float32)
    backend.pool(backend.sigmoid(largest), mean, positions, pools)
    return pools


@dataclass(frozen=True)
class Ensemble:
    """Networks whose mean logits count.

    Their inputs are the rows minus ``mean``, times ``factor``; both are float32 of shape ``(inputs,)``.
    """

    mean: Floats
    factor: Floats
    members: tuple[DocumentNetwork, ...]

    @classmethod
    def none(cls) -> Ensemble:
        """An ensemble without networks."""
        return cls(np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32), ())

    def fits(self, inputs: int, kinds: int) -> bool:
        """Whether the parts fit each other and map ``inputs`` to ``kinds``, or there are no members."""
        scale = self.mean.shape == self.factor.shape == (inputs,) and self.mean.dtype == self.factor.dtype == np.float32
        return not self.members or (scale and all(member.fits(inputs, kinds) for member in self.members))

    def logits(self, rows: Floats, bounds: Offsets, backend: NetworkBackend) -> Floats:
        """The mean logits, ``(paragraphs, kinds)``; ``rows``, ``(paragraphs, inputs)``, are overwritten."""
        backend.standardize(rows, self.mean, self.factor)
        return mean_logits(self.members, rows, bounds, backend)


def layer_shapes(inputs: int, kinds: int, hidden: int, pool: int) -> list[tuple[int, int]]:
    """The shapes of the layers' weights, in order."""
    convolution = (3 * hidden, hidden)
    return [
        (inputs, hidden), *[convolution] * len(NEAR_DILATIONS), (hidden, pool), (hidden, pool),
        (hidden + POOLS * pool, hidden), *[convolution] * len(FAR_DILATIONS), (2 * hidden, kinds),
    ]  # fmt: skip


def mean_logits(networks: Sequence[DocumentNetwork], rows: Floats, bounds: Offsets, backend: NetworkBackend) -> Floats:
    """The mean logits of several networks, ``(paragraphs, kinds)``, for standardized rows."""
    positions = Positions(bounds)
    logits = networks[0].logits(rows, positions, backend)
    for network in networks[1:]:
        logits += network.logits(rows, positions, backend)
    logits /= np.float32(len(networks))
    return logits
