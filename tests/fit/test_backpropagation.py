"""The gradients of a network are correct, a forward pass equals prediction, and steps are Adam's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from bounds import bounds_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.fit import network as fitting
from detector.fit import pooling_gradients
from detector.fit.network import Sequences
from detector.inference.layers import Layer
from detector.inference.network import LAYERS, DocumentNetwork, layer_shapes
from detector.inference.positions import Positions
from detector.inference.quantization import standardize

Floats = NDArray[Any]
INPUTS, KINDS, HIDDEN, POOL = 4, 3, 5, 2
CORPORA = [[1], [2], [3], [5], [6, 0], [7], [9], [20], [5, 1, 0, 12, 2], [1, 1, 1, 1]]  # sizes of documents


def layers_of(seed: int, dtype: type = np.float64) -> list[Layer]:
    random = np.random.default_rng(seed)
    return [
        Layer((random.normal(size=s) / np.sqrt(s[0])).astype(dtype), (random.normal(size=s[1]) / 4).astype(dtype))
        for s in layer_shapes(INPUTS, KINDS, HIDDEN, POOL)
    ]


# Gradients


class Slopes:
    """A small document set with a loss that is a weighted sum of the logits, in float64."""

    def __init__(self, sizes: list[int], dropout: float) -> None:
        random = np.random.default_rng(sum(sizes))
        self.layers, self.positions, self.dropout = layers_of(len(sizes)), Positions(bounds_of(sizes)), dropout
        self.rows, self.slope = random.normal(size=(sum(sizes), INPUTS)), random.normal(size=(sum(sizes), KINDS))

    def run(self) -> tuple[float, fitting.TrainingPass, Callable[[Floats], Floats]]:
        forward = fitting.TrainingPass(self.layers, self.positions, self.dropout, np.random.default_rng(7))
        logits, back = forward.logits(self.rows)
        assert logits.dtype == np.float64
        return float((logits * self.slope).sum()), forward, back

    def numeric(self, array: Floats, reach: float = 1e-6) -> Floats:
        """The slope of the loss by each number of an array, by central differences."""
        slopes = np.zeros_like(array)
        for at in np.ndindex(array.shape):
            kept, losses = array[at], []
            for moved in (kept + reach, kept - reach):
                array[at] = moved
                losses.append(self.run()[0])
            array[at] = kept
            slopes[at] = (losses[0] - losses[1]) / (2 * reach)
        return slopes


@pytest.mark.parametrize("number", range(LAYERS))
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("sizes", [[5, 1, 0, 12, 2], [20]])
def test_gradients_of_every_layer_agree_with_differences(sizes: list[int], dropout: float, number: int) -> None:
    task = Slopes(sizes, dropout)
    _, forward, back = task.run()
    back(task.slope)
    gradient, layer = forward.gradients[number], task.layers[number]
    assert np.abs(gradient.weights).max() > 1e-3
    assert gradient.weights == pytest.approx(task.numeric(layer.weights), rel=1e-5, abs=1e-7)
    assert gradient.bias == pytest.approx(task.numeric(layer.bias), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("sizes", CORPORA, ids=str)
def test_gradients_of_a_batch_of_any_size(sizes: list[int]) -> None:
    task = Slopes(sizes, 0)
    _, forward, back = task.run()
    back(task.slope)
    for gradient, layer in zip(forward.gradients, task.layers, strict=True):
        assert gradient.bias == pytest.approx(task.numeric(layer.bias), rel=1e-5, abs=1e-7)


KIND_LABELS = np.array([0, 1, 1])


def paragraphs(kind: list[int], label_weight: list[float], label: list[int] | None = None) -> Sequences:
    """One document of paragraphs with nothing but kinds and labels; the label defaults to the kind's."""
    number, rows = len(kind), np.zeros((len(kind), 0))
    labels = KIND_LABELS[kind] if label is None else np.array(label)
    return Sequences(rows, np.array(kind), labels, np.array(label_weight), np.array([0, number]), KIND_LABELS)


def slow_loss(logits: Floats, data: Sequences, label_loss: float, distillation: float = 0) -> float:
    """The mean cross-entropy of the kinds, that of the labels, and that with the teacher."""
    guess = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = 0.0
    for number, (row, weight) in enumerate(zip(guess, data.label_weight, strict=True)):
        kind, label = data.kind[number], data.label[number]
        own = -np.log(row[kind]) if kind >= 0 else 0.0
        own -= label_loss * np.log(row[label == KIND_LABELS].sum()) if label >= 0 else 0.0
        if data.teacher is not None and data.teacher[number].any():
            share = distillation if label >= 0 else 1.0
            own = (1 - share) * own - share * (1 + label_loss) * (data.teacher[number] @ np.log(row))
        loss += weight * own
    return float(loss / data.label_weight.sum())


def check_slope(data: Sequences, label_loss: float, distillation: float = 0) -> Floats:
    """Compare the gradient of the loss with differences, and return it."""
    logits = np.random.default_rng(0).normal(size=(len(data.kind), KINDS))
    slope = fitting.loss_gradient(logits, data, label_loss, distillation)
    for at in np.ndindex(logits.shape):
        moved = np.zeros_like(logits)
        moved[at] = 1e-6
        above, below = (slow_loss(each, data, label_loss, distillation) for each in (logits + moved, logits - moved))
        assert slope[at] == pytest.approx((above - below) / 2e-6, rel=1e-4, abs=1e-6)
    return slope


@pytest.mark.parametrize("label_loss", [0.0, 1.0, 3.0])
def test_the_slope_of_the_loss(label_loss: float) -> None:
    data = paragraphs([0, 1, 2, -1, 1, 0, -1], [1, 0.25, 2, 0, 0.7, 0, 0.5], [0, 1, 1, -1, 1, 0, 1])
    slope = check_slope(data, label_loss)
    assert not slope[[3, 5]].any()  # without a label
    assert slope[6].any() == bool(label_loss)  # with a label but no kind


@pytest.mark.parametrize("distillation", [0.0, 0.5, 1.0])
def test_the_slope_with_a_teacher(distillation: float) -> None:
    data = paragraphs([0, 1, -1, -1, 2], [1, 0.25, 2, 0.5, 1], [0, 1, 1, -1, 1])
    teacher = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.5, 0.25, 0.25], [0.2, 0.2, 0.6], [0, 0, 0]])
    slope = check_slope(replace(data, teacher=teacher.astype(np.float32)), 1.0, distillation)
    own = fitting.loss_gradient(np.random.default_rng(0).normal(size=(5, KINDS)), data, 1.0)
    assert slope[3].any()  # nobody labelled it: all that it teaches is the teacher's
    assert slope[4].tolist() == own[4].tolist()  # the teacher has not read it
    if not distillation:
        assert slope[:3].tolist() == own[:3].tolist()


def test_the_slope_is_proportional_to_the_weight() -> None:
    logits = np.zeros((2, KINDS))
    assert not fitting.loss_gradient(logits, paragraphs([0, 1], [0, 0]), 1).any()
    little = fitting.loss_gradient(logits, paragraphs([0, 1], [0.1, 0.1]), 0)
    assert np.abs(little).max() == pytest.approx(0.1 * 2 / 3)


def test_logits_of_any_size_have_a_finite_slope() -> None:
    logits = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 0]], dtype=np.float32)
    slope = fitting.loss_gradient(logits, paragraphs([1, 1], [0.5, 0.5]), 1)
    assert slope.tolist()[1] == [0, 0, 0]
    assert slope[0, 0] > 0 > slope[0, 1]


# Neighbours and maxima


@pytest.mark.parametrize("step", [1, 2, 4, 8, 30])
@given(sizes=st.lists(st.integers(0, 20), min_size=1, max_size=8), seed=st.integers(0, 1000))
def test_neighbours_are_those_of_the_document(step: int, sizes: list[int], seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(sum(sizes), 2))
    got = fitting._neighbours(values, Positions(bounds_of(sizes)), step)
    assert got.shape == (len(values), 6)
    for first, last in pairwise(bounds_of(sizes).tolist()):
        for at in range(first, last):
            expected = [values[row].tolist() if first <= row < last else [0, 0] for row in (at - step, at, at + step)]
            assert got[at].reshape(3, 2).tolist() == expected


@given(
    sizes=st.lists(st.integers(0, 8), min_size=1, max_size=6).filter(any),
    seed=st.integers(0, 1000),
    values=st.sampled_from([(0.0, 1.0), (0.0, 0.25, 0.5, 1.0), tuple(np.linspace(0, 1, 40))]),
)
def test_maxima_are_the_largest_so_far_and_from_here(sizes: list[int], seed: int, values: tuple[float, ...]) -> None:
    column = np.random.default_rng(seed).choice(values, (sum(sizes), 1))
    before, after, _ = pooling_gradients.running_maxima(column, Positions(bounds_of(sizes)))
    for first, last in pairwise(bounds_of(sizes).tolist()):
        for at in range(first, last):
            assert (before[at, 0], after[at, 0]) == (column[first : at + 1].max(), column[at:last].max())


# The same results as prediction


@pytest.mark.parametrize("sizes", CORPORA, ids=str)
def test_a_forward_pass_returns_the_scores_of_prediction(sizes: list[int]) -> None:
    network = DocumentNetwork.quantized(layers_of(sum(sizes), np.float32))
    rows = np.random.default_rng(1).normal(size=(sum(sizes), INPUTS)).astype(np.float32)
    standardize(rows, np.zeros(INPUTS, dtype=np.float32), np.ones(INPUTS, dtype=np.float32))
    positions = Positions(bounds_of(sizes))
    logits, _ = fitting.TrainingPass(list(network.layers), positions, 0, np.random.default_rng(0)).logits(rows)
    assert logits.dtype == np.float32
    assert logits == pytest.approx(network.logits(rows, positions), abs=0.1)  # of hidden units rounded to 1/64


def test_a_forward_pass_stays_within_the_bounds_of_prediction() -> None:
    layers = [Layer(10 * np.abs(layer.weights), layer.bias + 10) for layer in layers_of(3, np.float32)]
    network, positions = DocumentNetwork.quantized(layers), Positions(bounds_of([12, 3]))
    rows = np.ones((15, INPUTS), dtype=np.float32)
    logits, _ = fitting.TrainingPass(list(network.layers), positions, 0, np.random.default_rng(0)).logits(rows)
    assert logits == pytest.approx(network.logits(rows, positions), rel=1e-3)


def test_dropout_differs_in_every_pass() -> None:
    layers, random = layers_of(0, np.float32), np.random.default_rng(0)
    rows, positions = np.ones((6, INPUTS), dtype=np.float32), Positions(bounds_of([6]))
    one, two = (fitting.TrainingPass(layers, positions, 0.5, random).logits(rows)[0] for _ in range(2))
    assert not np.array_equal(one, two)
    one, two = (fitting.TrainingPass(layers, positions, 0, random).logits(rows)[0] for _ in range(2))
    assert np.array_equal(one, two)


# The optimizer


def test_the_first_step_moves_every_weight_by_the_rate() -> None:
    layers, gradients = layers_of(0), layers_of(1)
    before = [layer.weights.copy() for layer in layers]
    fitting.Adam(layers).step(layers, gradients, 0.01)
    for old, layer, gradient in zip(before, layers, gradients, strict=True):
        large = np.abs(gradient.weights) > 1e-2
        assert (layer.weights - old)[large] == pytest.approx(-0.01 * np.sign(gradient.weights[large]), rel=1e-2)


def slow_adam(slopes: list[float], rate: float) -> float:
    """The value of a single weight, starting at 0, after steps with those slopes."""
    mean = square = at = 0.0
    for step, slope in enumerate(slopes, 1):
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        at -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return at


@pytest.mark.parametrize("slopes", [[0.5, 0.5, -0.2, 0.1], [3.0, 40.0, -2.0]])  # above 1, they are clipped to it
def test_steps_are_adam_s(slopes: list[float]) -> None:
    layers = [Layer(np.zeros((1, 1)), np.zeros(1))]
    optimizer = fitting.Adam(layers)
    for slope in slopes:
        optimizer.step(layers, [Layer(np.full((1, 1), slope), np.zeros(1))], 0.01)
    cut = [max(-1.0, min(slope, 1.0)) for slope in slopes]
    assert layers[0].weights.item() == pytest.approx(slow_adam(cut, 0.01), rel=1e-5)
    assert layers[0].bias.item() == 0


def test_the_learning_rate_rises_and_falls_once() -> None:
    rates = [fitting.learning_rate_factor(step / 1000) for step in range(1001)]
    top = rates.index(max(rates))
    assert (rates[0], rates[top], rates[-1]) == pytest.approx((1 / 25, 1, 0))
    assert top == 100
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
