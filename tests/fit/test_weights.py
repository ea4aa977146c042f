"""Label weights count in every stage of a fit, and thresholds are chosen on the words of extracted reporting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny import TINY_CONFIG, TINY_VECTORS

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.calibration import fit_calibration
from detector.fit.config import FitConfig
from detector.fit.data import TrainingData, training_data
from detector.fit.linear import fit_linear
from detector.fit.thresholds import choose_thresholds
from detector.inference.calibration import calibrate, softmax
from detector.inference.model import REPORTING

PARAGRAPHS = 40


def contradictory(heavy: str) -> TrainingData:
    """Many sites whose lines have the same features (digits are folded), a reader's label and three guesses each."""
    other = "appeal" if heavy == REPORTING else REPORTING
    paragraphs = (
        LabelledParagraph("Line 0", heavy, None, "read"),
        *(LabelledParagraph(f"Line {number}", other, None, "auto") for number in (1, 2, 3)),
    )
    documents = [
        LabelledDocument(f"{site}", f"{site}", "trafilatura", None, None, paragraphs) for site in range(PARAGRAPHS)
    ]
    return training_data(documents, TINY_CONFIG, TINY_VECTORS)


@pytest.mark.parametrize("heavy", [REPORTING, "appeal"])
def test_the_linear_model_follows_the_heavier_labels(heavy: str) -> None:
    """Three times as many labels contradict them, at a tenth of the weight each."""
    data = contradictory(heavy)
    _, scores = fit_linear(data, TINY_CONFIG, lambda _: None)
    assert {data.labels[label] for label in scores.argmax(axis=1)} == {heavy}


@pytest.mark.parametrize("heavy", [REPORTING, "appeal"])
def test_the_calibration_follows_the_heavier_labels(heavy: str) -> None:
    data = contradictory(heavy)
    logits = np.zeros((len(data.label), 2), dtype=np.float32)
    labels, _ = calibrate(softmax(logits), data.kind_labels, fit_calibration(data, logits))
    right = data.label_weight[data.label == data.labels.index(heavy)].sum()
    assert labels[:, data.labels.index(heavy)] == pytest.approx(right / data.label_weight.sum(), abs=0.01)


def test_the_calibration_ignores_paragraphs_without_a_label() -> None:
    data = contradictory("appeal")
    logits = np.random.default_rng(0).normal(size=(len(data.label), 2)).astype(np.float32)
    unknown = np.where(data.label == 0, -1, data.label)
    unknown[:4] = data.label[:4]
    known = unknown >= 0
    part = replace(data, label=data.label[known], label_weight=data.label_weight[known])
    assert np.allclose(
        fit_calibration(replace(data, label=unknown), logits), fit_calibration(part, logits[known]), atol=1e-3
    )


def thresholds(data: TrainingData, scores: list[float], loss: float) -> float:
    held_out = np.array([[score, 1 - score] for score in scores], dtype=np.float32)
    return choose_thresholds(data, held_out, FitConfig(max_lost_words=(("balanced", loss),)))["balanced"]


def reporting_data(words: list[int], extracted: list[bool], label: list[int]) -> TrainingData:
    number = len(words)
    data = contradictory(REPORTING)
    return (
        replace(data, words=np.array(words), extracted=np.array(extracted), label=np.array(label)) if number else data
    )


def test_thresholds_lose_a_share_of_words_not_of_paragraphs() -> None:
    scores = [0.1, 0.2, 0.3, 0.4]
    even = reporting_data([10] * 4, [True] * 4, [0] * 4)
    assert thresholds(even, scores, 0.25) == pytest.approx(0.2)
    long_last = reporting_data([1, 1, 1, 97], [True] * 4, [0] * 4)
    assert thresholds(long_last, scores, 0.03) == pytest.approx(0.4)
    long_first = reporting_data([97, 1, 1, 1], [True] * 4, [0] * 4)
    assert thresholds(long_first, scores, 0.25) == pytest.approx(0.1)


def test_thresholds_are_chosen_on_extracted_reporting_only() -> None:
    """Not at whole pages, other labels, and paragraphs without a label."""
    scores = [0.1, 0.2, 0.25, 0.3, 0.4]
    data = reporting_data([10] * 5, [False, True, True, True, True], [0, 1, -1, 0, 0])
    assert thresholds(data, scores, 0.0) == pytest.approx(0.3)


def test_without_extracted_texts_thresholds_are_chosen_on_all_reporting() -> None:
    scores = [0.1, 0.2, 0.3, 0.4]
    data = reporting_data([10] * 4, [False] * 4, [1, 0, 0, 0])
    assert thresholds(data, scores, 0.0) == pytest.approx(0.2)


def test_every_name_has_the_threshold_of_its_own_loss() -> None:
    data = reporting_data([10] * 4, [True] * 4, [0] * 4)
    held_out = np.array([[s, 1 - s] for s in (0.1, 0.2, 0.3, 0.4)], dtype=np.float32)
    config = FitConfig(max_lost_words=(("gentle", 0.0), ("balanced", 0.5), ("strict", 0.75)))
    assert choose_thresholds(data, held_out, config) == pytest.approx({"gentle": 0.1, "balanced": 0.3, "strict": 0.4})
