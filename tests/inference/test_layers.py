"""What a network computes between and in its products."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detector.inference.layers import BLOCK, add_residual, products, rectify, sigmoid
from detector.inference.quantization import HIDDEN_MAX, HIDDEN_STEPS


@pytest.mark.parametrize(("number", "full"), [(0, 0), (1, BLOCK), (BLOCK, BLOCK), (BLOCK + 1, 2 * BLOCK)])
def test_products_are_padded_to_whole_blocks_with_those_of_zeros(number: int, full: int) -> None:
    got = products(np.ones((number, 3), dtype=np.float32), np.ones((3, 2), dtype=np.float32))
    assert got.shape == (full, 2)
    assert got.dtype == np.float32
    assert (got[:number] == 3).all()
    assert (got[number:] == 0).all()


@pytest.mark.filterwarnings("error")
def test_the_logistic_function() -> None:
    values = np.array([-1e30, -100, -1, 0, 1, 100, 1e30], dtype=np.float32)
    got = sigmoid(values)
    assert got == pytest.approx([0, 0, 1 / (1 + math.e), 0.5, 1 / (1 + 1 / math.e), 1, 1], abs=1e-6)
    assert (np.diff(got) >= 0).all()


RECTIFIED = [
    (-1e30, 0), (-1.0, 0), (0.49 / HIDDEN_STEPS, 0), (0.51 / HIDDEN_STEPS, 1), (1.0, HIDDEN_STEPS),
    (1.5 / HIDDEN_STEPS, 2), (2.5 / HIDDEN_STEPS, 2), (15.98, HIDDEN_MAX), (1e30, HIDDEN_MAX),
]  # fmt: skip


@pytest.mark.parametrize(("value", "steps"), RECTIFIED)
def test_hidden_units_are_quantized(value: float, steps: int) -> None:
    values = np.full((BLOCK, 2), value, dtype=np.float32)
    rectify(values, np.array([0, 1], dtype=np.float32))
    assert (values[:, 0] == steps / HIDDEN_STEPS).all()
    assert (values[:, 1] >= values[:, 0]).all()
    hidden = np.ones((BLOCK, 2), dtype=np.float32)
    add_residual(values, hidden)
    assert (hidden[:, 0] == min(HIDDEN_STEPS + steps, HIDDEN_MAX) / HIDDEN_STEPS).all()
