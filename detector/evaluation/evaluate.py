"""Evaluation of predictions on labelled documents.

The metrics are called figures; `LEGEND` explains them. There is one row of figures for each origin of documents, and
one for all extracted texts together. Most figures are ratios of two sums over documents (`shares`). The figures at a
fixed loss, ``macro`` and ``kinds`` are not: they are computed from all paragraphs at once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.cleaner import Cleaner, Prediction
from detector.errors import DataError
from detector.evaluation.confusion import Confusion, confusion
from detector.evaluation.labelled import LabelledDocument
from detector.evaluation.threshold import threshold_at_loss
from detector.evaluation.word_f1 import word_f1
from detector.util.arrays import Floats

_WORD = re.compile(r"\w+")
LOSS = 0.005  # share of the words of reporting that is lost for A@.5 and N@.5
PAGE, EXTRACTED, ALL = "page", "extracted", "all"  # the origin of whole pages, and the names of two rows
_REMOVED = {"appeal": "appeal", "navigation": "nav"}  # the names of figures by label, for `removed_names`
_AT_LOSS = {"appeal": "A@.5", "navigation": "N@.5"}  # and for `at_loss_names`
LEGEND = {
    "lost": "share of the words of reporting that is removed: the lower, the better",
    "appeal": "share of the appeal paragraphs that is removed",
    "nav": "share of the navigation paragraphs that is removed",
    "A@.5": "the share of appeal removed at the threshold that loses 0.5 % of the words of reporting",
    "N@.5": "the share of navigation removed at that threshold",
    "F1r": "F1 of reporting over paragraphs, by the most probable label",
    "F1a": "F1 of appeal",
    "F1n": "F1 of navigation",
    "macro": "mean F1 of the labels that are given",
    "kinds": "mean F1 of the kinds that have at least 50 paragraphs",
    "before": "word F1 of the text as given against the article's text (gold), mean over documents",
    "after": "word F1 of the cleaned text against the article's text",
}
FIGURES = tuple(LEGEND)

Figures: TypeAlias = dict[str, float | None]
Gold: TypeAlias = Mapping[tuple[str, str], str]


def count_words(text: str) -> int:
    """The number of words in a text. A word is a run of letters, digits and underscores."""
    return len(_WORD.findall(text))


@dataclass(frozen=True, slots=True)
class ScoredDocument:
    """A labelled document and the prediction for it, with the same paragraphs."""

    document: LabelledDocument
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of a cleaner by origin, and the confusion matrix of kinds.

    The confusion matrix is over the whole pages, or over all documents where none is a whole page.
    """

    figures: dict[str, Figures]
    confusion: Confusion | None


@dataclass(frozen=True, slots=True)
class Share:
    """A ratio whose numerator and denominator are kept, so that it can be summed over documents (`sum_shares`)."""

    part: float
    whole: float

    @property
    def value(self) -> float | None:
        """The ratio, from 0 to 1; None where ``whole`` is 0."""
        return float(self.part / self.whole) if self.whole else None


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """The paragraphs whose label is known, as arrays with one entry per paragraph.

    ``label`` is the true label and ``guess`` the predicted one, both as indices into the model's labels; a label that
    the model does not have is -1. ``read`` tells whether a reader gave the label, ``words`` is the number of words,
    ``keep`` the decision and ``score`` the probability of reporting.
    """

    label: NDArray[np.int64]
    read: NDArray[np.bool_]
    words: NDArray[np.int64]
    keep: NDArray[np.bool_]
    guess: NDArray[np.int64]
    score: Floats


@dataclass(frozen=True, slots=True)
class Measured:
    """A document with a prediction, its `labelled_rows`, and its `shares`."""

    scored: ScoredDocument
    rows: LabelledRows
    shares: dict[str, Share]


def evaluate(cleaner: Cleaner, documents: Sequence[LabelledDocument]) -> Evaluation:
    """Evaluate a cleaner on labelled documents. Raises `DataError` as `score_documents` does."""
    scored = list(score_documents(cleaner, documents))
    pages = [item for item in scored if item.document.origin == PAGE]
    return Evaluation(figures_by_origin(scored, gold_texts(documents)), kind_confusion(pages or scored))


def gold_texts(documents: Iterable[LabelledDocument]) -> Gold:
    """The text of the article alone by site and document id, where it is known."""
    return {(d.site, d.id): d.gold for d in documents if d.gold}


def score_documents(cleaner: Cleaner, documents: Sequence[LabelledDocument]) -> Iterable[ScoredDocument]:
    """Predict labelled documents, lazily and in order.

    Raises `DataError` where the cleaner splits a document's text into another number of paragraphs.
    """
    for document, prediction in zip(documents, cleaner.predict_many(d.text for d in documents), strict=True):
        if len(prediction) != len(document.paragraphs):
            raise DataError(
                f"{document.id}: {len(document.paragraphs)} labelled paragraphs, {len(prediction)} in the text"
            )
        yield ScoredDocument(document, prediction)


def scored_document(
    document: LabelledDocument, labels: tuple[str, ...], scores: Floats, keep: NDArray[np.bool_]
) -> ScoredDocument:
    """A document with probabilities of labels that do not come from a cleaner.

    ``scores`` has the shape ``(paragraphs, labels)``, reporting first; ``keep`` are the decisions. Each label is its
    own kind. The positions of the paragraphs in the text are all 0: the figures do not need them.
    """
    zeros = np.zeros(len(scores), dtype=np.int64)
    prediction = Prediction(
        document.text, labels, labels, tuple(range(len(labels))), zeros, zeros,
        scores, scores, scores[:, 0], keep,
    )  # fmt: skip
    return ScoredDocument(document, prediction)


def by_origin(scored: Iterable[ScoredDocument]) -> dict[str, list[ScoredDocument]]:
    """Group documents by origin, whole pages first; documents without an origin form the group ``all``.

    Where there are several groups, a last one, ``extracted``, has all documents that are not whole pages.
    """
    groups: dict[str, list[ScoredDocument]] = defaultdict(list)
    extracted = []
    for item in scored:
        groups[item.document.origin or ALL].append(item)
        if item.document.origin != PAGE:
            extracted.append(item)
    ordered = {origin: groups[origin] for origin in sorted(groups, key=lambda origin: (origin != PAGE, origin))}
    return ordered | ({EXTRACTED: extracted} if extracted and len(groups) > 1 else {})


def figures_by_origin(scored: Iterable[ScoredDocument], gold: Gold) -> dict[str, Figures]:
    """The table of figures: one row for each group of `by_origin`. ``gold`` are the `gold_texts`."""
    given = list(scored)
    once = {id(item): measured(item, gold) for item in given}
    return {origin: figures_of([once[id(item)] for item in group]) for origin, group in by_origin(given).items()}


def figures(scored: Sequence[ScoredDocument], gold: Gold) -> Figures:
    """The figures over all given documents, at least one; None where there is nothing to measure."""
    return figures_of([measured(item, gold) for item in scored])


def measured(item: ScoredDocument, gold: Gold) -> Measured:
    """A document as it goes into `figures_of`. ``gold`` are the `gold_texts`."""
    rows = labelled_rows(item)
    return Measured(item, rows, shares(item, rows, gold))


def figures_of(documents: Sequence[Measured]) -> Figures:
    """The `figures` of documents that are already measured."""
    sums = sum_shares([one.shares for one in documents])
    out: Figures = {"documents": len(documents)} | {name: share.value for name, share in sums.items()}
    rows, labels = concatenate_rows([one.rows for one in documents]), documents[0].scored.prediction.labels
    reporting = rows.label == 0
    threshold = threshold_at_loss(rows.score[reporting], rows.words[reporting], LOSS)
    for label, name in at_loss_names(labels).items():
        chosen = rows_with_label(rows, label, labels)
        out[name] = Share((rows.score[chosen] < threshold).sum(), chosen.sum()).value
    found = [out[f1_name(label, labels)] or 0 for label in given_labels(rows, labels)]
    out["macro"] = sum(found) / len(found) if found else None
    kinds = kind_confusion([one.scored for one in documents])
    out["kinds"] = kinds.macro if kinds else None
    return {name: out[name] for name in sorted(out, key=_column_order)}


def given_labels(rows: LabelledRows, labels: Sequence[str]) -> list[str]:
    """Which of the model's labels a reader gave to a paragraph, in their order."""
    given = set(rows.label[rows.read].tolist())
    return [label for number, label in enumerate(labels) if number in given]


def removed_names(labels: Sequence[str]) -> dict[str, str]:
    """The figures that are shares of a label removed, by label: the usual two, and all labels but the first."""
    return _REMOVED | {label: f"removed {label}" for label in labels[1:] if label not in _REMOVED}


def at_loss_names(labels: Sequence[str]) -> dict[str, str]:
    """The figures that are shares removed at a fixed loss, by label, as in `removed_names`."""
    return _AT_LOSS | {label: f"{label}@.5" for label in labels[1:] if label not in _AT_LOSS}


def shares(item: ScoredDocument, rows: LabelledRows, gold: Gold) -> dict[str, Share]:
    """The figures of one document that can be summed over documents; ``rows`` are its `labelled_rows`.

    ``gold`` has the text of the article where the document itself does not: another form of the page may.
    """
    labels = item.prediction.labels
    reporting, read = rows.label == 0, rows.read
    out = {"lost": Share(rows.words[reporting & ~rows.keep].sum(), rows.words[reporting].sum())}
    for label, name in removed_names(labels).items():
        chosen = rows_with_label(rows, label, labels)
        out[name] = Share((~rows.keep[chosen]).sum(), chosen.sum())
    for number, label in enumerate(labels):
        true, guessed = read & (rows.label == number), read & (rows.guess == number)
        out[f1_name(label, labels)] = Share(2 * (true & guessed).sum(), true.sum() + guessed.sum())
    document = item.document
    article = document.gold or gold.get((document.site, document.id), "")
    texts = [paragraph.text for paragraph in document.paragraphs]
    before, after = word_f1(texts, item.prediction.keep.tolist(), article)
    counted = int(before is not None)
    return out | {"before": Share(before or 0, counted), "after": Share(after or 0, counted)}


def sum_shares(document_shares: Sequence[dict[str, Share]]) -> dict[str, Share]:
    """Sum each share over documents: the parts, and the wholes."""
    return {
        name: Share(sum(item[name].part for item in document_shares), sum(item[name].whole for item in document_shares))
        for name in document_shares[0]
    }


def _column_order(name: str) -> int:
    """A key to sort figures by: first ``documents``, then `FIGURES` in order, then those of other labels."""
    return FIGURES.index(name) if name in FIGURES else (-1 if name == "documents" else len(FIGURES))


def f1_name(label: str, labels: Sequence[str]) -> str:
    """The name of a label's F1: ``F1r`` for reporting, with the whole label where another has the same first letter."""
    return f"F1{label[0] if sum(other[0] == label[0] for other in labels) == 1 else f' {label}'}"


def rows_with_label(rows: LabelledRows, label: str, labels: Sequence[str]) -> NDArray[np.bool_]:
    """A mask of the rows to which a reader gave a label; no row for a label that is not among ``labels``."""
    mask: NDArray[np.bool_] = rows.read & (rows.label == (labels.index(label) if label in labels else -2))
    return mask


def labelled_rows(item: ScoredDocument) -> LabelledRows:
    """The paragraphs of a document whose label is known."""
    prediction, paragraphs = item.prediction, item.document.paragraphs
    known = np.array([p.label is not None for p in paragraphs], dtype=bool)
    index = {name: number for number, name in enumerate(prediction.labels)}
    return LabelledRows(
        np.array([index.get(p.label or "", -1) for p in paragraphs], dtype=int)[known],
        np.array([p.by_reader for p in paragraphs], dtype=bool)[known],
        np.array([count_words(p.text) for p in paragraphs], dtype=int)[known],
        prediction.keep[known], prediction.label_indices[known], prediction.label_scores[known, 0],
    )  # fmt: skip


def concatenate_rows(parts: Sequence[LabelledRows]) -> LabelledRows:
    """The rows of several documents, in order."""
    names = [field.name for field in fields(LabelledRows)]
    return LabelledRows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def kind_confusion(scored: Sequence[ScoredDocument]) -> Confusion | None:
    """The confusion matrix of kinds over the paragraphs that a reader labelled; None as `confusion` returns it."""
    true: list[str] = []
    predicted: list[str] = []
    for item in scored:
        guesses = item.prediction.kind_indices.tolist()
        for paragraph, guess in zip(item.document.paragraphs, guesses, strict=True):
            if paragraph.kind and paragraph.by_reader:
                true.append(paragraph.kind)
                predicted.append(item.prediction.kinds[guess])
    return confusion(true, predicted, scored[0].prediction.kinds) if scored else None
