"""Every layer hands on all of the change of its output, up to what rounding takes, and the whole network does."""

from __future__ import annotations

import numpy as np
import pytest
from random_models import random_network

from detector.explanation.arithmetic import ratio, shifted
from detector.explanation.backward import Backward
from detector.explanation.pools import Pools
from detector.explanation.trace import Change, Doubles, Trace, trace
from detector.inference import pooling
from detector.inference.network import DocumentNetwork
from detector.inference.pooling import POOLS
from detector.inference.positions import Positions
from detector.inference.quantization import HIDDEN_STEPS, INPUT_STEPS, POOL_STEPS
from detector.util.arrays import Floats

INPUTS, KINDS, HIDDEN, POOL = 20, 5, 9, 4
SIZES = [1, 2, 3, 9, 40]


def rows_of(number: int, seed: int = 0) -> Floats:
    random = np.random.default_rng(seed)
    return (np.rint(random.normal(size=(number, INPUTS)) * INPUT_STEPS) / INPUT_STEPS).astype(np.float32)


def network_of(seed: int = 0) -> DocumentNetwork:
    return random_network(INPUTS, KINDS, HIDDEN, POOL, np.random.default_rng(seed))


def traced(number: int, seed: int = 0) -> tuple[DocumentNetwork, Trace]:
    network = network_of(seed)
    return network, trace(network, rows_of(number, seed))


@pytest.mark.parametrize("number", SIZES)
def test_a_trace_is_that_of_a_prediction(number: int) -> None:
    network, found = traced(number)
    positions = Positions(np.array([0, number]))
    assert np.array_equal(found.logits.actual, network.logits(rows_of(number), positions))
    assert np.array_equal(found.logits.reference, network.logits(np.zeros_like(rows_of(number)), positions))


@pytest.mark.parametrize("number", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_contributions_sum_to_the_change_of_the_outputs(number: int, seed: int) -> None:
    network, found = traced(number, seed)
    outputs = np.random.default_rng(seed).normal(size=(number, KINDS))
    parts = Backward(network, found).contributions(0, number, outputs)
    change = (outputs * found.logits.size).sum(axis=1)
    assert np.abs(parts.neighbours).sum() > 0.1
    assert parts.neighbours.sum(axis=1) == pytest.approx(change, abs=0.02)
    own = (parts.own * found.inputs.size).sum(axis=1)
    assert own == pytest.approx(parts.neighbours.diagonal(), abs=0.02)


def test_blocks_have_the_rows_of_the_whole() -> None:
    network, found = traced(40)
    outputs = np.random.default_rng(1).normal(size=(40, KINDS))
    backward = Backward(network, found)
    whole = backward.contributions(0, 40, outputs)
    for start, stop in ((0, 1), (1, 17), (17, 40)):
        part = backward.contributions(start, stop, outputs[start:stop])
        assert part.neighbours == pytest.approx(whole.neighbours[start:stop], abs=1e-12)
        assert part.own == pytest.approx(whole.own[start:stop], abs=1e-12)


def test_what_is_out_of_reach_adds_nothing_without_pools() -> None:
    network = network_of()
    mix = network.layers[4]
    mix.weights[HIDDEN:] = 0  # the pools are not read
    number = 40
    parts = Backward(network, trace(network, rows_of(number))).contributions(0, number, np.ones((number, KINDS)))
    distance = np.abs(np.subtract.outer(np.arange(number), np.arange(number)))
    assert np.abs(parts.neighbours[distance <= 7]).sum() > 0
    assert not parts.neighbours[distance > 7].any()


def pooled(values: Change, number: int) -> Change:
    """The pools of units that serve as peaks and as means."""
    both = []
    for each in (values.actual, values.reference):
        out = np.zeros((number, POOLS * each.shape[1]), dtype=np.float32)
        pooling.pool(each.astype(np.float32), each.astype(np.float32), Positions(np.array([0, number])), out)
        both.append(out.astype(np.float64))
    return Change(*both)


def handed_on(values: Change, column: int, reach: int = 0) -> Doubles:
    """What a unit of change of every paragraph's peaks and means adds to one column of each paragraph's pools.

    Returns the shape ``(paragraphs, paragraphs, 2 * units)``.
    """
    number, units = values.actual.shape
    pools = Pools(values, values, pooled(values, number))
    weights = np.zeros((number, POOLS * units))
    weights[:, column] = 1
    handed = pools.handed(0, {0: weights} | ({reach: 0 * weights} if reach else {}))
    found = np.zeros((number, number, 2 * units))
    distance = np.arange(number) - np.arange(number)[:, None]
    for unit in range(2 * units):
        before, after = pools.weighed(np.eye(2 * units)[unit] * np.ones((number, 1)))
        found[:, :, unit] += np.where(distance < -handed.reach, handed.before @ before.T, 0)
        found[:, :, unit] += np.where(distance > handed.reach, handed.after @ after.T, 0)
    for row, at in np.argwhere(np.abs(distance) <= handed.reach):
        found[row, at] += handed.near[row, at - row + handed.reach]
    for rises in handed.rises:
        np.add.at(found, (rises.rows, rises.at, rises.units), rises.values)
    return found


@pytest.mark.parametrize("reach", [0, 3])
@pytest.mark.parametrize("number", SIZES)
@pytest.mark.parametrize("changes", ["rises", "falls", "both"])
@pytest.mark.parametrize("seed", range(3))
def test_pools_hand_on_the_change_of_what_they_read(number: int, changes: str, seed: int, reach: int) -> None:
    random, units = np.random.default_rng(seed), 3
    reference = np.repeat(random.integers(20, 40, (1, units)), number, axis=0)
    reference[[0, -1]] += random.integers(-3, 4, (2, units))  # the first and the last paragraph lack a neighbour
    low, high = {"rises": (0, 20), "falls": (-20, 1), "both": (-20, 20)}[changes]
    actual = reference + random.integers(low, high, (number, units))
    values = Change(*(np.clip(each, 0, 63) / HIDDEN_STEPS for each in (actual, reference)))
    change = pooled(values, number).size
    for column in range(POOLS * units):
        added = handed_on(values, column, reach) * np.tile(values.size, 2)
        exact = 1e-12 if column < 2 * units else 1.01 / POOL_STEPS  # rounding of a mean may be left over
        assert added.sum(axis=(1, 2)) == pytest.approx(change[:, column], abs=exact)


def test_a_rise_belongs_to_the_paragraph_that_has_the_maximum() -> None:
    values = Change(np.array([[0.25], [0.75], [0.5], [1.0], [0.25]]), np.full((5, 1), 0.25))
    expected = [[0, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0]]
    assert handed_on(values, 0)[:, :, 0] == pytest.approx(np.array(expected, dtype=float))
    expected = [[0, 0, 0, 1, 0]] * 4 + [[0, 0, 0, 0, 0]]
    assert handed_on(values, 1)[:, :, 0] == pytest.approx(np.array(expected, dtype=float))


def test_a_fall_belongs_to_all_equally() -> None:
    values = Change(np.array([[0.25], [0.0], [0.25]]), np.full((3, 1), 0.5))
    parts = handed_on(values, 0)[:, :, 0] * values.size[:, 0]
    assert parts[2] == pytest.approx([-0.25 / 3] * 3)
    assert parts[0] == pytest.approx([-0.25, 0, 0])


def test_a_slope_that_only_rounding_makes_steep_is_limited() -> None:
    assert ratio(np.array([1.0, 1.0, 0.5, 0.0]), np.array([1e-9, 0.0, 1.0, 1.0])).tolist() == [2.0, 0.0, 0.5, 0.0]


@pytest.mark.parametrize("distance", [-5, -1, 0, 2, 9])
def test_shifted_rows(distance: int) -> None:
    values = np.arange(1.0, 7.0)[:, None]
    found = shifted(values, 2, 5, distance)[:, 0].tolist()
    assert found == [values[row, 0] if 0 <= (row := at + distance) < 6 else 0 for at in range(2, 5)]
