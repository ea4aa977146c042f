"""Products of matrices are exact: the numbers of a network are those of a slow calculation, to the last bit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from exact import same_bits, units_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.inference import network as networks
from detector.inference.layers import BLOCK, Layer, products, sigmoid
from detector.inference.network import FAR_DILATIONS, NEAR_DILATIONS, DocumentNetwork, Ensemble, layer_shapes
from detector.inference.positions import Positions
from detector.inference.quantization import (
    HIDDEN_MAX,
    HIDDEN_STEPS,
    INPUT_MAX,
    INPUT_STEPS,
    MAX_EXACT,
    POOL_MAX,
    POOL_STEPS,
    quantize_weights,
    standardize,
)
from detector.util.arrays import Floats

NEAR, FAR = len(NEAR_DILATIONS), len(FAR_DILATIONS)
INPUTS, KINDS = 9, 4
HIDDEN_LARGEST = HIDDEN_MAX / HIDDEN_STEPS
seeds = st.integers(0, 10_000)
powers = st.integers(-12, 12)  # powers of two: how large the weights of a network are


def product(rows: Floats, weights: Floats, steps: int) -> Floats:
    """The product in float64; fails if a float32 cannot hold it exactly. ``steps`` is the number of steps in 1."""
    reach = np.abs(rows).astype(np.float64) @ np.abs(weights).astype(np.float64)
    assert (reach * steps / units_of(weights) <= MAX_EXACT).all()
    exact = rows.astype(np.float64) @ weights.astype(np.float64)
    assert (exact == exact.astype(np.float32)).all()
    return exact.astype(np.float32)


def in_steps(values: NDArray[np.floating], steps: int, most: int) -> Floats:
    """The nearest quantized values, none below zero."""
    return (np.clip(np.rint(values.astype(np.float64) * steps), 0, most) / steps).astype(np.float32)


def rectified(values: Floats, bias: Floats) -> Floats:
    return in_steps(values + bias, HIDDEN_STEPS, HIDDEN_MAX)


def added(hidden: Floats, values: Floats) -> Floats:
    return np.minimum(hidden + values, np.float32(HIDDEN_LARGEST))


def convolved(hidden: Floats, layer: Layer, step: int) -> Floats:
    from_before, own, from_after = np.split(layer.weights, 3)
    values = []
    for at in range(len(hidden)):
        value = product(hidden[at : at + 1], own, HIDDEN_STEPS)
        for other, weights in ((at - step, from_before), (at + step, from_after)):
            if 0 <= other < len(hidden):
                value = value + product(hidden[other : other + 1], weights, HIDDEN_STEPS)
        values.append(rectified(value, layer.bias))
    return added(hidden, np.concatenate(values))


def mean(steps: NDArray[np.int64]) -> list[float]:
    """The mean of each column, rounded to the nearest step of pools; halves to even."""
    means = [Fraction(sum(column) * POOL_STEPS, HIDDEN_STEPS * max(len(column), 1)) for column in steps.T.tolist()]
    return [min(round(value), POOL_MAX) / POOL_STEPS for value in means]


def pooled(peaks: Floats, means: Floats) -> Floats:
    peaks, steps = in_steps(peaks, POOL_STEPS, POOL_STEPS), (means * np.float32(HIDDEN_STEPS)).astype(np.int64)
    rows = [
        [
            *peaks[: at + 1].max(axis=0), *peaks[at:].max(axis=0),
            *mean(steps[: at + 1]), *mean(steps[at + 1 :]), *mean(steps),
        ]
        for at in range(len(peaks))
    ]  # fmt: skip
    return np.array(rows, dtype=np.float32)


def slow_scores(of: DocumentNetwork, rows: Floats) -> Floats:
    """The logits of one document: products in float64, everything else one paragraph at a time."""
    first, *layers, last = of.layers
    (peaks, means, mix), width = layers[NEAR : NEAR + 3], len(first.bias)
    own = hidden = rectified(product(rows, first.weights, INPUT_STEPS), first.bias)
    for layer, step in zip(layers[:NEAR], NEAR_DILATIONS, strict=True):
        hidden = convolved(hidden, layer, step)
    largest = sigmoid(product(hidden, peaks.weights, HIDDEN_STEPS) + peaks.bias)
    pools = pooled(largest, rectified(product(hidden, means.weights, HIDDEN_STEPS), means.bias))
    mixed = product(hidden, mix.weights[:width], HIDDEN_STEPS) + product(pools, mix.weights[width:], POOL_STEPS)
    hidden = added(hidden, rectified(mixed, mix.bias))
    for layer, step in zip(layers[-FAR:], FAR_DILATIONS, strict=True):
        hidden = convolved(hidden, layer, step)
    scores = product(hidden, last.weights[:width], HIDDEN_STEPS) + product(own, last.weights[width:], HIDDEN_STEPS)
    return scores + last.bias


def random_network(seed: int, hidden: int, pool: int, power: int = 0, sign: int = 0) -> DocumentNetwork:
    """Random weights of the order of ``2**power``; all of one ``sign`` if that is not 0."""
    random, layers = np.random.default_rng(seed), []
    for rows, columns in layer_shapes(INPUTS, KINDS, hidden, pool):
        weights = random.normal(size=(rows, columns)) * 2.0**power * 2.0 ** random.integers(-4, 4, columns)
        weights /= np.sqrt(rows)
        weights[:, random.random(columns) < 0.05] = 0
        bias = random.normal(size=columns)
        layers.append(Layer((sign * np.abs(weights) if sign else weights).astype(np.float32), bias.astype(np.float32)))
    return DocumentNetwork.quantized(layers)


def random_rows(number: int, seed: int, reach: int = INPUT_MAX) -> Floats:
    steps = np.random.default_rng(seed).integers(-reach, reach + 1, (number, INPUTS))
    return (steps / INPUT_STEPS).astype(np.float32)


def scores_of(of: DocumentNetwork, rows: Floats) -> Floats:
    return of.logits(rows, Positions(np.array([0, len(rows)])))


# Whole networks


@given(
    size=st.one_of(st.integers(1, 12), st.sampled_from([BLOCK - 1, BLOCK + 2])), seed=seeds, power=powers,
    units=st.sampled_from([(1, 1), (2, 1), (8, 3), (17, 5), (48, 12)]), reach=st.sampled_from([1, 64, INPUT_MAX]),
)  # fmt: skip
def test_scores_are_those_of_a_slow_calculation(
    size: int, seed: int, power: int, units: tuple[int, int], reach: int
) -> None:
    of, rows = random_network(seed, *units, power), random_rows(size, seed, reach)
    assert same_bits(scores_of(of, rows), slow_scores(of, rows))


@given(seed=seeds, power=powers, size=st.integers(1, 30))
def test_the_order_of_inputs_and_units_changes_no_bit(seed: int, power: int, size: int) -> None:
    of, rows, random = random_network(seed, 16, 5, power), random_rows(size, seed), np.random.default_rng(seed)
    expected = scores_of(of, rows)
    inputs, units, pools = (random.permutation(number) for number in (INPUTS, 16, 5))
    first, *layers, last = of.layers
    three, pooled_at = np.concatenate([units, 16 + units, 32 + units]), 16 + 5 * np.arange(5)[:, None] + pools
    near = [Layer(layer.weights[three][:, units], layer.bias[units]) for layer in layers[:NEAR]]
    peaks, means = (Layer(layer.weights[units][:, pools], layer.bias[pools]) for layer in layers[NEAR : NEAR + 2])
    mix = layers[NEAR + 2]
    far = [Layer(layer.weights[three][:, units], layer.bias[units]) for layer in layers[-FAR:]]
    turned = DocumentNetwork((
        Layer(first.weights[inputs][:, units], first.bias[units]), *near, peaks, means,
        Layer(mix.weights[np.concatenate([units, pooled_at.ravel()])][:, units], mix.bias[units]), *far,
        Layer(last.weights[np.concatenate([units, 16 + units])], last.bias),
    ))  # fmt: skip
    assert same_bits(scores_of(turned, rows[:, inputs]), expected)


EXTREMES = {
    "huge": lambda rows: rows * np.float32(1e36),
    "tiny": lambda rows: rows * np.float32(1e-40),
    "negative": lambda rows: -np.abs(rows) * np.float32(1e30),
    "positive": lambda rows: np.abs(rows) * np.float32(1e30),
    "zero": lambda rows: rows * np.float32(0),
    "mixed": lambda rows: rows * (10.0 ** np.arange(-4, INPUTS - 4)).astype(np.float32),
}


@pytest.mark.parametrize("power", [-40, 0, 40])
@pytest.mark.parametrize("sign", [-1, 0, 1])
@pytest.mark.parametrize("name", EXTREMES)
def test_extreme_rows_and_weights_stay_exact(name: str, sign: int, power: int) -> None:
    of, size = random_network(1, 12, 3, power, sign), 20
    rows = EXTREMES[name](np.random.default_rng(2).normal(size=(size, INPUTS)).astype(np.float32))
    standard, mean, factor = rows.copy(), np.zeros(INPUTS, dtype=np.float32), np.full(INPUTS, 3, dtype=np.float32)
    standardize(standard, mean, factor)
    assert np.abs(standard).max() <= INPUT_MAX / INPUT_STEPS
    got = Ensemble(mean, factor, (of,)).logits(rows, np.array([0, size]))
    assert same_bits(got, slow_scores(of, standard))


def test_a_network_whose_every_unit_is_at_its_largest_stays_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Floats] = []
    monkeypatch.setattr(networks, "products", lambda rows, matrix: seen.append(rows.copy()) or products(rows, matrix))
    layers = [
        Layer(np.full(shape, 0.7, dtype=np.float32), np.full(shape[1], 100, dtype=np.float32))
        for shape in layer_shapes(INPUTS, KINDS, 48, 12)
    ]
    of, rows = DocumentNetwork.quantized(layers), np.full((30, INPUTS), INPUT_MAX / INPUT_STEPS, dtype=np.float32)
    assert same_bits(scores_of(of, rows), slow_scores(of, rows))
    assert sum((values[:30] == np.float32(HIDDEN_LARGEST)).all() for values in seen) == 5  # all except inputs and pools
    assert sum((values[:30].max() == np.float32(POOL_MAX / POOL_STEPS)) for values in seen) == 1


# Single products


@given(rows=st.integers(1, 200), inputs=st.integers(1, 300), outputs=st.integers(1, 40), seed=seeds)
def test_products_are_exact_in_any_order_and_position(rows: int, inputs: int, outputs: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = quantize_weights(
        (random.normal(size=(inputs, outputs)) * 2.0 ** random.integers(-20, 20, outputs)), HIDDEN_MAX
    )
    values = (random.integers(0, HIDDEN_MAX + 1, (rows, inputs)) / HIDDEN_STEPS).astype(np.float32)
    expected = product(values, weights, HIDDEN_STEPS)
    assert same_bits(products(values, weights)[:rows], expected)
    order, place = random.permutation(inputs), int(random.integers(rows))
    assert same_bits(products(values[:, order], weights[order])[:rows], expected)
    assert same_bits(products(values[place:], weights)[: rows - place], expected[place:])
    assert same_bits(values @ weights, expected)


def test_quantizing_a_quantized_network_changes_nothing() -> None:
    of = random_network(3, 8, 3)
    for layer, again in zip(of.layers, DocumentNetwork.quantized(of.layers).layers, strict=True):
        assert same_bits(layer.weights, again.weights)
        assert same_bits(layer.bias, again.bias)
