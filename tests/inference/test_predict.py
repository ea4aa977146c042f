"""Prediction returns the same bits in every batch, and every part of a model counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from scoring import scores_of
from texts import text_lists

from detector.features.word_vectors import WordVectors
from detector.inference.model import Model
from detector.inference.network import DocumentNetwork, Ensemble
from detector.inference.scores import Scores
from detector.text.paragraphs import split
from detector.util.arrays import Floats


def same(left: Scores, right: Scores, rows: slice) -> bool:
    return all(np.array_equal(getattr(left, f)[rows], getattr(right, f)) for f in ("labels", "kinds"))


def equals_predictions_one_by_one(model: Model, texts: list[str]) -> bool:
    bounds, whole = split(texts).bounds, scores_of(model, texts)
    return all(
        same(whole, scores_of(model, [text]), slice(bounds[number], bounds[number + 1]))
        for number, text in enumerate(texts)
    )


@settings(max_examples=40)
@given(texts=text_lists)
def test_predictions_are_bit_identical_in_every_batch(texts: list[str], tiny_model: Model) -> None:
    assert equals_predictions_one_by_one(tiny_model, texts)


def test_predictions_of_seeds_are_bit_identical_in_every_batch(seed_texts: list[str], tiny_model: Model) -> None:
    assert equals_predictions_one_by_one(tiny_model, seed_texts)
    assert equals_predictions_one_by_one(tiny_model, seed_texts[::-1])
    beginnings = ["\n".join(text.split("\n")[: 1 + number % 4]) for number, text in enumerate(seed_texts)]
    assert equals_predictions_one_by_one(tiny_model, beginnings)


@pytest.mark.parametrize("texts", [[], [""], ["", "\n"], ["***"], ["", "Hello.", ""]])
def test_texts_without_paragraphs_or_words(texts: list[str], tiny_model: Model) -> None:
    scores, number = scores_of(tiny_model, texts), len(split(texts))
    assert scores.labels.shape == (number, len(tiny_model.labels))
    assert scores.kinds.shape == (number, len(tiny_model.kinds))


def test_probabilities_add_up_to_one(seed_texts: list[str], tiny_model: Model) -> None:
    scores = scores_of(tiny_model, seed_texts)
    assert scores.labels.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert scores.kinds.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert scores.kinds @ tiny_model.membership == pytest.approx(scores.labels, abs=1e-5)


def test_a_model_without_networks_sees_each_paragraph_alone(seed_texts: list[str], tiny_model: Model) -> None:
    plain = replace(tiny_model, networks=Ensemble.none())
    together = scores_of(plain, [seed_texts[0]])
    line_by_line = scores_of(plain, seed_texts[0].split("\n"))
    assert np.array_equal(together.labels, line_by_line.labels)


def test_a_model_with_networks_sees_the_document(seed_texts: list[str], tiny_model: Model) -> None:
    together = scores_of(tiny_model, [seed_texts[0]])
    line_by_line = scores_of(tiny_model, seed_texts[0].split("\n"))
    assert not np.array_equal(together.labels, line_by_line.labels)


def test_every_network_and_the_word_vectors_count(seed_texts: list[str], tiny_model: Model) -> None:
    every = scores_of(tiny_model, seed_texts).labels
    first, second = tiny_model.networks.members

    def labels_by(*members: DocumentNetwork) -> Floats:
        networks = replace(tiny_model.networks, members=members)
        return scores_of(replace(tiny_model, networks=networks), seed_texts).labels

    assert not np.array_equal(labels_by(first), every)
    assert not np.array_equal(labels_by(second), every)
    assert np.array_equal(labels_by(second, first), every)
    without_vectors = replace(tiny_model, vectors=WordVectors.none())
    assert not np.array_equal(scores_of(without_vectors, seed_texts).labels, every)
