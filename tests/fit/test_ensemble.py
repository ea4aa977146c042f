"""Standardized inputs for the networks, and which documents they are fitted to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from joblib import Parallel
from labelled import document, paragraph
from numpy.typing import NDArray

from detector.evaluation.labelled import LabelledDocument
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.fit import ensemble
from detector.fit.config import FitConfig
from detector.fit.data import TrainingData, training_data
from detector.fit.ensemble import _mean_and_factor, context_rows, fit_networks
from detector.fit.origins import LINES
from detector.inference.quantization import INPUT_STEPS, standardize

OTHERS = 6  # columns that are not word vectors
INPUTS = OTHERS + DIMENSIONS


def rows_of_many_scales() -> NDArray[np.float32]:
    random = np.random.default_rng(0)
    others = random.normal(size=(400, OTHERS)) * [1, 10, 1000, 0.1, 0, 1] + [0, 5, -2000, 1, 7, 0]
    embeddings = random.normal(size=(400, DIMENSIONS)) * np.linspace(40, 4, DIMENSIONS) + 3
    return np.hstack([others, embeddings]).astype(np.float32)


def test_columns_are_scaled_by_the_labelled_rows() -> None:
    rows = rows_of_many_scales()
    known = np.arange(len(rows)) % 3 > 0
    rows[~known, 0] += 10
    before = rows.astype(np.float64)
    mean, factor = _mean_and_factor(rows, known)
    assert mean.dtype == np.float32
    assert factor.dtype == np.float32
    assert np.array_equal(rows, before)
    assert mean == pytest.approx(before[known].mean(axis=0), abs=1e-3)
    standardize(rows, mean, factor)
    assert rows[known].mean(axis=0) == pytest.approx(np.zeros(INPUTS), abs=1e-2)
    assert rows[known, :OTHERS].std(axis=0) == pytest.approx([1, 1, 1, 1, 0, 1], abs=1e-2)  # the fifth never changes
    assert rows[~known, 0].mean() > 8
    assert rows == pytest.approx((before - mean) * factor, abs=0.51 / INPUT_STEPS)


def test_the_dimensions_of_word_vectors_keep_their_relative_scales() -> None:
    rows = rows_of_many_scales()
    mean, factor = _mean_and_factor(rows, np.ones(len(rows), dtype=np.bool_))
    assert len(set(factor[OTHERS:].tolist())) == 1
    assert ((rows[:, OTHERS:].std(axis=0) * factor[OTHERS:]) ** 2).mean() == pytest.approx(1, rel=1e-3)
    standardize(rows, mean, factor)
    assert (rows[:, OTHERS:].std(axis=0) ** 2).mean() == pytest.approx(1, rel=1e-2)


def test_without_word_vectors_their_columns_stay_zero() -> None:
    rows = rows_of_many_scales()
    rows[:, OTHERS:] = 0
    standardize(rows, *_mean_and_factor(rows, np.ones(len(rows), dtype=np.bool_)))
    assert not rows[:, OTHERS:].any()


def test_a_nearly_constant_column_does_not_dominate() -> None:
    rows = rows_of_many_scales()
    rows[:, 0] = 1 + 1e-6 * (np.arange(len(rows)) % 2)
    _, factor = _mean_and_factor(rows, np.ones(len(rows), dtype=np.bool_))
    assert factor[0] == pytest.approx(1000)


# Documents of single lines

QUICK = FitConfig(
    folds=2, network_epochs=2, batch_rows=20, min_steps=1, hidden=4, pools=2, networks=(0, 1), learning_rate=1e-2
)


def corpus() -> TrainingData:
    texts = [paragraph("The council said so."), paragraph("Give now!", "appeal"), paragraph("The ferry sails.")]
    single = [paragraph("Give now!", "appeal"), paragraph("More on this", "appeal"), paragraph("A quote.")]
    documents = [
        document(f"doc-{n}", *(single if n < 4 else texts), origin=LINES if n < 4 else None) for n in range(12)
    ]
    return training_data(documents, QUICK, WordVectors.none())


def fitted(
    data: TrainingData, teachers: Sequence[NDArray[np.float32]] = ()
) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
    """The weights of the networks, and the out-of-fold logits."""
    logits = np.random.default_rng(0).normal(size=(len(data.kind), len(data.kinds))).astype(np.float32)
    networks, out_of_fold = fit_networks(data, QUICK, context_rows(data, logits), lambda _: None, teachers)
    return [layer.weights for member in networks.members for layer in member.layers], out_of_fold


def relabelled(data: TrainingData, of: Callable[[LabelledDocument], bool]) -> TrainingData:
    """The data with the other label in some documents."""
    rows = np.repeat([of(d) for d in data.documents], np.diff(data.bounds))
    return replace(
        data, kind=np.where(rows, 1 - data.kind, data.kind), label=np.where(rows, 1 - data.label, data.label)
    )


def test_networks_are_not_fitted_to_documents_of_single_lines() -> None:
    data = corpus()
    weights, logits = fitted(data)
    others, other_logits = fitted(relabelled(data, lambda d: d.origin == LINES))
    assert all(np.array_equal(one, two) for one, two in zip(weights, others, strict=True))
    assert np.array_equal(logits, other_logits)
    others, other_logits = fitted(relabelled(data, lambda d: d.id == "doc-7"))
    assert not all(np.array_equal(one, two) for one, two in zip(weights, others, strict=True))
    assert not np.array_equal(logits, other_logits)


@pytest.mark.slow
def test_processes_fit_the_same_networks_as_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []

    def parallel(n_jobs: int, prefer: str) -> Parallel:
        used.append(prefer)
        return Parallel(n_jobs=n_jobs, prefer=prefer, max_nbytes=1)  # every array is a file in memory, read-only

    monkeypatch.setattr(ensemble, "Parallel", parallel)
    data = corpus()
    weights, logits = fitted(data)
    monkeypatch.setattr(ensemble, "_LARGE", 0)
    others, other_logits = fitted(data)
    assert used == ["threads", "processes"]
    assert all(np.array_equal(one, two) for one, two in zip(weights, others, strict=True))
    assert np.array_equal(logits, other_logits)


@pytest.mark.parametrize(("more", "prefer"), [(0, "threads"), (-1, "processes")])
def test_processes_are_for_large_data(more: int, prefer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They need seconds to start."""
    data = corpus()
    rows = context_rows(data, np.zeros((len(data.kind), len(data.kinds)), dtype=np.float32))
    monkeypatch.setattr(ensemble, "_LARGE", rows.nbytes + more)
    used = []

    def parallel(n_jobs: int, prefer: str) -> Parallel:
        used.append(prefer)
        return Parallel(n_jobs=1)

    monkeypatch.setattr(ensemble, "Parallel", parallel)
    fit_networks(data, QUICK, rows, lambda _: None)
    assert used == [prefer]


def test_every_paragraph_has_out_of_fold_logits() -> None:
    assert fitted(corpus())[1].any(axis=1).all()


@pytest.mark.parametrize("fold", [0, 1])
def test_networks_do_not_see_the_fold_that_they_judge(fold: int) -> None:
    data = corpus()
    of_fold = {d.id for d, first in zip(data.documents, data.bounds[:-1], strict=True) if data.fold[first] == fold}
    _, logits = fitted(data)
    _, others = fitted(relabelled(data, lambda d: d.id in of_fold))
    assert np.array_equal(logits[data.fold == fold], others[data.fold == fold])
    assert not np.array_equal(logits[data.fold != fold], others[data.fold != fold])


# Teachers


def says(data: TrainingData, kind: int) -> NDArray[np.float32]:
    """A teacher that is sure of one kind everywhere."""
    return np.eye(len(data.kinds), dtype=np.float32)[np.full(len(data.kind), kind)]


def guessed(data: TrainingData) -> TrainingData:
    """The data with labels that nobody has read."""
    documents = [replace(d, paragraphs=tuple(replace(p, by="auto") for p in d.paragraphs)) for d in data.documents]
    return replace(data, documents=documents)


def test_each_fit_has_a_teacher_of_its_own() -> None:
    """Where nobody has read a label, a network learns what its teacher says."""
    data = guessed(corpus())
    _, one = fitted(data, [says(data, 0), says(data, 1), says(data, 0)])
    _, other = fitted(data, [says(data, 1), says(data, 0), says(data, 0)])
    more = (one[:, 0] - one[:, 1]) - (other[:, 0] - other[:, 1])
    assert (more[data.fold == 0] > 0).all()
    assert (more[data.fold == 1] < 0).all()


def test_the_last_teacher_is_that_of_the_model() -> None:
    data = guessed(corpus())
    weights, logits = fitted(data, [says(data, 0), says(data, 0), says(data, 0)])
    others, other_logits = fitted(data, [says(data, 0), says(data, 0), says(data, 1)])
    assert not any(np.array_equal(one, two) for one, two in zip(weights[:2], others[:2], strict=True))
    assert np.array_equal(logits, other_logits)


def test_a_label_that_somebody_read_counts_beside_the_teacher() -> None:
    data = corpus()
    teachers = [says(data, 0)] * 3
    weights, _ = fitted(data, teachers)
    others, _ = fitted(relabelled(data, lambda d: d.origin != LINES), teachers)
    assert not all(np.array_equal(one, two) for one, two in zip(weights, others, strict=True))


def test_a_guessed_label_counts_only_where_there_is_no_teacher() -> None:
    whole, none = guessed(corpus()), guessed(relabelled(corpus(), lambda d: d.origin != LINES))
    for teacher, same in ((says(whole, 0), True), (np.zeros_like(says(whole, 0)), False)):
        weights, others = fitted(whole, [teacher] * 3)[0], fitted(none, [teacher] * 3)[0]
        assert all(np.array_equal(one, two) for one, two in zip(weights, others, strict=True)) == same
