"""A network's forward pass with everything that it computes on the way, of a document and of its reference.

The reference is the same document with average paragraphs: rows of zeros, the mean of standardized inputs. Both are
computed by the operations of `detector.inference.network`, so that the activations are those of a prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.inference import pooling
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
from detector.inference.network import FAR_DILATIONS, NEAR_DILATIONS, DocumentNetwork
from detector.inference.pooling import POOLS
from detector.inference.positions import Positions
from detector.util.arrays import Floats

Doubles: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """An activation of a document, ``actual``, and of its reference; both of shape ``(rows, units)``."""

    actual: Doubles
    reference: Doubles

    @property
    def size(self) -> Doubles:
        """The difference that is to be explained."""
        return self.actual - self.reference


@dataclass(frozen=True)
class Residual:
    """A rectified layer whose output is added to its input: ``out = min(before + rectified, largest)``."""

    before: Change
    rectified: Change
    out: Change


@dataclass(frozen=True)
class Trace:
    """The activations of a network: of the input layer, of the convolutions and the mix, and of the pools.

    ``peaks`` and ``means`` are the units that are pooled, ``pools`` what the pools make of them.
    """

    inputs: Change
    own: Change
    near: tuple[Residual, ...]
    peaks: Change
    means: Change
    pools: Change
    mix: Residual
    far: tuple[Residual, ...]
    logits: Change


def trace(network: DocumentNetwork, rows: Floats) -> Trace:
    """Follow a document, standardized rows of shape ``(paragraphs, inputs)``, and its reference through a network."""
    return _Recorder(network, len(rows)).run(np.concatenate([rows, np.zeros_like(rows)]))


class _Recorder:
    """Runs a network on a document and its reference, which follow each other in one batch."""

    def __init__(self, network: DocumentNetwork, number: int) -> None:
        self._network = network
        self._number = number
        self._positions = Positions(np.array([0, number, 2 * number]))

    def run(self, rows: Floats) -> Trace:
        near, far = len(NEAR_DILATIONS), len(FAR_DILATIONS)
        first, *layers, last = self._network.layers
        (peaks, means, mix), width = layers[near : near + 3], len(first.bias)
        own = products(rows, first.weights)
        rectify(own, first.bias)
        hidden = own.copy()
        near_layers = self._convolutions(hidden, layers[:near], NEAR_DILATIONS)
        largest, mean = products(hidden, peaks.weights), products(hidden, means.weights)
        add_bias(largest, peaks.bias)
        rectify(mean, means.bias)
        sigmoid(largest)
        pools = np.zeros((len(hidden), POOLS * len(peaks.bias)), dtype=np.float32)
        pooling.pool(largest, mean, self._positions, pools)
        before = hidden.copy()
        mixed = products(hidden, mix.weights[:width])
        mixed += products(pools, mix.weights[width:])
        rectify(mixed, mix.bias)
        add_residual(mixed.copy(), hidden)
        mix_layer = Residual(self._change(before), self._change(mixed), self._change(hidden))
        far_layers = self._convolutions(hidden, layers[-far:], FAR_DILATIONS)
        logits = products(hidden, last.weights[:width])
        logits += products(own, last.weights[width:])
        add_bias(logits, last.bias)
        return Trace(
            self._change(rows), self._change(own), near_layers, self._change(largest), self._change(mean),
            self._change(pools), mix_layer, far_layers, self._change(logits),
        )  # fmt: skip

    def _convolutions(self, hidden: Floats, layers: list[Layer], dilations: tuple[int, ...]) -> tuple[Residual, ...]:
        """Add convolutions to ``hidden``, in place."""
        found = []
        for layer, dilation in zip(layers, dilations, strict=True):
            parts = np.empty((3, *hidden.shape), dtype=np.float32)
            before = hidden.copy()
            neighbour_products(hidden, layer, parts)
            convolve(parts, layer.bias, self._positions, dilation, hidden)
            found.append(Residual(self._change(before), self._change(parts[1]), self._change(hidden)))
        return tuple(found)

    def _change(self, values: Floats) -> Change:
        number = self._number
        wide = values[: 2 * number].astype(np.float64)
        return Change(wide[:number], wide[number:])
