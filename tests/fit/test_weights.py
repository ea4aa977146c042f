"""Label weights count in every stage of a fit, and thresholds are chosen on the words of extracted reporting."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from tiny import TINY_CONFIG, TINY_VECTORS

from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.calibration import fit_calibration
from detector.fit.config import FitConfig
from detector.fit.data import TrainingData, training_data
from detector.fit.fit import fit
from detector.fit.linear import fit_linear
from detector.fit.origins import CLEAN, LINES, PAGE, SEED
from detector.fit.thresholds import choose_thresholds
from detector.inference.calibration import calibrate, softmax
from detector.inference.model import REPORTING

P = LabelledParagraph
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
    part = replace(
        data, label=data.label[known], label_weight=data.label_weight[known],
        documents=data.documents[:1], bounds=np.array([0, known.sum()]),
    )  # fmt: skip
    assert np.allclose(
        fit_calibration(replace(data, label=unknown), logits), fit_calibration(part, logits[known]), atol=1e-3
    )


def with_single_lines(*labels: str) -> TrainingData:
    """Twenty documents of two labels each, and twenty of single lines with the given ones."""
    texts = [P("The ferry sails.", REPORTING), P("Home", "navigation")]
    lines = [P(f"Line {label}", label) for label in labels]
    both = ((None, texts), (LINES, lines))
    documents = [
        LabelledDocument(f"{origin}-{n}", f"{origin}-{n}", origin, None, None, tuple(paragraphs))
        for n in range(20)
        for origin, paragraphs in both
    ]
    return training_data(documents, FitConfig(folds=2), TINY_VECTORS)


def test_the_calibration_ignores_documents_of_single_lines() -> None:
    """The networks are not fitted to them, so their scores are no evidence of how good scores are."""
    data = with_single_lines(REPORTING, "navigation", "navigation")
    single = np.repeat([d.origin == LINES for d in data.documents], np.diff(data.bounds))
    logits = np.random.default_rng(0).normal(size=(len(data.label), 2)).astype(np.float32)
    fitted = fit_calibration(data, logits)
    texts = [d for d in data.documents if d.origin != LINES]
    alone = training_data(texts, FitConfig(folds=2), TINY_VECTORS)
    assert np.array_equal(fitted, fit_calibration(alone, logits[~single]))
    for rows, same in ((single, True), (~single, False)):
        changed = replace(data, label=np.where(rows, 1 - data.label, data.label))
        assert np.array_equal(fit_calibration(changed, logits), fitted) == same
        assert np.array_equal(fit_calibration(data, np.where(rows[:, None], -logits, logits)), fitted) == same


@pytest.mark.xfail(strict=True, reason="the calibration has no column for a label that only single lines have")
def test_a_label_of_single_lines_alone_can_be_calibrated() -> None:
    data = with_single_lines("appeal")
    assert data.labels == (REPORTING, "appeal", "navigation")
    logits = np.random.default_rng(0).normal(size=(len(data.label), 3)).astype(np.float32)
    assert fit_calibration(data, logits).shape == (4, 3)


@pytest.mark.xfail(strict=True, raises=(IndexError, ValueError), reason="no message, but an error of a library")
@pytest.mark.parametrize("labels", [(REPORTING,), (REPORTING, "navigation")])
def test_a_fit_to_a_label_of_single_lines_alone_works_or_says_what_is_missing(labels: tuple[str, ...]) -> None:
    """The lines have another language than the stories, so that they are not inserted."""
    texts = tuple(P(f"The {label}.", label) for label in labels)
    documents = [LabelledDocument(f"doc-{n}", f"site-{n}", None, "en", None, texts) for n in range(8)]
    lines = [LabelledDocument(f"l-{n}", f"lines-{n}", LINES, "de", None, (P("Give!", "appeal"),)) for n in range(4)]
    number = len(labels) + 1
    with suppress(DataError):
        model = fit([*documents, *lines], FitConfig(folds=2, networks=())).model
        assert model.calibration.shape == (number + 1, number)


def thresholds(data: TrainingData, scores: list[float], loss: float) -> float:
    held_out = np.array([[score, 1 - score] for score in scores], dtype=np.float32)
    return choose_thresholds(data, held_out, FitConfig(max_lost_words=(("balanced", loss),)))["balanced"]


def reporting_data(words: list[int], extracted: list[bool], label: list[int]) -> TrainingData:
    """One document with a paragraph per number of words."""
    one = LabelledDocument("one", "site", None, None, None, (LabelledParagraph("Line", REPORTING),) * len(words))
    return replace(
        contradictory(REPORTING), documents=[one], bounds=np.array([0, len(words)]),
        words=np.array(words), extracted=np.array(extracted), label=np.array(label),
    )  # fmt: skip


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


# Groups of documents, in each of which a threshold loses at most its share

ENOUGH = 20_000  # words of reporting
Group = tuple[str | None, str | None, int, float]  # language, origin, paragraphs per document, score of its first ones
OFTEN: Group = ("en", "justext", 5, 0.5)


def threshold_of(parts: list[tuple[Group, int]], loss: float = 0.01) -> float:
    """The threshold for one document per group: a fiftieth of its words has the group's score, the rest has 0.9."""
    documents, words, scores = [], [], []
    for number, ((lang, origin, size, score), total) in enumerate(parts):
        paragraphs = (LabelledParagraph("Line", REPORTING),) * size
        documents.append(LabelledDocument(f"doc-{number}", f"site-{number}", origin, lang, None, paragraphs))
        words += [total // 50, *[0] * (size - 2), total - total // 50]
        scores += [score, *[0.9] * (size - 1)]
    data = replace(
        contradictory(REPORTING), documents=documents, words=np.array(words), label=np.zeros(len(words), dtype=int),
        bounds=np.cumsum([0, *(group[2] for group, _ in parts)]),
        extracted=np.repeat([d.origin == "justext" for d in documents], [len(d.paragraphs) for d in documents]),
    )  # fmt: skip
    return thresholds(data, scores, loss)


GROUPS = [
    ([(OFTEN, 10 * ENOUGH)], 0.5),  # a fiftieth would be lost
    ([(OFTEN, 10 * ENOUGH), (("de", "justext", 5, 0.2), ENOUGH)], 0.2),  # of German, too
    ([(OFTEN, 10 * ENOUGH), (("de", "justext", 5, 0.2), ENOUGH - 1)], 0.5),  # too few words
    ([(OFTEN, 10 * ENOUGH), *[((lang, "justext", 5, 0.2), ENOUGH // 2) for lang in ("de", "fr", None)]], 0.2),  # rest
    ([(OFTEN, 10 * ENOUGH), *[((lang, "justext", 5, 0.2), ENOUGH // 2) for lang in ("de", "German")]], 0.2),
    ([(OFTEN, 10 * ENOUGH), (("en", "justext", 3, 0.2), ENOUGH)], 0.2),  # short documents
    ([(OFTEN, 10 * ENOUGH), (("en", "justext", 4, 0.2), ENOUGH)], 0.5),  # not short
    ([(OFTEN, 10 * ENOUGH), (("en", "justext", 3, 0.2), ENOUGH - 1)], 0.5),
    ([(OFTEN, 10 * ENOUGH), (("de", CLEAN, 5, 0.2), ENOUGH)], 0.2),  # clean texts count
    ([(OFTEN, 10 * ENOUGH), (("de", PAGE, 5, 0.2), ENOUGH)], 0.5),
    ([(OFTEN, 10 * ENOUGH), (("de", SEED, 5, 0.2), ENOUGH)], 0.5),
    ([(("en", PAGE, 5, 0.3), ENOUGH), (("en", CLEAN, 5, 0.4), 100)], 0.4),
    ([(("en", PAGE, 5, 0.3), ENOUGH)], 0.3),  # nothing else
]  # fmt: skip


@pytest.mark.parametrize(("parts", "expected"), GROUPS, ids=range(len(GROUPS)))
def test_a_threshold_holds_in_every_group(parts: list[tuple[Group, int]], expected: float) -> None:
    assert threshold_of(parts) == pytest.approx(expected)
