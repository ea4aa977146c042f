"""The grids on which stands what goes into a product of matrices, so that the product is exact.

Inputs and weights are whole numbers of steps, and so small that every sum of their products is exact in a float32 (at
most 2**24 steps), whatever order the processor takes it in. Else the last bits would depend on the processor, and on
some of them on where in the matrix a row stands.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

EXACT = (1 << 24) - 1  # steps of a grid up to which float32 has every number
# The grid of what goes into a product: steps a 1, and the most steps there are on each side of 0.
INPUT_STEPS, INPUT_MOST = 32, 511
HIDDEN_STEPS, HIDDEN_MOST = 64, 1023
POOL_STEPS, POOL_MOST = 128, 1023


def standardize(rows: Floats, mean: Floats, factor: Floats) -> None:
    """Bring rows to mean 0 and standard deviation 1, in place, on the grid of a network's inputs."""
    rows -= mean
    rows *= factor * np.float32(INPUT_STEPS)
    np.rint(rows, out=rows)
    np.clip(rows, -INPUT_MOST, INPUT_MOST, out=rows)
    rows *= np.float32(1 / INPUT_STEPS)


def on_grid(weights: NDArray[np.floating], most: int) -> Floats:
    """The nearest weights on a grid, one for each output, for inputs of at most so many steps.

    So coarse that all sums of their products are exact, its steps a power of two: ``(inputs, outputs)``, float32.
    """
    steps = EXACT // (most * len(weights))
    largest = np.maximum(np.abs(weights).max(axis=0), 1e-9)
    grid = np.exp2(np.floor(np.log2(steps / largest)))
    nearest: Floats = (np.rint(weights * grid) / grid).astype(np.float32)
    return nearest
