"""Inputs and weights are rounded so that every product of them is exact."""

from __future__ import annotations

import numpy as np
import pytest
from exact import same_bits, units_of
from hypothesis import given
from hypothesis import strategies as st

from detector.inference.quantization import (
    HIDDEN_MAX,
    INPUT_MAX,
    INPUT_STEPS,
    MAX_EXACT,
    quantize_weights,
    standardize,
)

seeds = st.integers(0, 10_000)

STANDARDIZED = [
    (3.0, 0), (4.0, INPUT_STEPS / 2), (3.01, 0), (3.1, 2), (2.9, -2), (1e6, INPUT_MAX), (-1e6, -INPUT_MAX),
    (1e36, INPUT_MAX), (-1e36, -INPUT_MAX), (1e-38, -48),
]  # fmt: skip


@pytest.mark.parametrize(("value", "steps"), STANDARDIZED)
def test_inputs_are_quantized(value: float, steps: int) -> None:
    rows = np.full((2, 1), value, dtype=np.float32)
    standardize(rows, np.array([3], dtype=np.float32), np.array([0.5], dtype=np.float32))
    assert rows[:, 0].tolist() == [steps / INPUT_STEPS] * 2


# Quantization of weights


@given(
    inputs=st.integers(1, 200), outputs=st.integers(1, 6), power=st.integers(-25, 25), seed=seeds,
    most=st.sampled_from([1, INPUT_MAX, HIDDEN_MAX]),
)  # fmt: skip
def test_weights_are_rounded_to_the_finest_steps_that_are_exact(
    inputs: int, outputs: int, power: int, seed: int, most: int
) -> None:
    random = np.random.default_rng(seed)
    weights = (random.normal(size=(inputs, outputs)) * 2.0**power * 2.0 ** random.integers(-3, 3, outputs)).astype("f4")
    got = quantize_weights(weights, most)
    assert (got.dtype, got.shape) == (np.float32, weights.shape)
    room, largest = MAX_EXACT // (most * inputs), np.abs(weights.astype(np.float64)).max(axis=0)
    step = 2.0 ** np.array([np.ceil(np.log2(value / room)) for value in largest])  # a power of two
    assert (np.rint(got / step) == got / step).all()
    assert (np.abs(got - weights.astype(np.float64)) <= step / 2).all()
    assert (np.abs(got).astype(np.float64) / step).max() * most * inputs <= MAX_EXACT
    assert (2 * largest / step > room).all()  # half the step would be too fine
    assert same_bits(quantize_weights(got, most), got)


def test_each_output_has_its_own_step() -> None:
    random = np.random.default_rng(0)
    weights = random.normal(size=(30, 3)).astype(np.float32) * np.array([1, 1e-6, 1e6], dtype=np.float32)
    together = quantize_weights(weights, INPUT_MAX)
    alone = [quantize_weights(weights[:, at : at + 1], INPUT_MAX) for at in range(3)]
    assert same_bits(together, np.hstack(alone))
    room = MAX_EXACT // (INPUT_MAX * len(weights))  # the largest weight has at least half as many steps
    error = np.abs(together - weights.astype(np.float64)).max(axis=0)
    assert (error <= np.abs(weights).max(axis=0) / room).all()


@pytest.mark.parametrize("inputs", [1, 10, 240])
@pytest.mark.parametrize("power", [-60, -20, -1, 0, 1, 20, 60])
def test_powers_of_two_and_zeros_are_unchanged(inputs: int, power: int) -> None:
    weights = np.zeros((inputs, 4), dtype=np.float32)
    weights[:, 1], weights[0, 2], weights[:, 3] = 2.0**power, -(2.0**power), (-1) ** np.arange(inputs) * 2.0**power
    expected = weights if power > -60 else np.zeros_like(weights)  # so small that they vanish beside any bias
    assert same_bits(quantize_weights(weights, HIDDEN_MAX), expected)


def test_weights_just_below_a_power_of_two_do_not_exceed_it() -> None:
    for inputs in range(1, 260):
        room = MAX_EXACT // (HIDDEN_MAX * inputs)
        for factor in (1, np.nextafter(np.float32(1), 0), np.nextafter(np.float32(1), 2)):
            largest = np.full((inputs, 1), np.float32(room) * np.float32(factor), dtype=np.float32)
            got = quantize_weights(largest, HIDDEN_MAX)
            reach = np.abs(got).astype(np.float64).sum() * HIDDEN_MAX / units_of(got)
            assert reach <= MAX_EXACT
