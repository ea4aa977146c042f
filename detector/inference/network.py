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

import numpy as np
from numpy.typing import NDArray

from detector.inference.layers import (
    Layer,
    add_bias,
    add_residual,
    convolve,
    neighbour_products,
    products,
    rectify,
    sigmoid,
)
from detector.inference.pooling import POOLS, pool
from detector.inference.positions import Positions
from detector.inference.quantization import HIDDEN_MAX, INPUT_MAX, POOL_MAX, quantize_weights, standardize
from detector.util.arrays import Floats, Offsets

# The dilations of the convolutions: how far away the neighbours are, before the pools and after them.
NEAR_DILATIONS, FAR_DILATIONS = (1,), (2, 4)
LAYERS = 1 + len(NEAR_DILATIONS) + len(FAR_DILATIONS) + 4
MIX = 3 + len(NEAR_DILATIONS)  # the layer that reads hidden units and pools


def weight_parts(weights: NDArray[np.floating], number: int, width: int) -> list[NDArray[np.floating]]:
    """The parts of the weights of layer ``number`` that are multiplied by different inputs, each in steps of its own.

    ``width`` is the number of hidden units.
    """
    if not number:
        return [weights]
    if number == MIX:  # hidden units, and the pools
        return np.split(weights, [width])
    return np.split(weights, range(width, min(len(weights), 3 * width), width))


def max_input(number: int) -> int:
    """The largest number of steps of an input of layer ``number``."""
    return max(HIDDEN_MAX, POOL_MAX) if number else INPUT_MAX


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
        width = len(layers[0].bias)
        exact = []
        for number, layer in enumerate(layers):
            parts = weight_parts(layer.weights, number, width)
            nearest = [quantize_weights(part, max_input(number)) for part in parts]
            exact.append(Layer(np.vstack(nearest), layer.bias.astype(np.float32)))
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

    def logits(self, rows: Floats, positions: Positions) -> Floats:
        """The logits of each kind, ``(rows, kinds)``; ``rows`` has the shape ``(rows, inputs)``."""
        near, far = len(NEAR_DILATIONS), len(FAR_DILATIONS)
        first, *layers, last = self.layers
        (peaks, means, mix), width = layers[near : near + 3], len(first.bias)
        own = products(rows, first.weights)
        rectify(own, first.bias)
        hidden, parts = own.copy(), np.empty((3, *own.shape), dtype=np.float32)
        for layer, dilation in zip(layers[:near], NEAR_DILATIONS, strict=True):
            neighbour_products(hidden, layer, parts)
            convolve(parts, layer.bias, positions, dilation, hidden)
        mixed = products(hidden, mix.weights[:width])
        mixed += products(_pools(hidden, peaks, means, positions), mix.weights[width:])
        rectify(mixed, mix.bias)
        add_residual(mixed, hidden)
        for layer, dilation in zip(layers[-far:], FAR_DILATIONS, strict=True):
            neighbour_products(hidden, layer, parts)
            convolve(parts, layer.bias, positions, dilation, hidden)
        logits = products(hidden, last.weights[:width])
        logits += products(own, last.weights[width:])
        add_bias(logits, last.bias)
        return logits[: len(rows)]


def _pools(hidden: Floats, peaks: Layer, means: Layer, positions: Positions) -> Floats:
    """The running maxima and means of two layers over the hidden units, ``(rows, POOLS * units)``."""
    largest, mean = products(hidden, peaks.weights), products(hidden, means.weights)
    add_bias(largest, peaks.bias)
    rectify(mean, means.bias)
    pools = np.zeros((len(hidden), POOLS * len(peaks.bias)), dtype=np.float32)
    pool(sigmoid(largest), mean, positions, pools)
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

    def logits(self, rows: Floats, bounds: Offsets) -> Floats:
        """The mean logits, ``(paragraphs, kinds)``; ``rows``, ``(paragraphs, inputs)``, are overwritten."""
        standardize(rows, self.mean, self.factor)
        return mean_logits(self.members, rows, bounds)


def layer_shapes(inputs: int, kinds: int, hidden: int, pool: int) -> list[tuple[int, int]]:
    """The shapes of the layers' weights, in order."""
    convolution = (3 * hidden, hidden)
    return [
        (inputs, hidden), *[convolution] * len(NEAR_DILATIONS), (hidden, pool), (hidden, pool),
        (hidden + POOLS * pool, hidden), *[convolution] * len(FAR_DILATIONS), (2 * hidden, kinds),
    ]  # fmt: skip


def mean_logits(networks: Sequence[DocumentNetwork], rows: Floats, bounds: Offsets) -> Floats:
    """The mean logits of several networks, ``(paragraphs, kinds)``, for standardized rows."""
    positions = Positions(bounds)
    logits = networks[0].logits(rows, positions)
    for network in networks[1:]:
        logits += network.logits(rows, positions)
    logits /= np.float32(len(networks))
    return logits
