"""Label weights count in every stage of a fit, and thresholds are chosen on the words of extracted reporting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from detector.fit.thresholds import MAX_THRESHOLD, choose_thresholds
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


def with_single_lines() -> TrainingData:
    """Twenty documents of two labels each, and twenty of three single lines."""
    texts = [P("The ferry sails.", REPORTING), P("Home", "navigation")]
    lines = [P(f"Line {label}", label) for label in (REPORTING, "navigation", "navigation")]
    both = ((None, texts), (LINES, lines))
    documents = [
        LabelledDocument(f"{origin}-{n}", f"{origin}-{n}", origin, None, None, tuple(paragraphs))
        for n in range(20)
        for origin, paragraphs in both
    ]
    return training_data(documents, FitConfig(folds=2), TINY_VECTORS)


def test_the_calibration_ignores_documents_of_single_lines() -> None:
    """The networks are not fitted to them, so their scores are no evidence of how good scores are."""
    data = with_single_lines()
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


def with_an_appeal_in_lines(labels: tuple[str, ...], lang: str) -> list[LabelledDocument]:
    """Eight English documents of these labels, and four of a single line of another label in a language."""
    texts = tuple(P(f"The {label}.", label) for label in labels)
    documents = [LabelledDocument(f"doc-{n}", f"site-{n}", None, "en", None, texts) for n in range(8)]
    lines = [LabelledDocument(f"l-{n}", f"lines-{n}", LINES, lang, None, (P("Give!", "appeal"),)) for n in range(4)]
    return [*documents, *lines]


@pytest.mark.parametrize("lang", ["en", "de"])  # English lines could be inserted into the documents
@pytest.mark.parametrize("labels", [(REPORTING,), (REPORTING, "navigation")])
def test_a_label_of_single_lines_alone_is_refused(labels: tuple[str, ...], lang: str) -> None:
    with pytest.raises(DataError, match='"appeal" occurs in documents of single lines only: add documents of another'):
        fit(with_an_appeal_in_lines(labels, lang), FitConfig(folds=2, networks=()))


def test_a_label_of_single_lines_and_one_site_is_refused() -> None:
    first, *others = with_an_appeal_in_lines((REPORTING, "navigation"), "de")
    first = replace(first, paragraphs=(*first.paragraphs, P("Give!", "appeal")))
    with pytest.raises(DataError, match=r'"appeal" occurs on one site only \(site-0\): add documents of another'):
        fit([first, *others], FitConfig(folds=2, networks=()))


def thresholds(data: TrainingData, scores: list[float], loss: float) -> float:
    held_out = np.array([[score, 1 - score] for score in scores], dtype=np.float32)
    return choose_thresholds(data, held_out, FitConfig(max_lost_words=(("balanced", loss),)))["balanced"]


def data_of(
    documents: Sequence[LabelledDocument], words: Sequence[int], extracted: Sequence[bool], label: Sequence[int]
) -> TrainingData:
    """What the choice of thresholds reads of these documents; the other arrays are those of other documents."""
    sizes = [len(d.paragraphs) for d in documents]
    site = np.unique([d.site for d in documents], return_inverse=True)[1]
    return replace(
        contradictory(REPORTING), documents=documents, bounds=np.cumsum([0, *sizes]), site=np.repeat(site, sizes),
        words=np.array(words), extracted=np.array(extracted), label=np.array(label),
    )  # fmt: skip


def reporting_data(words: list[int], extracted: list[bool], label: list[int]) -> TrainingData:
    """One document with a paragraph per number of words."""
    one = LabelledDocument("one", "site", None, None, None, (P("Line", REPORTING),) * len(words))
    return data_of([one], words, extracted, label)


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


@pytest.mark.parametrize(("score", "expected"), [(0.85, 0.85), (0.95, MAX_THRESHOLD), (0.9999994, MAX_THRESHOLD)])
def test_thresholds_have_an_upper_bound(score: float, expected: float) -> None:
    """Separable data would have thresholds that nearly no paragraph of another site reaches."""
    assert thresholds(reporting_data([10] * 4, [True] * 4, [0] * 4), [score] * 4, 0.0) == pytest.approx(expected)


# Groups of documents, in each of which a threshold loses at most its share

ENOUGH = 100  # sites


@dataclass(frozen=True)
class Part:
    """Documents on sites of their own: a fiftieth of the words has the score ``low``, the rest has 0.9."""

    sites: int
    lang: str | None = "en"
    low: float = 0.2
    origin: str = "justext"
    size: int = 5  # paragraphs of a document
    words: int = 1000  # of a document
    texts: int = 1  # documents of a site

    def documents(self, name: str) -> list[LabelledDocument]:
        paragraphs = (P("Line", REPORTING),) * self.size
        return [
            LabelledDocument(f"{name}-{n}", f"{name}-{n % self.sites}", self.origin, self.lang, None, paragraphs)
            for n in range(self.sites * self.texts)
        ]


def threshold_of(parts: Sequence[Part], loss: float) -> float:
    documents, words, scores = [], [], []
    for number, part in enumerate(parts):
        of_part = part.documents(f"part-{number}")
        documents += of_part
        words += [part.words // 50, *[0] * (part.size - 2), part.words - part.words // 50] * len(of_part)
        scores += [part.low, *[0.9] * (part.size - 1)] * len(of_part)
    extracted = [d.origin == "justext" for d in documents for _ in d.paragraphs]
    return thresholds(data_of(documents, words, extracted, [0] * len(words)), scores, loss)


OFTEN = Part(ENOUGH, low=0.5, words=10_000)
GROUPS = {
    "all rows": ([OFTEN], 0.5),  # a fiftieth would be lost
    "all rows, of few sites": ([Part(1)], 0.2),
    "another language": ([OFTEN, Part(ENOUGH, "de")], 0.2),
    "another language, of few words": ([OFTEN, Part(ENOUGH, "de", words=50)], 0.2),
    "another language, of too few sites": ([OFTEN, Part(ENOUGH - 1, "de")], 0.5),
    "another language, of many documents on too few sites": ([OFTEN, Part(ENOUGH // 2, "de", texts=3)], 0.5),
    "an unknown language": ([OFTEN, Part(ENOUGH, None)], 0.2),
    "other languages": ([OFTEN, *(Part(ENOUGH // 3 + 1, lang) for lang in ("de", "fr", None))], 0.2),
    "other languages, of too few sites": ([OFTEN, *(Part(ENOUGH // 3, lang) for lang in ("de", "fr", None))], 0.5),
    "another name of the commonest language": ([OFTEN, Part(ENOUGH - 1, "English"), Part(1, "de")], 0.5),
    "the commonest language, of few words": ([Part(ENOUGH, "de", size=9), OFTEN], 0.2),
    "the commonest language, with pages of another": (
        [OFTEN, Part(ENOUGH // 2, "de"), Part(ENOUGH // 2, "fr"), Part(2 * ENOUGH, "fr", 0.1, PAGE)], 0.2,
    ),
    "short documents": ([OFTEN, Part(ENOUGH, size=3)], 0.2),
    "short documents of several languages": ([OFTEN, Part(ENOUGH // 2, size=3), Part(ENOUGH // 2, "de", size=2)], 0.2),
    "short documents, of too few sites": ([OFTEN, Part(ENOUGH - 1, size=3)], 0.5),
    "documents that are not short": ([OFTEN, Part(ENOUGH, size=4)], 0.5),
    "clean texts": ([OFTEN, Part(ENOUGH, "de", origin=CLEAN)], 0.2),
    "pages": ([OFTEN, Part(ENOUGH, "de", origin=PAGE)], 0.5),
    "seeds": ([OFTEN, Part(ENOUGH, "de", origin=SEED)], 0.5),
    "pages and a clean text": ([Part(ENOUGH, low=0.3, origin=PAGE), Part(1, low=0.4, origin=CLEAN)], 0.4),
    "pages alone": ([Part(ENOUGH, low=0.3, origin=PAGE)], 0.3),
}  # fmt: skip


@pytest.mark.parametrize("name", GROUPS)
def test_a_threshold_holds_in_every_group(name: str) -> None:
    parts, expected = GROUPS[name]
    assert threshold_of(parts, 0.01) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("others", "loss", "expected"),
    [
        # a twentieth of all words, 49,950: 999 of the 148,950 that count, which are 0.67%
        (ENOUGH - 1, 0.0066, 0.2),
        (ENOUGH - 1, 0.0068, 0.5),
        # all its words, in a group of fewer sites: 18,000 of 998,000, which are 1.80%
        (ENOUGH - 2, 0.0180, 0.2),
        (ENOUGH - 2, 0.0181, 0.5),
    ],
)
def test_the_largest_site_counts_with_a_twentieth_of_the_words(others: int, loss: float, expected: float) -> None:
    """It has nine tenths, in several documents."""
    parts = [Part(others, low=0.5), Part(1, words=300_000, texts=3)]
    assert threshold_of(parts, loss) == pytest.approx(expected)


def test_a_site_with_a_twentieth_of_the_words_counts_with_all() -> None:
    """Of 99,000 words, 99 have the lower score."""
    parts = [Part(ENOUGH - 1, low=0.5, words=950), Part(1, words=4950)]
    assert threshold_of(parts, 0.00099) == pytest.approx(0.2)
    assert threshold_of(parts, 0.00101) == pytest.approx(0.5)
