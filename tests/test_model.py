"""Prediction is exact: the same numbers as a slow loop, and the same bits in every batch."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from texts import text_lists

from detector.features import BUCKETS, Ngrams
from detector.model import LinearStep, Model, Scores, calibrated, label_logs, label_sums, softmax
from detector.network import DocumentNetwork, Ensemble
from detector.paragraphs import split
from detector.vectors import WordVectors

Floats = NDArray[np.float32]


def linear_step(kinds: int, seed: int) -> LinearStep:
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, (BUCKETS, kinds)).astype(np.int8)
    weights[: BUCKETS // 8] = random.choice([-127, 127])  # lanes at their fullest
    return LinearStep(
        weights, random.uniform(1e-4, 1e-2, kinds).astype(np.float32), random.normal(size=kinds).astype(np.float32)
    )


STEPS = {kinds: linear_step(kinds, kinds) for kinds in (1, 2, 3, 5, 6, 10, 17, 21)}


def group(counts: list[int], columns: int, random: np.random.Generator) -> Ngrams:
    buckets = random.integers(0, BUCKETS if random.integers(2) else BUCKETS // 8, (sum(counts), columns))
    return Ngrams(buckets.astype(np.int64), np.concatenate(([0], np.cumsum(counts))).astype(np.int64))


def slow_scores(step: LinearStep, groups: tuple[Ngrams, ...]) -> list[list[float]]:
    rows = []
    for paragraph in range(len(groups[0].bounds) - 1):
        found = [
            int(bucket) for g in groups for bucket in g.buckets[g.bounds[paragraph] : g.bounds[paragraph + 1]].ravel()
        ]
        norm = math.sqrt(max(len(found), 1))
        rows.append([
            float(np.float32(
                sum(int(step.weights[bucket, kind]) for bucket in found) * float(step.scale[kind]) / norm
                + float(step.bias[kind])
            ))
            for kind in range(len(step.scale))
        ])  # fmt: skip
    return rows


@given(
    kinds=st.sampled_from(sorted(STEPS)),
    counts=st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=2), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
)
def test_linear_scores_agree_with_a_plain_sum(kinds: int, counts: list[list[int]], seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = tuple(group([row[n] for row in counts], columns, random) for n, columns in ((0, 2), (1, 6)))
    got = STEPS[kinds].scores(groups)
    assert got.dtype == np.float32
    assert got.tolist() == slow_scores(STEPS[kinds], groups)


@pytest.mark.parametrize("number", [1, 15, 16, 17, 31, 32, 33, 160, 5000])
@pytest.mark.parametrize("weight", [-127, 127])
def test_the_largest_weights_do_not_run_into_each_other(number: int, weight: int) -> None:
    step = LinearStep(
        np.full((BUCKETS, 7), weight, dtype=np.int8), np.ones(7, dtype=np.float32), np.zeros(7, dtype=np.float32)
    )
    scores = step.scores((group([number, 0, number], 1, np.random.default_rng(0)),))
    expected = np.float32(weight * number / math.sqrt(number))
    assert scores.tolist() == [[expected] * 7, [0.0] * 7, [expected] * 7]


def test_linear_scores_of_no_paragraphs() -> None:
    assert STEPS[3].scores((group([], 2, np.random.default_rng(0)),)).shape == (0, 3)


# Probabilities

logit_rows = st.lists(st.lists(st.floats(-80, 80, width=32), min_size=5, max_size=5), min_size=1, max_size=6)
KIND_LABELS = (0, 0, 1, 2, 2)
MEMBERSHIP = np.eye(3, dtype=np.float32)[list(KIND_LABELS)]


@given(logit_rows)
def test_softmax(logits: list[list[float]]) -> None:
    got = softmax(np.array(logits, dtype=np.float32))
    for row, values in zip(got.tolist(), logits, strict=True):
        powers = [math.exp(value - max(values)) for value in values]
        assert row == pytest.approx([power / sum(powers) for power in powers], rel=1e-5, abs=1e-9)


def test_softmax_of_nothing_and_of_large_numbers() -> None:
    assert softmax(np.empty((0, 3), dtype=np.float32)).shape == (0, 3)
    assert softmax(np.array([[1e30, -1e30, 0]], dtype=np.float32)).tolist() == [[1, 0, 0]]


@given(logit_rows)
def test_calibration_gives_probabilities_and_keeps_proportions_within_a_label(logits: list[list[float]]) -> None:
    kinds = softmax(np.array(logits, dtype=np.float32))
    calibration = np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32)
    labels, calibrated_kinds = calibrated(kinds, KIND_LABELS, calibration)
    assert labels.sum(axis=1) == pytest.approx(1, abs=1e-5)
    certain = (kinds @ MEMBERSHIP).min(axis=1) > 1e-6
    assert (calibrated_kinds @ MEMBERSHIP)[certain] == pytest.approx(labels[certain], abs=1e-4)
    left, right = kinds[:, 0] * calibrated_kinds[:, 1], kinds[:, 1] * calibrated_kinds[:, 0]
    assert left == pytest.approx(right, rel=1e-3, abs=1e-6)


def test_calibration_by_the_identity_changes_nothing() -> None:
    kinds = softmax(np.random.default_rng(0).normal(size=(50, 5)).astype(np.float32))
    labels, same = calibrated(kinds, KIND_LABELS, np.eye(4, 3, dtype=np.float32))
    assert labels == pytest.approx(kinds @ MEMBERSHIP, rel=1e-4)
    assert same == pytest.approx(kinds, rel=1e-4)


@given(logit_rows)
def test_sums_of_labels_are_those_of_their_kinds_in_order(logits: list[list[float]]) -> None:
    kinds = softmax(np.array(logits, dtype=np.float32))
    sums = label_sums(kinds, KIND_LABELS, 4)
    assert sums.dtype == np.float32
    assert sums.tolist() == [[float(row[0] + row[1]), float(row[2]), float(row[3] + row[4]), 0] for row in kinds]
    assert label_sums(kinds[:0], KIND_LABELS, 3).shape == (0, 3)


def test_logarithms_of_labels_have_a_lowest() -> None:
    logs = label_logs(np.array([[1, 0.5, 1e-6, 1e-7, 0]], dtype=np.float32))
    lowest = math.log(1e-6)
    assert logs[0] == pytest.approx([0, math.log(0.5), lowest, lowest, lowest], rel=1e-6)
    assert logs.dtype == np.float32


@pytest.mark.parametrize("kinds", [2, 3, 9, 17, 21])
@pytest.mark.parametrize("number", [2, 7, 33, 300])
def test_calibrated_rows_are_the_same_alone_and_in_every_batch(kinds: int, number: int) -> None:
    random = np.random.default_rng(kinds * number)
    members = tuple(kind % 2 for kind in range(kinds))
    calibration = random.normal(size=(3, 2)).astype(np.float32)
    logits = (4 * random.normal(size=(number, kinds))).astype(np.float32)
    whole = calibrated(softmax(logits), members, calibration)
    for at in range(number):
        alone = calibrated(softmax(logits[at : at + 1]), members, calibration)
        assert np.array_equal(whole[0][at], alone[0][0])
        assert np.array_equal(whole[1][at], alone[1][0])


# Whole predictions


def same(left: Scores, right: Scores, rows: slice) -> bool:
    return all(np.array_equal(getattr(left, f)[rows], getattr(right, f)) for f in ("labels", "kinds", "words"))


def agrees_with_each_alone(model: Model, texts: list[str]) -> bool:
    batch = split(texts)
    whole = model.predict(batch)
    return all(
        same(whole, model.predict(split([text])), slice(batch.bounds[number], batch.bounds[number + 1]))
        for number, text in enumerate(texts)
    )


@settings(max_examples=40)
@given(texts=text_lists)
def test_predictions_are_bit_identical_in_every_batch(texts: list[str], tiny_model: Model) -> None:
    assert agrees_with_each_alone(tiny_model, texts)


def test_predictions_of_seeds_are_bit_identical_in_every_batch(seed_texts: list[str], tiny_model: Model) -> None:
    assert agrees_with_each_alone(tiny_model, seed_texts)
    assert agrees_with_each_alone(tiny_model, seed_texts[::-1])
    beginnings = ["\n".join(text.split("\n")[: 1 + number % 4]) for number, text in enumerate(seed_texts)]
    assert agrees_with_each_alone(tiny_model, beginnings)


@pytest.mark.parametrize("texts", [[], [""], ["", "\n"], ["***"], ["", "Hello.", ""]])
def test_texts_without_paragraphs_or_words(texts: list[str], tiny_model: Model) -> None:
    batch = split(texts)
    scores = tiny_model.predict(batch)
    assert scores.labels.shape == (len(batch), len(tiny_model.labels))
    assert scores.kinds.shape == (len(batch), len(tiny_model.kinds))
    assert scores.words.shape == (len(batch),)


def test_probabilities_add_up_to_one(seed_texts: list[str], tiny_model: Model) -> None:
    scores = tiny_model.predict(split(seed_texts))
    assert scores.labels.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert scores.kinds.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert scores.kinds @ tiny_model.membership == pytest.approx(scores.labels, abs=1e-5)


def test_a_model_without_networks_sees_each_paragraph_alone(seed_texts: list[str], tiny_model: Model) -> None:
    plain = replace(tiny_model, networks=Ensemble.none())
    together = plain.predict(split([seed_texts[0]]))
    line_by_line = plain.predict(split(seed_texts[0].split("\n")))
    assert np.array_equal(together.labels, line_by_line.labels)


def test_a_model_with_networks_sees_the_document(seed_texts: list[str], tiny_model: Model) -> None:
    together = tiny_model.predict(split([seed_texts[0]]))
    line_by_line = tiny_model.predict(split(seed_texts[0].split("\n")))
    assert not np.array_equal(together.labels, line_by_line.labels)


def test_every_network_and_the_word_vectors_count(seed_texts: list[str], tiny_model: Model) -> None:
    batch = split(seed_texts)
    every = tiny_model.predict(batch).labels
    first, second = tiny_model.networks.members

    def labels_by(*members: DocumentNetwork) -> Floats:
        return replace(tiny_model, networks=replace(tiny_model.networks, members=members)).predict(batch).labels

    assert not np.array_equal(labels_by(first), every)
    assert not np.array_equal(labels_by(second), every)
    assert np.array_equal(labels_by(second, first), every)
    assert not np.array_equal(replace(tiny_model, vectors=WordVectors.none()).predict(batch).labels, every)
