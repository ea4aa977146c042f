"""Fitting a network: which documents it learns from, and what it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bounds import bounds_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.fit import network as fitting
from detector.fit.config import FitConfig
from detector.fit.network import Sequences, fit_network
from detector.inference.network import DocumentNetwork, layer_shapes, mean_logits
from detector.inference.quantization import standardize

INPUTS, KINDS = 4, 3
KIND_LABELS = np.array([0, 1, 1])
SMALL = FitConfig(hidden=8, pools=4, network_epochs=40, batch_rows=300, min_steps=1, learning_rate=1e-2, dropout=0)


def standard(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    """The rows as networks take them: standardized."""
    standardized = rows.astype(np.float32)
    standardize(standardized, np.zeros(INPUTS, dtype=np.float32), np.ones(INPUTS, dtype=np.float32))
    return standardized


# Batches


@given(
    sizes=st.lists(st.integers(0, 60), min_size=1, max_size=25),
    left_out=st.integers(0, 3),
    most=st.integers(1, 100),
    seed=st.integers(0, 99),
)
def test_an_epoch_contains_every_document_once(sizes: list[int], left_out: int, most: int, seed: int) -> None:
    documents = np.arange(len(sizes))[left_out:]
    data = data_of(sizes)
    found = list(fitting.document_batches(data, documents, most, np.random.default_rng(seed)))
    assert sorted(np.concatenate(found).tolist()) == documents.tolist()
    for batch in found:
        rows = np.diff(data.bounds)[batch]
        assert rows[1:].sum() < most  # except for the first document, which may be larger
    assert len(found) <= 1 + np.diff(data.bounds)[documents].sum() // most


def data_of(sizes: list[int], seed: int = 0) -> Sequences:
    """Documents of random rows; the first number of a row decides its kind."""
    random = np.random.default_rng(seed)
    rows = standard(random.normal(size=(sum(sizes), INPUTS)))
    kind = np.digitize(rows[:, 0], [-0.4, 0.4]).astype(np.int64)
    return Sequences(rows, kind, KIND_LABELS[kind], np.ones(len(rows), dtype=np.float32), bounds_of(sizes), KIND_LABELS)


def test_a_part_has_the_documents_in_the_order_given() -> None:
    data = data_of([2, 0, 3, 1])
    part = fitting.select(data, np.array([3, 1, 0]))
    assert part.bounds.tolist() == [0, 1, 1, 3]
    assert np.array_equal(part.rows, data.rows[[5, 0, 1]])
    assert np.array_equal(part.kind, data.kind[[5, 0, 1]])


def steps_of(sizes: list[int], config: FitConfig, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The learning rate of each step of a fit to documents of those sizes."""
    rates: list[float] = []
    monkeypatch.setattr(fitting.Adam, "step", lambda _, __, ___, rate: rates.append(rate))
    fit_network(data_of(sizes), np.arange(len(sizes)), config, 0)
    return rates


@pytest.mark.parametrize("sizes", [[1] * 100, [3] * 50, [1, 2, 3, 4] * 25, [0, 5, 1] * 40], ids=len)
@pytest.mark.parametrize(("epochs", "least"), [(1, 1), (1, 10), (3, 50), (4, 90), (7, 140)])
def test_small_data_gets_the_minimum_number_of_steps(
    sizes: list[int], epochs: int, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(SMALL, network_epochs=epochs, batch_rows=100_000, min_steps=least)
    steps = steps_of(sizes, config, monkeypatch)
    assert least <= len(steps) <= least + 2 * epochs + least // 2  # and not many more
    assert max(steps) == pytest.approx(config.learning_rate, rel=0.2) or len(steps) < 10
    assert steps[-1] < 0.1 * config.learning_rate or len(steps) < 10


def test_a_step_has_at_least_one_document_and_otherwise_the_configured_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    many = replace(SMALL, network_epochs=2, batch_rows=100, min_steps=1000)
    assert len(steps_of([50] * 20, many, monkeypatch)) == 2 * 20
    few = replace(many, min_steps=1)
    assert len(steps_of([50] * 20, few, monkeypatch)) == 2 * 11  # the first document alone, then two at a time


# What is learnt


def share_right(network: DocumentNetwork, data: Sequences, where: NDArray[np.bool_] | None = None) -> float:
    right = mean_logits([network], data.rows, data.bounds).argmax(axis=1) == data.kind
    return float(right[where if where is not None else data.label_weight > 0].mean())


def every(data: Sequences) -> NDArray[np.int64]:
    return np.arange(len(data.bounds) - 1)


def same(left: DocumentNetwork, right: DocumentNetwork) -> bool:
    pairs = zip(left.layers, right.layers, strict=True)
    return all(a.weights.tobytes() == b.weights.tobytes() and a.bias.tobytes() == b.bias.tobytes() for a, b in pairs)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_bytes_are_the_same_for_the_same_seed_only(dropout: float) -> None:
    data, config = data_of([8] * 20), replace(SMALL, network_epochs=3, dropout=dropout)
    first, again, other = (fit_network(data, every(data), config, seed) for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)
    assert first.fits(INPUTS, KINDS)
    assert same(first, DocumentNetwork.quantized(first.layers))  # it is quantized


def test_a_kind_that_the_row_itself_shows_is_learnt() -> None:
    network = fit_network(data_of([10] * 60), np.arange(60), replace(SMALL, network_epochs=60), 0)
    assert share_right(network, data_of([10] * 30, seed=1)) > 0.9


LENGTH, MARKED = 40, 12


def marked(number: int, seed: int) -> Sequences:
    """Documents of which half have a marker among their first `MARKED` rows; from it on, rows are of kind 1."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(number, LENGTH, INPUTS))
    rows[:, :, 0] = 0
    kind = np.zeros((number, LENGTH), dtype=np.int64)
    for document in range(0, number, 2):
        at = int(random.integers(MARKED))
        rows[document, at, 0] = 3
        kind[document, at:] = 1
    flat = kind.ravel()
    return Sequences(
        standard(rows.reshape(-1, INPUTS)),
        flat,
        flat,
        np.ones(len(flat), "f4"),
        bounds_of([LENGTH] * number),
        np.arange(2),
    )


def test_a_dependence_on_distant_earlier_rows_is_learnt() -> None:
    network = fit_network(marked(80, 0), np.arange(80), SMALL, 0)
    data = marked(40, 1)
    far = np.tile(np.arange(LENGTH) >= 30, 40)  # beyond what the convolutions see of the marker
    assert data.kind[far].mean() == 0.5  # so a row by itself tells nothing
    assert share_right(network, data, far) > 0.95
    assert share_right(network, data) > 0.95


def test_only_the_chosen_documents_are_learnt_from() -> None:
    data, chosen = data_of([8] * 20), np.arange(0, 20, 2)
    rows, left_out = data.rows.copy(), np.repeat(np.arange(20) % 2 == 1, 8)
    rows[left_out] = 1e9
    config = replace(SMALL, network_epochs=3)
    assert same(fit_network(data, chosen, config, 0), fit_network(replace(data, rows=rows), chosen, config, 0))


def test_the_kind_of_paragraphs_without_weight_does_not_matter() -> None:
    data = data_of([8] * 20)
    unknown = np.repeat(np.arange(20) % 4 == 0, 8)  # whole documents
    unknown[::9] = True
    label_weight = np.where(unknown, 0, data.label_weight).astype(np.float32)
    config = replace(SMALL, network_epochs=3, batch_rows=30, dropout=0.2)
    first, second = (
        fit_network(
            replace(data, label_weight=label_weight, kind=np.where(unknown, kind, data.kind)), every(data), config, 0
        )
        for kind in (-1, 2)
    )
    assert same(first, second)


def test_documents_without_labels_leave_the_weights_unchanged() -> None:
    data = data_of([8] * 5)
    unknown = replace(data, label_weight=np.zeros_like(data.label_weight), kind=np.full_like(data.kind, -1))
    network = fit_network(unknown, every(data), replace(SMALL, network_epochs=2), 0)
    untouched = fitting._initial_layers(INPUTS, KINDS, SMALL, np.random.default_rng(0))
    assert same(network, DocumentNetwork.quantized(untouched))


@pytest.mark.parametrize("sizes", [[50, 3, 40, 0, 7], [400], [0, 0, 5], [1], [3, 3, 5, 6, 7]])
@pytest.mark.parametrize("batch_rows", [1, 10, 1000])
def test_documents_of_any_size_in_steps_of_any_size(sizes: list[int], batch_rows: int) -> None:
    data, config = data_of(sizes), replace(SMALL, network_epochs=2, batch_rows=batch_rows, dropout=0.2)
    network = fit_network(data, every(data), config, 0)
    assert all(np.isfinite(layer.weights).all() and np.isfinite(layer.bias).all() for layer in network.layers)


def test_the_initial_layers_have_the_configured_sizes() -> None:
    layers = fitting._initial_layers(INPUTS, KINDS, SMALL, np.random.default_rng(0))
    assert [layer.weights.shape for layer in layers] == layer_shapes(INPUTS, KINDS, SMALL.hidden, SMALL.pools)
    for layer in layers:
        reach = 1 / np.sqrt(len(layer.weights))
        assert 0.5 * reach < np.abs(layer.weights).max() <= reach
        assert np.abs(layer.bias).max() <= reach
