"""The network that reads a document: what each paragraph's row means beside the others, near and far.

A convolutional network over the sequence of paragraphs (dilated convolutions with residual connections: Bai et al.,
"An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence Modeling", 2018), with running
maxima and means over all that stands before and after: whether the comments have begun is known far below.

All products of matrices are exact (`detector.grid`), and sums over stretches of a document are of whole numbers. So a
document gives the same scores alone and in a batch, and on every machine whose ``exp`` is the same. Between the
products are `Loops`, which `detector.accelerated` has compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.grid import HIDDEN_MOST, HIDDEN_STEPS, INPUT_MOST, POOL_MOST, on_grid, standardize
from detector.paragraphs import Offsets
from detector.places import FAR_STEPS, NEAR_STEPS, Places
from detector.pools import POOLS, pool

Floats: TypeAlias = NDArray[np.float32]


BLOCK = 64  # rows of a product: with so few, OpenBLAS multiplies without rearranging the matrices first
LAYERS = 1 + len(NEAR_STEPS) + len(FAR_STEPS) + 4


@dataclass(frozen=True)
class Layer:
    """``rows @ weights + bias``: weights of shape ``(inputs, outputs)``, bias ``(outputs,)``, both float32.

    The weights are those of `on_grid`.
    """

    weights: Floats
    bias: Floats


@dataclass(frozen=True)
class DocumentNetwork:
    """``layers``: input, a convolution for each step near, peaks, means, mix, one for each step far, and output."""

    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, layers: Sequence[Layer]) -> DocumentNetwork:
        """The network with the nearest weights on the grids of its products."""
        near, width = len(NEAR_STEPS), len(layers[0].bias)
        gridded = []
        for number, layer in enumerate(layers):
            weights, bias = layer.weights, layer.bias
            parts = [weights] if not number else np.split(weights, range(width, min(len(weights), 3 * width), width))
            if number == 3 + near:  # mix: hidden units, and the pools
                parts = np.split(weights, [width])
            most = INPUT_MOST if not number else max(HIDDEN_MOST, POOL_MOST)
            gridded.append(Layer(np.vstack([on_grid(part, most) for part in parts]), bias.astype(np.float32)))
        return cls(tuple(gridded))

    def fits(self, inputs: int, kinds: int) -> bool:
        """Whether its layers fit each other, none without units, all float32, and take and give so many numbers."""
        if len(self.layers) != LAYERS:
            return False
        hidden, pool = (self.layers[n].bias.size for n in (0, 1 + len(NEAR_STEPS)))
        expected = layer_shapes(inputs, kinds, hidden, pool)
        return min(hidden, pool) > 0 and all(
            layer.weights.shape == shape
            and layer.bias.shape == shape[1:]
            and layer.weights.dtype == layer.bias.dtype == np.float32
            for layer, shape in zip(self.layers, expected, strict=True)
        )

    def scores(self, rows: Floats, places: Places, loops: Loops | None = None) -> Floats:
        """Logits of each kind, ``(rows, kinds)``."""
        loops, near, far = loops or Loops(), len(NEAR_STEPS), len(FAR_STEPS)
        first, *layers, last = self.layers
        (peaks, means, mix), width = layers[near : near + 3], len(first.bias)
        own = _products(rows, first.weights)
        loops.rectify(own, first.bias)
        hidden, parts = own.copy(), np.empty((3, *own.shape), dtype=np.float32)
        for layer, step in zip(layers[:near], NEAR_STEPS, strict=True):
            _convolve(hidden, layer, places, step, parts, loops)
        largest, mean = _products(hidden, peaks.weights), _products(hidden, means.weights)
        _add_bias(largest, peaks.bias)
        loops.rectify(mean, means.bias)
        pools = np.zeros((len(own), mix.weights.shape[0] - width), dtype=np.float32)
        loops.pool(sigmoid(largest), mean, places, pools)
        mixed = _products(hidden, mix.weights[:width])
        mixed += _products(pools, mix.weights[width:])
        loops.rectify(mixed, mix.bias)
        add(mixed, hidden)
        for layer, step in zip(layers[-far:], FAR_STEPS, strict=True):
            _convolve(hidden, layer, places, step, parts, loops)
        scores = _products(hidden, last.weights[:width])
        scores += _products(own, last.weights[width:])
        _add_bias(scores, last.bias)
        return scores[: len(rows)]


@dataclass(frozen=True)
class Ensemble:
    """Networks whose mean counts. They are given the rows less ``mean``, times ``factor``: float32, ``(inputs,)``."""

    mean: Floats
    factor: Floats
    members: tuple[DocumentNetwork, ...]

    @classmethod
    def none(cls) -> Ensemble:
        """No network at all."""
        return cls(np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32), ())

    def fits(self, inputs: int, kinds: int) -> bool:
        """Whether its parts fit each other, and take and give so many numbers; or there are no members."""
        scale = self.mean.shape == self.factor.shape == (inputs,) and self.mean.dtype == self.factor.dtype == np.float32
        return not self.members or (scale and all(member.fits(inputs, kinds) for member in self.members))

    def scores(self, rows: Floats, bounds: Offsets, loops: Loops | None = None) -> Floats:
        """The mean logits, ``(paragraphs, kinds)``; ``rows``, ``(paragraphs, inputs)``, are used up."""
        loops = loops or Loops()
        loops.standardize(rows, self.mean, self.factor)
        return mean_scores(self.members, rows, bounds, loops)


def layer_shapes(inputs: int, kinds: int, hidden: int, pool: int) -> list[tuple[int, int]]:
    """The shapes of the layers' weights, in order."""
    convolution = (3 * hidden, hidden)
    return [
        (inputs, hidden), *[convolution] * len(NEAR_STEPS), (hidden, pool), (hidden, pool),
        (hidden + POOLS * pool, hidden), *[convolution] * len(FAR_STEPS), (2 * hidden, kinds),
    ]  # fmt: skip


def mean_scores(
    networks: Sequence[DocumentNetwork], rows: Floats, bounds: Offsets, loops: Loops | None = None
) -> Floats:
    """The mean logits of several networks, ``(paragraphs, kinds)``, for rows as `standardize` leaves them."""
    places = Places(bounds)
    scores = networks[0].scores(rows, places, loops)
    for network in networks[1:]:
        scores += network.scores(rows, places, loops)
    scores /= np.float32(len(networks))
    return scores


def _products(rows: Floats, matrix: Floats) -> Floats:
    """``rows @ matrix``, with the products of rows of zeros after it up to a multiple of `BLOCK`."""
    whole = len(rows) - len(rows) % BLOCK
    out = np.empty((-(-len(rows) // BLOCK) * BLOCK, matrix.shape[1]), dtype=np.float32)
    np.matmul(_blocks(rows[:whole]), matrix, out=_blocks(out[:whole]))
    if whole < len(rows):
        np.matmul(_padded(rows[whole:]), matrix, out=out[whole:])
    return out


def _padded(rows: Floats) -> Floats:
    """The rows, filled up with zeros to a multiple of `BLOCK`."""
    number, columns = rows.shape
    full = np.empty((-(-number // BLOCK) * BLOCK, columns), dtype=np.float32)
    full[:number] = rows
    full[number:] = 0
    return full


def _blocks(rows: Floats) -> Floats:
    return rows.reshape(*rows.shape[:-2], -1, BLOCK, rows.shape[-1])


def _convolve(hidden: Floats, layer: Layer, places: Places, step: int, parts: Floats, loops: Loops) -> None:
    """Add to each row the layer's outputs, in place; ``parts`` is room for the products of the three neighbours."""
    width = hidden.shape[1]
    np.matmul(_blocks(hidden), layer.weights.reshape(3, 1, width, width), out=_blocks(parts))
    loops.convolve(parts, layer.bias, places, step, hidden)


def _add_bias(values: Floats, bias: Floats) -> None:
    """Add the bias to each row, in place; numpy is faster with long rows than with short ones."""
    lines = values.reshape(-1, BLOCK * len(bias))
    lines += np.tile(bias, BLOCK)


def rectify(values: Floats, bias: Floats) -> None:
    """Add the bias to each row, set what is below zero to zero, and put it on the grid of hidden units, in place.

    The number of rows is one of whole blocks.
    """
    _add_bias(values, bias)
    lines = values.reshape(-1, BLOCK * len(bias))
    lines *= np.float32(HIDDEN_STEPS)
    np.rint(lines, out=lines)
    np.clip(lines, 0, HIDDEN_MOST, out=lines)
    lines *= np.float32(1 / HIDDEN_STEPS)


def add(values: Floats, hidden: Floats) -> None:
    """Add what was rectified to the hidden units, in place, without leaving the grid."""
    hidden += values
    np.minimum(hidden, np.float32(HIDDEN_MOST / HIDDEN_STEPS), out=hidden)


def sigmoid(values: Floats) -> Floats:
    """The logistic function, in place."""
    np.negative(values, out=values)
    np.exp(np.minimum(values, 80, out=values), out=values)
    values += 1
    return np.reciprocal(values, out=values)


def convolve(parts: Floats, bias: Floats, places: Places, step: int, hidden: Floats) -> None:
    """Add to ``hidden`` the outputs of a convolution of it.

    ``parts``, which is used up, has what each paragraph means to the one ``step`` after it, to itself, and to the one
    ``step`` before it, if that is one of its document.
    """
    number = len(places)
    to_next, own, to_previous = parts
    starts, ends = places.edges[step]
    to_next[ends] = 0
    to_previous[starts] = 0
    if number > step:
        own[step:number] += to_next[: number - step]
        own[: number - step] += to_previous[step:number]
    rectify(own, bias)
    add(own, hidden)


@dataclass(frozen=True)
class Loops:
    """What is done between the products of matrices, by numpy where nothing else is given."""

    standardize: Callable[[Floats, Floats, Floats], None] = standardize
    rectify: Callable[[Floats, Floats], None] = rectify
    convolve: Callable[[Floats, Floats, Places, int, Floats], None] = convolve
    pool: Callable[[Floats, Floats, Places, Floats], None] = pool
