"""The network that reads documents: what its parts give, and the same bits alone and in every batch."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector import network as networks
from detector.grid import HIDDEN_MOST, HIDDEN_STEPS, INPUT_MOST, INPUT_STEPS, POOL_MOST, POOL_STEPS, standardize
from detector.network import (
    BLOCK,
    LAYERS,
    DocumentNetwork,
    Ensemble,
    Layer,
    add,
    layer_shapes,
    mean_scores,
    rectify,
    sigmoid,
)
from detector.places import Places
from detector.pools import running_means, running_peaks

Floats = NDArray[np.float32]
INPUTS, KINDS, HIDDEN, POOL = 6, 4, 8, 3


def network(seed: int, inputs: int = INPUTS, kinds: int = KINDS) -> DocumentNetwork:
    random = np.random.default_rng(seed)
    return DocumentNetwork.of([
        Layer((random.normal(size=s) / math.sqrt(s[0])).astype(np.float32), random.normal(size=s[1]).astype("f4"))
        for s in layer_shapes(inputs, kinds, HIDDEN, POOL)
    ])  # fmt: skip


NETWORKS = [network(1), network(2)]


def bounds_of(sizes: list[int]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def rows_of(number: int, seed: int = 0, columns: int = INPUTS) -> Floats:
    """Rows as a network is given them."""
    steps = np.rint(INPUT_STEPS * np.random.default_rng(seed).normal(size=(number, columns)))
    return (steps / INPUT_STEPS).astype(np.float32)


sizes_lists = st.lists(st.integers(0, 20), min_size=1, max_size=8)
seeds = st.integers(0, 1000)


# Batches


@given(
    sizes=st.lists(
        st.one_of(st.integers(1, 20), st.sampled_from([BLOCK - 1, BLOCK, BLOCK + 1, 300])), min_size=1, max_size=6
    ),
    seed=seeds,
)
def test_a_document_has_the_same_scores_alone_and_in_every_batch(sizes: list[int], seed: int) -> None:
    bounds, rows = bounds_of(sizes), rows_of(sum(sizes), seed)
    whole = mean_scores(NETWORKS, rows, bounds)
    assert whole.shape == (len(rows), KINDS)
    assert whole.dtype == np.float32
    for size, (first, last) in zip(sizes, pairwise(bounds), strict=True):
        assert np.array_equal(whole[first:last], mean_scores(NETWORKS, rows[first:last], bounds_of([size])))


@given(sizes=sizes_lists, cut=st.integers(0, 8), seed=seeds)
def test_batches_may_be_split_anywhere_between_documents(sizes: list[int], cut: int, seed: int) -> None:
    sizes = [5, *sizes[:cut], 0, *sizes[cut:], 3]
    bounds, rows = bounds_of(sizes), rows_of(sum(sizes), seed)
    whole, at = mean_scores(NETWORKS, rows, bounds), 1 + min(cut, len(sizes) - 3)
    halves = (
        mean_scores(NETWORKS, rows[: bounds[at]], bounds[: at + 1]),
        mean_scores(NETWORKS, rows[bounds[at] :], bounds[at:] - bounds[at]),
    )
    assert np.array_equal(whole, np.concatenate(halves))


@pytest.mark.parametrize("sizes", [[], [0], [0, 0, 0]])
def test_no_paragraphs(sizes: list[int]) -> None:
    assert mean_scores(NETWORKS, np.zeros((0, INPUTS), dtype=np.float32), bounds_of(sizes)).shape == (0, KINDS)


def test_empty_documents_change_nothing() -> None:
    rows = rows_of(11)
    expected = mean_scores(NETWORKS, rows, bounds_of([7, 4]))
    assert np.array_equal(mean_scores(NETWORKS, rows, bounds_of([0, 7, 0, 0, 4, 0])), expected)


def test_a_document_does_not_end_where_the_next_one_could_be_seen() -> None:
    rows = rows_of(18)
    apart, joined = (mean_scores(NETWORKS, rows, bounds_of(sizes)) for sizes in ([9, 9], [18]))
    assert not np.array_equal(apart, joined)
    changed = rows.copy()
    changed[9:] += 1
    assert np.array_equal(mean_scores(NETWORKS, changed, bounds_of([9, 9]))[:9], apart[:9])


def test_a_paragraph_is_seen_from_the_other_end_of_a_long_document() -> None:
    rows = rows_of(200)
    changed = rows.copy()
    changed[0] += 3
    before, after = (mean_scores(NETWORKS, r, bounds_of([200])) for r in (rows, changed))
    assert not np.array_equal(before[199], after[199])


@given(sizes=sizes_lists, seed=seeds)
def test_an_ensemble_is_the_mean_of_its_members_for_standardized_rows(sizes: list[int], seed: int) -> None:
    random, bounds = np.random.default_rng(seed), bounds_of(sizes)
    rows = (100 * random.normal(size=(sum(sizes), INPUTS))).astype(np.float32)
    mean, factor = (random.normal(size=INPUTS).astype(np.float32) for _ in range(2))
    standard = rows.copy()
    standardize(standard, mean, factor)
    first, second = (mean_scores([member], standard, bounds) for member in NETWORKS)
    got = Ensemble(mean, factor, tuple(NETWORKS)).scores(rows, bounds)
    assert np.array_equal(got, (first + second) / np.float32(2))
    assert np.array_equal(rows, standard)  # they are used up


# Places and running values


def test_places_count_from_the_document_s_ends() -> None:
    places = Places(bounds_of([2, 0, 3]))
    assert places.documents.tolist() == [0, 0, 2, 2, 2]
    assert places.before.tolist() == [0, 1, 0, 1, 2]
    assert places.after.tolist() == [1, 0, 2, 1, 0]


@given(sizes=sizes_lists, padding=st.integers(0, 5), seed=seeds)
def test_running_peaks_are_the_largest_so_far_and_from_here(sizes: list[int], padding: int, seed: int) -> None:
    values = np.random.default_rng(seed).random((sum(sizes) + padding, 1), dtype=np.float32)
    before, after = running_peaks(values, Places(bounds_of(sizes)))
    assert before.shape == after.shape == values.shape
    steps = [round(value * POOL_STEPS) for value in values[:, 0].tolist()]
    for first, last in pairwise(bounds_of(sizes).tolist()):
        for at in range(first, last):
            assert before[at, 0] == max(steps[first : at + 1]) / POOL_STEPS
            assert after[at, 0] == max(steps[at:last]) / POOL_STEPS


def mean_of(steps: list[int]) -> float:
    """The mean of steps of hidden units, in the nearest step of pools."""
    nearest = round(Fraction(sum(steps) * POOL_STEPS, HIDDEN_STEPS * max(len(steps), 1)))
    return min(nearest, POOL_MOST) / POOL_STEPS


@given(
    sizes=sizes_lists, padding=st.integers(0, 5), seed=seeds, most=st.sampled_from([1, 3, 200, HIDDEN_MOST])
)  # fmt: skip
def test_running_means_are_those_up_to_here_after_and_of_all(
    sizes: list[int], padding: int, seed: int, most: int
) -> None:
    steps = np.random.default_rng(seed).integers(0, most + 1, sum(sizes) + padding)
    got = running_means((steps / HIDDEN_STEPS).astype(np.float32)[:, None], Places(bounds_of(sizes)))
    for first, last in pairwise(bounds_of(sizes).tolist()):
        for at in range(first, last):
            stretches = steps[first : at + 1], steps[at + 1 : last], steps[first:last]
            assert [mean[at, 0] for mean in got] == [mean_of(those.tolist()) for those in stretches]


def test_a_mean_is_as_large_as_pools_may_be() -> None:
    values = np.full((3, 1), HIDDEN_MOST / HIDDEN_STEPS, dtype=np.float32)
    before, after, every = running_means(values, Places(bounds_of([3])))
    most = POOL_MOST / POOL_STEPS
    assert [m[:, 0].tolist() for m in (before, after, every)] == [[most] * 3, [most, most, 0], [most] * 3]


def test_a_peak_of_one_does_not_reach_the_next_document() -> None:
    values = np.array([[1.0], [0.0], [0.0], [1.0]], dtype=np.float32)
    before, after = running_peaks(values, Places(bounds_of([2, 2])))
    assert before[:, 0].tolist() == [1, 1, 0, 1]
    assert after[:, 0].tolist() == [1, 0, 1, 1]


# Small parts


def test_a_network_fits_its_own_shapes() -> None:
    assert network(0).fits(INPUTS, KINDS)
    assert len(network(0).layers) == LAYERS
    assert not network(0).fits(INPUTS + 1, KINDS)
    assert not network(0).fits(INPUTS, KINDS - 1)
    assert not DocumentNetwork(()).fits(INPUTS, KINDS)
    assert not DocumentNetwork(network(0).layers[:-1]).fits(INPUTS, KINDS)


@pytest.mark.parametrize("at", range(LAYERS))
def test_a_network_with_one_layer_changed_does_not_fit(at: int) -> None:
    layers = list(network(0).layers)
    layer = layers[at]
    for changed in (
        Layer(layer.weights[:-1], layer.bias),
        Layer(layer.weights, layer.bias[:-1]),
        Layer(layer.weights.T, layer.bias),
        Layer(layer.weights, layer.bias[None]),
    ):
        assert not DocumentNetwork((*layers[:at], changed, *layers[at + 1 :])).fits(INPUTS, KINDS)


@pytest.mark.parametrize("at", range(LAYERS))
@pytest.mark.parametrize("dtype", [np.int8, np.float64, np.uint32])
def test_a_network_of_other_numbers_than_float32_does_not_fit(at: int, dtype: type) -> None:
    layers = list(network(0).layers)
    layer = layers[at]
    for changed in (Layer(layer.weights.astype(dtype), layer.bias), Layer(layer.weights, layer.bias.astype(dtype))):
        assert not DocumentNetwork((*layers[:at], changed, *layers[at + 1 :])).fits(INPUTS, KINDS)


@pytest.mark.parametrize(("hidden", "pool", "fits"), [(1, 1, True), (0, 3, False), (8, 0, False), (0, 0, False)])
def test_a_network_without_units_does_not_fit(hidden: int, pool: int, fits: bool) -> None:
    shapes = layer_shapes(INPUTS, KINDS, hidden, pool)
    layers = tuple(Layer(np.zeros(shape, dtype=np.float32), np.zeros(shape[1], dtype=np.float32)) for shape in shapes)
    assert DocumentNetwork(layers).fits(INPUTS, KINDS) is fits


def test_an_ensemble_fits_with_the_numbers_of_its_inputs() -> None:
    ones = np.ones(INPUTS, dtype=np.float32)
    assert Ensemble.none().fits(INPUTS, KINDS)
    assert Ensemble(ones, ones, tuple(NETWORKS)).fits(INPUTS, KINDS)
    for mean, factor in ((ones[:-1], ones), (ones, ones[:-1]), (ones[None], ones), (ones, ones.astype(np.int8))):
        assert not Ensemble(mean, factor, tuple(NETWORKS)).fits(INPUTS, KINDS)
    assert not Ensemble(ones, ones, (*NETWORKS, DocumentNetwork(()))).fits(INPUTS, KINDS)


@pytest.mark.parametrize(("number", "full"), [(0, 0), (1, BLOCK), (BLOCK, BLOCK), (BLOCK + 1, 2 * BLOCK)])
def test_products_come_in_whole_blocks_with_those_of_zeros_at_the_end(number: int, full: int) -> None:
    got = networks._products(np.ones((number, 3), dtype=np.float32), np.ones((3, 2), dtype=np.float32))
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
    (1.5 / HIDDEN_STEPS, 2), (2.5 / HIDDEN_STEPS, 2), (15.98, HIDDEN_MOST), (1e30, HIDDEN_MOST),
]  # fmt: skip


@pytest.mark.parametrize(("value", "steps"), RECTIFIED)
def test_hidden_units_stand_on_their_grid(value: float, steps: int) -> None:
    values = np.full((BLOCK, 2), value, dtype=np.float32)
    rectify(values, np.array([0, 1], dtype=np.float32))
    assert (values[:, 0] == steps / HIDDEN_STEPS).all()
    assert (values[:, 1] >= values[:, 0]).all()
    hidden = np.ones((BLOCK, 2), dtype=np.float32)
    add(values, hidden)
    assert (hidden[:, 0] == min(HIDDEN_STEPS + steps, HIDDEN_MOST) / HIDDEN_STEPS).all()


STANDARDIZED = [
    (3.0, 0), (4.0, INPUT_STEPS / 2), (3.01, 0), (3.1, 2), (2.9, -2), (1e6, INPUT_MOST), (-1e6, -INPUT_MOST),
    (1e36, INPUT_MOST), (-1e36, -INPUT_MOST), (1e-38, -48),
]  # fmt: skip


@pytest.mark.parametrize(("value", "steps"), STANDARDIZED)
def test_inputs_stand_on_their_grid(value: float, steps: int) -> None:
    rows = np.full((2, 1), value, dtype=np.float32)
    standardize(rows, np.array([3], dtype=np.float32), np.array([0.5], dtype=np.float32))
    assert rows[:, 0].tolist() == [steps / INPUT_STEPS] * 2
