"""How good predictions are on labelled documents: what is lost of the reporting, and what is removed of the rest.

`LEGEND` explains the figures. There is one row of figures for each origin, and one over all texts that an extractor
returned. All figures but those at a threshold, ``macro`` and ``kinds`` are parts of wholes that add up over documents
(`shares`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.cleaner import Cleaner, Prediction
from detector.errors import DataError
from detector.evaluation.confusion import Confusion, confusion
from detector.evaluation.labelled import LabelledDocument
from detector.util.arrays import Floats

_WORD = re.compile(r"\w+")
_LOSS = 0.005
PAGE, EXTRACTED, ALL = "page", "extracted", "all"
READ = "read"
LEGEND = {
    "lost": "share of the words of reporting that is removed: the lower, the better",
    "appeal": "share of the appeal paragraphs that is removed",
    "nav": "share of the navigation paragraphs that is removed",
    "A@.5": "the share of appeal removed at the threshold that loses 0.5 % of the words of reporting",
    "N@.5": "the share of navigation removed at that threshold",
    "F1r": "F1 of reporting over paragraphs, by the most probable label",
    "F1a": "F1 of appeal",
    "F1n": "F1 of navigation",
    "macro": "mean of the labels' F1",
    "kinds": "mean F1 of the kinds that have at least 50 paragraphs",
    "before": "word F1 of the text as given against the article's text (gold), mean over documents",
    "after": "word F1 of the cleaned text against the article's text",
}
FIGURES = tuple(LEGEND)

Figures: TypeAlias = dict[str, float | None]


def count_words(text: str) -> int:
    """How many words a text has, a word being a run of letters, digits and underscores."""
    return len(_WORD.findall(text))


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled document with the decisions on it."""

    document: LabelledDocument
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a cleaner is: its figures by origin, and which kinds it takes for which.

    The kinds are those of whole pages, or of everything where no document is one.
    """

    figures: dict[str, Figures]
    confusion: Confusion | None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole. Shares of documents add up: the sum of the parts, of the sum of the wholes."""

    part: float
    whole: float

    @property
    def value(self) -> float | None:
        """From 0 to 1; None where there is no whole."""
        return float(self.part / self.whole) if self.whole else None


@dataclass(frozen=True, slots=True)
class Rows:
    """The paragraphs whose label is known, a row each.

    ``label`` is the true one and ``guess`` the predicted one, indices into the model's labels (-1 for a label that it
    does not have); ``read`` whether a person read it; ``words`` how many it has; ``score`` is P(reporting).
    """

    label: NDArray[np.int64]
    read: NDArray[np.bool_]
    words: NDArray[np.int64]
    keep: NDArray[np.bool_]
    guess: NDArray[np.int64]
    score: Floats


def evaluate(cleaner: Cleaner, documents: Sequence[LabelledDocument]) -> Evaluation:
    """Measure a cleaner on labelled documents."""
    judged = list(judge(cleaner, documents))
    pages = [one for one in judged if one.document.origin == PAGE]
    return Evaluation(figures_by_origin(judged, gold_texts(documents)), kinds_confused(pages or judged))


def gold_texts(documents: Iterable[LabelledDocument]) -> dict[str, str]:
    """The article's text by document id, where it is known."""
    return {d.id: d.gold for d in documents if d.gold}


def judge(cleaner: Cleaner, documents: Sequence[LabelledDocument]) -> Iterable[Judged]:
    """Predict labelled documents. Raises `DataError` where a document's paragraphs are not the text's."""
    for document, prediction in zip(documents, cleaner.predict_many(d.text for d in documents), strict=True):
        if len(prediction) != len(document.paragraphs):
            raise DataError(
                f"{document.id}: {len(document.paragraphs)} labelled paragraphs, {len(prediction)} in the text"
            )
        yield Judged(document, prediction)


def judged_by_scores(
    document: LabelledDocument, labels: tuple[str, ...], scores: Floats, keep: NDArray[np.bool_]
) -> Judged:
    """A document with decisions that were not made by a cleaner: ``scores`` of shape ``(paragraphs, labels)``.

    They know of no kinds.
    """
    nowhere = np.zeros(len(scores), dtype=np.int64)
    prediction = Prediction(
        document.text, labels, labels, tuple(range(len(labels))), nowhere, nowhere,
        scores, scores, scores[:, 0], keep,
    )  # fmt: skip
    return Judged(document, prediction)


def by_origin(judged: Iterable[Judged]) -> dict[str, list[Judged]]:
    """The documents of each origin, whole pages first, and ``extracted``: all but whole pages, in the order given.

    Without origins there is one group, ``all``.
    """
    groups: dict[str, list[Judged]] = defaultdict(list)
    extracted = []
    for one in judged:
        groups[one.document.origin or ALL].append(one)
        if one.document.origin != PAGE:
            extracted.append(one)
    ordered = {origin: groups[origin] for origin in sorted(groups, key=lambda origin: (origin != PAGE, origin))}
    return ordered | ({EXTRACTED: extracted} if extracted and len(groups) > 1 else {})


def figures_by_origin(judged: Iterable[Judged], gold: dict[str, str]) -> dict[str, Figures]:
    """The table of figures: a row for each group of `by_origin`. ``gold`` is the article's text by document id."""
    return {origin: figures(group, gold) for origin, group in by_origin(judged).items()}


def figures(judged: Sequence[Judged], gold: dict[str, str]) -> Figures:
    """The figures over some documents; None where there is nothing to measure."""
    parts = [rows_of(one) for one in judged]
    added = added_up([shares(one, rows, gold) for one, rows in zip(judged, parts, strict=True)])
    out: Figures = {"documents": len(judged)} | {name: share.value for name, share in added.items()}
    rows, labels = joined(parts), judged[0].prediction.labels
    reporting = rows.label == 0
    threshold = threshold_at_loss(rows.score[reporting], rows.words[reporting], _LOSS)
    for name, label in (("A@.5", "appeal"), ("N@.5", "navigation")):
        those = rows_read_as(rows, label, labels)
        out[name] = Share((rows.score[those] < threshold).sum(), those.sum()).value
    out["macro"] = sum(out[f1_name(label, labels)] or 0 for label in labels) / len(labels)
    kinds = kinds_confused(judged)
    out["kinds"] = kinds.macro if kinds else None
    return {name: out[name] for name in sorted(out, key=_place)}


def shares(one: Judged, rows: Rows, gold: dict[str, str]) -> dict[str, Share]:
    """The figures of one document that add up over documents; ``rows`` are its `rows_of`."""
    labels = one.prediction.labels
    reporting, read = rows.label == 0, rows.read
    out = {"lost": Share(rows.words[reporting & ~rows.keep].sum(), rows.words[reporting].sum())}
    for name, label in (("appeal", "appeal"), ("nav", "navigation")):
        those = rows_read_as(rows, label, labels)
        out[name] = Share((~rows.keep[those]).sum(), those.sum())
    for number, label in enumerate(labels):
        true, guessed = read & (rows.label == number), read & (rows.guess == number)
        out[f1_name(label, labels)] = Share(2 * (true & guessed).sum(), true.sum() + guessed.sum())
    return out | _word_f1(one, gold.get(one.document.id, ""))


def added_up(shares_of_documents: Sequence[dict[str, Share]]) -> dict[str, Share]:
    """Each share over all documents."""
    return {
        name: Share(
            sum(one[name].part for one in shares_of_documents), sum(one[name].whole for one in shares_of_documents)
        )
        for name in shares_of_documents[0]
    }


def _place(name: str) -> int:
    """Where a figure stands in a row: what is not among `FIGURES` first (documents), or last (F1 of other labels)."""
    return FIGURES.index(name) if name in FIGURES else (len(FIGURES) if name.startswith("F1") else -1)


def f1_name(label: str, labels: Sequence[str]) -> str:
    """F1 and the label's first letter, or all of the label where another begins with that letter."""
    return f"F1{label[0] if sum(other[0] == label[0] for other in labels) == 1 else f' {label}'}"


def rows_read_as(rows: Rows, label: str, labels: Sequence[str]) -> NDArray[np.bool_]:
    """The rows to which a reader gave a label; none for a label that is not among ``labels``."""
    those: NDArray[np.bool_] = rows.read & (rows.label == (labels.index(label) if label in labels else -2))
    return those


def rows_of(one: Judged) -> Rows:
    """The rows of one document."""
    prediction, paragraphs = one.prediction, one.document.paragraphs
    known = np.array([p.label is not None for p in paragraphs], dtype=bool)
    index = {name: number for number, name in enumerate(prediction.labels)}
    return Rows(
        np.array([index.get(p.label or "", -1) for p in paragraphs], dtype=int)[known],
        np.array([p.by in (READ, None) for p in paragraphs], dtype=bool)[known],
        np.array([count_words(p.text) for p in paragraphs], dtype=int)[known],
        prediction.keep[known], prediction.label_indices[known], prediction.label_scores[known, 0],
    )  # fmt: skip


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows of several documents as one."""
    return Rows(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Rows)))


def kinds_confused(judged: Sequence[Judged]) -> Confusion | None:
    """The kinds of the paragraphs read by eye; None where hardly any has one, or the predictions know none of them."""
    true: list[str] = []
    predicted: list[str] = []
    for one in judged:
        guesses = one.prediction.kind_indices.tolist()
        for paragraph, guess in zip(one.document.paragraphs, guesses, strict=True):
            if paragraph.kind and paragraph.by in (READ, None):
                true.append(paragraph.kind)
                predicted.append(one.prediction.kinds[guess])
    return confusion(true, predicted, judged[0].prediction.kinds) if judged else None


def threshold_at_loss(scores: NDArray[np.floating], words: NDArray[np.integer], max_lost: float) -> float:
    """The highest threshold below which at most the share ``max_lost`` of the words lies.

    ``scores`` are the probabilities of reporting of paragraphs that are reporting, ``words`` the number of words of
    each. Returns 0 where there are none.
    """
    if not len(scores):
        return 0.0
    order = np.argsort(scores, kind="stable")
    lost = np.cumsum(words[order])
    first_over = np.searchsorted(lost, max_lost * lost[-1], side="right")
    return float(scores[order[min(first_over, len(order) - 1)]])


def _word_f1(one: Judged, gold: str) -> dict[str, Share]:
    """The word F1 of one document; a whole of 0 where the article's text is not known."""
    wanted = _words([gold])
    if not wanted:
        return {"before": Share(0, 0), "after": Share(0, 0)}
    texts = [p.text for p in one.document.paragraphs]
    kept = [text for text, keep in zip(texts, one.prediction.keep, strict=True) if keep]
    return {"before": Share(_f1(_words(texts), wanted), 1), "after": Share(_f1(_words(kept), wanted), 1)}


def _words(texts: Iterable[str]) -> Counter[str]:
    return Counter(_WORD.findall("\n".join(texts).lower()))


def _f1(got: Counter[str], wanted: Counter[str]) -> float:
    return 2 * (got & wanted).total() / (got.total() + wanted.total())
