"""The network that reads documents: its parts, and the same bits alone and in every batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from bounds import bounds_of
from hypothesis import given
from hypothesis import strategies as st
from random_models import random_network

from detector.inference.layers import BLOCK, Layer
from detector.inference.network import LAYERS, DocumentNetwork, Ensemble, layer_shapes, mean_logits
from detector.inference.quantization import INPUT_STEPS, standardize
from detector.util.arrays import Floats

INPUTS, KINDS, HIDDEN, POOL = 6, 4, 8, 3


def network(seed: int) -> DocumentNetwork:
    return random_network(INPUTS, KINDS, HIDDEN, POOL, np.random.default_rng(seed))


NETWORKS = [network(1), network(2)]


def scores_of(rows: Floats, sizes: Sequence[int], networks: Sequence[DocumentNetwork] = NETWORKS) -> Floats:
    return mean_logits(networks, rows, bounds_of(sizes))


def rows_of(number: int, seed: int = 0, columns: int = INPUTS) -> Floats:
    """Random rows as a network takes them."""
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
    whole = scores_of(rows, sizes)
    assert whole.shape == (len(rows), KINDS)
    assert whole.dtype == np.float32
    for size, (first, last) in zip(sizes, pairwise(bounds), strict=True):
        assert np.array_equal(whole[first:last], scores_of(rows[first:last], [size]))


@given(sizes=sizes_lists, cut=st.integers(0, 8), seed=seeds)
def test_batches_may_be_split_anywhere_between_documents(sizes: list[int], cut: int, seed: int) -> None:
    sizes = [5, *sizes[:cut], 0, *sizes[cut:], 3]
    rows, at = rows_of(sum(sizes), seed), 1 + min(cut, len(sizes) - 3)
    first = sum(sizes[:at])
    halves = scores_of(rows[:first], sizes[:at]), scores_of(rows[first:], sizes[at:])
    assert np.array_equal(scores_of(rows, sizes), np.concatenate(halves))


@pytest.mark.parametrize("sizes", [[], [0], [0, 0, 0]])
def test_no_paragraphs(sizes: list[int]) -> None:
    assert scores_of(np.zeros((0, INPUTS), dtype=np.float32), sizes).shape == (0, KINDS)


def test_empty_documents_change_nothing() -> None:
    rows = rows_of(11)
    expected = scores_of(rows, [7, 4])
    assert np.array_equal(scores_of(rows, [0, 7, 0, 0, 4, 0]), expected)


def test_a_document_does_not_depend_on_the_next_one() -> None:
    rows = rows_of(18)
    apart, joined = (scores_of(rows, sizes) for sizes in ([9, 9], [18]))
    assert not np.array_equal(apart, joined)
    changed = rows.copy()
    changed[9:] += 1
    assert np.array_equal(scores_of(changed, [9, 9])[:9], apart[:9])


def test_a_paragraph_is_seen_from_the_other_end_of_a_long_document() -> None:
    rows = rows_of(200)
    changed = rows.copy()
    changed[0] += 3
    before, after = (scores_of(r, [200]) for r in (rows, changed))
    assert not np.array_equal(before[199], after[199])


@given(sizes=sizes_lists, seed=seeds)
def test_an_ensemble_is_the_mean_of_its_members_for_standardized_rows(sizes: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = (100 * random.normal(size=(sum(sizes), INPUTS))).astype(np.float32)
    mean, factor = (random.normal(size=INPUTS).astype(np.float32) for _ in range(2))
    standard = rows.copy()
    standardize(standard, mean, factor)
    first, second = (scores_of(standard, sizes, [member]) for member in NETWORKS)
    got = Ensemble(mean, factor, tuple(NETWORKS)).logits(rows, bounds_of(sizes))
    assert np.array_equal(got, (first + second) / np.float32(2))
    assert np.array_equal(rows, standard)  # the rows are overwritten


# Whether the parts of a network fit


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
