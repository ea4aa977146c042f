"""Quantization of everything that enters a matrix product, so that the product is exact.

Inputs and weights are whole numbers of steps, and so small that every sum of their products is exact in float32 (at
most 2**24 steps), in whatever order the processor adds. Otherwise the last bits would depend on the processor, and on
some processors on the position of a row in the matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.util.arrays import Floats

MAX_EXACT = (1 << 24) - 1  # steps up to which float32 represents every number
# For each kind of operand: the number of steps in 1, and the largest number of steps on each side of 0.
INPUT_STEPS, INPUT_MAX = 32, 511
HIDDEN_STEPS, HIDDEN_MAX = 64, 1023
POOL_STEPS, POOL_MAX = 128, 1023


def standardize(rows: Floats, mean: Floats, factor: Floats) -> None:
    """Bring rows to mean 0 and standard deviation 1 and quantize them as network inputs, in place."""
    rows -= mean
    rows *= factor * np.float32(INPUT_STEPS)
    np.rint(rows, out=rows)
    np.clip(rows, -INPUT_MAX, INPUT_MAX, out=rows)
    rows *= np.float32(1 / INPUT_STEPS)


def quantize_weights(weights: NDArray[np.floating], max_input: int) -> Floats:
    """The nearest weights whose products with inputs of at most ``max_input`` steps sum up exactly.

    Each output has steps of its own, a power of two. ``weights`` and the result have the shape ``(inputs, outputs)``;
    the result is float32.
    """
    scale = weight_scale(weights, max_input)
    nearest: Floats = (np.rint(weights * scale) / scale).astype(np.float32)
    return nearest


def weight_scale(weights: NDArray[np.floating], max_input: int) -> NDArray[np.float64]:
    """The number of steps in 1 of the weights of each output, a power of two: ``(outputs,)``."""
    steps = MAX_EXACT // (max_input * len(weights))
    largest = np.maximum(np.abs(weights).max(axis=0), 1e-9)
    _, exponent = np.frexp(steps / largest)  # exact on every machine, unlike a logarithm
    scale: NDArray[np.float64] = np.ldexp(1.0, exponent - 1)
    return scale
