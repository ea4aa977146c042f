"""How good predictions are, on labelled documents: what is lost of the reporting, and what goes of the rest.

A row of figures for each origin, and one over all texts that an extractor delivered:

``lost``            share of the reporting words that were removed
``appeal`` ``nav``  share of those paragraphs, as read by eye, that were removed
``A@.5`` ``N@.5``   the same two at the threshold on P(reporting) that loses 0.5 % of the reporting words
``F1r`` ``F1a`` ``F1n`` ``macro``  F1 of each label over the paragraphs read by eye, and their mean
``before`` ``after``  word F1 against the page's gold text before and after the removal, mean over pages
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.cleaner import Cleaner, Prediction
from detector.errors import DataError
from detector.labelled import LabelledDocument

_WORD = re.compile(r"\w+")
_LOSS = 0.005
PAGE, EXTRACTED, ALL = "page", "extracted", "all"
READ = "read"
FIGURES = ("lost", "appeal", "nav", "A@.5", "N@.5", "F1r", "F1a", "F1n", "macro", "before", "after")

Figures: TypeAlias = dict[str, float | None]


def count_words(text: str) -> int:
    """How many words a text has, a word being a run of letters, digits and underscores."""
    return len(_WORD.findall(text))


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled document with the decisions on it."""

    document: LabelledDocument
    prediction: Prediction


def judge(cleaner: Cleaner, documents: Sequence[LabelledDocument]) -> Iterable[Judged]:
    """Predict labelled documents. Raises `DataError` where a document's paragraphs are not the text's."""
    for document, prediction in zip(documents, cleaner.predict_many(d.text for d in documents), strict=True):
        if len(prediction) != len(document.paragraphs):
            raise DataError(
                f"{document.id}: {len(document.paragraphs)} labelled paragraphs, {len(prediction)} in the text"
            )
        yield Judged(document, prediction)


def figures_by_origin(judged: Iterable[Judged], gold: dict[str, str]) -> dict[str, Figures]:
    """The table of figures: a row for each origin, and ``extracted`` over all but whole pages.

    ``gold`` is the article's text by document id. Without origins there is one row, ``all``.
    """
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one.document.origin or ALL].append(one)
    order = sorted(groups, key=lambda origin: (origin != PAGE, origin))
    table = {origin: figures(groups[origin], gold) for origin in order}
    extracted = [one for origin in order if origin != PAGE for one in groups[origin]]
    if extracted and len(groups) > 1:
        table[EXTRACTED] = figures(extracted, gold)
    return table


def figures(judged: Sequence[Judged], gold: dict[str, str]) -> Figures:
    """The figures over some documents; None where there is nothing to measure."""
    label, read, words, keep, guess, score = _columns(judged)
    labels = judged[0].prediction.labels
    reporting = label == 0
    threshold = _threshold(score[reporting], words[reporting])
    out: Figures = {"documents": len(judged), "lost": _ratio(words[reporting & ~keep].sum(), words[reporting].sum())}
    for name, at_threshold, wanted in (("appeal", "A@.5", "appeal"), ("nav", "N@.5", "navigation")):
        those = read & (label == (labels.index(wanted) if wanted in labels else -2))
        out[name] = _ratio((~keep[those]).sum(), those.sum())
        out[at_threshold] = _ratio((score[those] < threshold).sum(), those.sum())
    f1 = {}
    for number, name in enumerate(labels):
        hits = (read & (label == number) & (guess == number)).sum()
        f1[_f1_name(name, labels)] = _ratio(
            2 * hits, (read & (label == number)).sum() + (read & (guess == number)).sum()
        )
    out |= f1
    out["macro"] = sum(value or 0 for value in f1.values()) / len(f1)
    return out | _word_f1(judged, gold)


def _f1_name(label: str, labels: Sequence[str]) -> str:
    """F1 and the label's first letter, or all of the label where another begins with that letter."""
    return f"F1{label[0] if sum(other[0] == label[0] for other in labels) == 1 else f' {label}'}"


def _columns(judged: Sequence[Judged]) -> tuple[NDArray[Any], ...]:
    """Of every labelled paragraph: label, whether read by eye, words, whether kept, label predicted, P(reporting)."""
    columns: list[list[NDArray[Any]]] = [[] for _ in range(6)]
    for one in judged:
        prediction, paragraphs = one.prediction, one.document.paragraphs
        known = np.array([p.label is not None for p in paragraphs], dtype=bool)
        index = {name: number for number, name in enumerate(prediction.labels)}
        values: tuple[NDArray[Any], ...] = (
            np.array([index.get(p.label or "", -1) for p in paragraphs], dtype=int),
            np.array([p.by in (READ, None) for p in paragraphs], dtype=bool),
            np.array([count_words(p.text) for p in paragraphs], dtype=int),
            prediction.keep, prediction.label_indices, prediction.label_scores[:, 0],
        )  # fmt: skip
        for column, value in zip(columns, values, strict=True):
            column.append(value[known])
    return tuple(np.concatenate(column) for column in columns)


def _threshold(score: NDArray[np.floating], words: NDArray[np.integer]) -> float:
    """The score of the paragraph with which more than `_LOSS` of the words are lost, in order of score."""
    order = np.argsort(score, kind="stable")
    lost = np.cumsum(words[order])
    over = np.flatnonzero(lost > _LOSS * lost[-1]) if len(lost) else np.empty(0, dtype=int)
    return float(score[order[over[0]]]) if len(over) else 0.0


def _word_f1(judged: Sequence[Judged], gold: dict[str, str]) -> Figures:
    before, after = [], []
    for one in judged:
        wanted = _words([gold.get(one.document.id, "")])
        if wanted:
            texts = [p.text for p in one.document.paragraphs]
            kept = [text for text, keep in zip(texts, one.prediction.keep, strict=True) if keep]
            before.append(_f1(_words(texts), wanted))
            after.append(_f1(_words(kept), wanted))
    return {"before": _ratio(sum(before), len(before)), "after": _ratio(sum(after), len(after))}


def _words(texts: Iterable[str]) -> Counter[str]:
    return Counter(_WORD.findall("\n".join(texts).lower()))


def _f1(got: Counter[str], wanted: Counter[str]) -> float:
    return 2 * (got & wanted).total() / (got.total() + wanted.total())


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
