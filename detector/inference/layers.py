"""The operations of a network between its weights: matrix products, rectification, convolution.

Rows come in blocks, so that OpenBLAS takes its fast path for small matrices. The results are exact, because inputs and
weights are quantized (`detector.inference.quantization`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.inference.elementary import exponential
from detector.inference.positions import Positions
from detector.inference.quantization import HIDDEN_MAX, HIDDEN_STEPS
from detector.util.arrays import Floats

BLOCK = 64  # rows of a product: with so few, OpenBLAS multiplies without rearranging the matrices first


@dataclass(frozen=True)
class Layer:
    """``rows @ weights + bias``: weights of shape ``(inputs, outputs)``, bias ``(outputs,)``, both float32.

    The weights are those that `detector.inference.quantization.quantize_weights` returns.
    """

    weights: Floats
    bias: Floats


def products(rows: Floats, matrix: Floats) -> Floats:
    """``rows @ matrix``, followed by rows of zeros up to a multiple of `BLOCK`."""
    whole = len(rows) - len(rows) % BLOCK
    out = np.empty((-(-len(rows) // BLOCK) * BLOCK, matrix.shape[1]), dtype=np.float32)
    np.matmul(_blocks(rows[:whole]), matrix, out=_blocks(out[:whole]))
    if whole < len(rows):
        np.matmul(_padded(rows[whole:]), matrix, out=out[whole:])
    return out


def neighbour_products(hidden: Floats, layer: Layer, out: Floats) -> None:
    """Multiply rows by the three parts of a convolution's weights; ``out`` has the shape ``(3, rows, width)``."""
    width = hidden.shape[1]
    np.matmul(_blocks(hidden), layer.weights.reshape(3, 1, width, width), out=_blocks(out))


def _padded(rows: Floats) -> Floats:
    """The rows, followed by rows of zeros up to a multiple of `BLOCK`."""
    number, columns = rows.shape
    full = np.empty((-(-number // BLOCK) * BLOCK, columns), dtype=np.float32)
    full[:number] = rows
    full[number:] = 0
    return full


def _blocks(rows: Floats) -> Floats:
    return rows.reshape(*rows.shape[:-2], -1, BLOCK, rows.shape[-1])


def add_bias(values: Floats, bias: Floats) -> None:
    """Add the bias to each row, in place; NumPy is faster with long rows than with short ones."""
    lines = values.reshape(-1, BLOCK * len(bias))
    lines += np.tile(bias, BLOCK)


def rectify(values: Floats, bias: Floats) -> None:
    """Add the bias to each row, set negative values to zero, and quantize as hidden units, in place.

    The number of rows is a multiple of `BLOCK`.
    """
    add_bias(values, bias)
    lines = values.reshape(-1, BLOCK * len(bias))
    lines *= np.float32(HIDDEN_STEPS)
    np.rint(lines, out=lines)
    np.clip(lines, 0, HIDDEN_MAX, out=lines)
    lines *= np.float32(1 / HIDDEN_STEPS)


def add_residual(values: Floats, hidden: Floats) -> None:
    """Add rectified values to the hidden units, in place, up to the largest value that they can have."""
    hidden += values
    np.minimum(hidden, np.float32(HIDDEN_MAX / HIDDEN_STEPS), out=hidden)


def sigmoid(values: Floats) -> Floats:
    """The logistic function, in place."""
    np.negative(values, out=values)
    exponential(values)
    values += 1
    return np.divide(1, values, out=values)


def convolve(parts: Floats, bias: Floats, positions: Positions, dilation: int, hidden: Floats) -> None:
    """Add the outputs of a convolution to ``hidden``, in place.

    ``parts`` are the `neighbour_products`: the contribution of each paragraph to the one ``dilation`` after it, to
    itself, and to the one ``dilation`` before it, where that belongs to the same document. They are overwritten.
    """
    number = len(positions)
    to_next, own, to_previous = parts
    starts, ends = positions.edges(dilation)
    to_next[ends] = 0
    to_previous[starts] = 0
    if number > dilation:
        own[dilation:number] += to_next[: number - dilation]
        own[: number - dilation] += to_previous[dilation:number]
    rectify(own, bias)
    add_residual(own, hidden)
