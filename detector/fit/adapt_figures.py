"""Held-out figures of an adaptation, and whether they are better than before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector.evaluation.evaluate import (
    LEGEND,
    Figures,
    ScoredDocument,
    Share,
    concatenate_rows,
    figures,
    labelled_rows,
    scored_document,
)
from detector.evaluation.evaluate import LOSS as AT_LOSS
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.evaluation.threshold import threshold_at_loss
from detector.fit.adapt_data import Labels
from detector.fit.config import BALANCED
from detector.inference.model import Model
from detector.util.arrays import Floats

LOSS = "loss"  # mean cross-entropy of the labels, in nats
OTHERS = "O@.5"  # the share of all that is not reporting removed at the threshold of A@.5 and N@.5
FIGURES = ("lost", "appeal", "nav", "A@.5", "N@.5", OTHERS)
MEANINGS = LEGEND | {
    OTHERS: "the share of all that is not reporting removed at that threshold",
    LOSS: "mean cross-entropy of the labels: the lower, the better",
}
_AUTOMATIC = ("gold", "auto")  # sources of labels that no person gave
_MORE_LOST = 0.005  # of the words of reporting: what a better model may lose more than before


def held_out_figures(model: Model, labels: Labels, probabilities: Floats) -> Figures:
    """The figures of `FIGURES` over the labelled paragraphs, and `LOSS`, at the threshold ``balanced``.

    ``probabilities``, ``(paragraphs, labels)``, are by networks that had not seen the paragraph's label. The guard of a
    cleaner plays no part.
    """
    bounds, threshold = labels.sequences.bounds.tolist(), model.thresholds.get(BALANCED, 0.5)
    scored = [
        scored_document(_read(document), model.labels, scores, scores[:, 0] >= threshold)
        for document, scores in zip(labels.documents, np.split(probabilities, bounds[1:-1]), strict=True)
    ]
    found = figures(scored, {})
    return {name: found[name] for name in FIGURES if name in found} | {
        OTHERS: _others_removed(scored),
        LOSS: _loss(labels, probabilities),
    }


def _others_removed(scored: Sequence[ScoredDocument]) -> float | None:
    """The figure `OTHERS`; None where all labels are reporting."""
    rows = concatenate_rows(list(map(labelled_rows, scored)))
    reporting = rows.label == 0
    threshold = threshold_at_loss(rows.score[reporting], rows.words[reporting], AT_LOSS)
    return Share((rows.score[~reporting] < threshold).sum(), (~reporting).sum()).value


def _read(document: LabelledDocument) -> LabelledDocument:
    """The document, where every label that a person gave counts as read, whatever the person's name."""
    return replace(document, paragraphs=tuple(map(_read_paragraph, document.paragraphs)))


def _read_paragraph(paragraph: LabelledParagraph) -> LabelledParagraph:
    return paragraph if paragraph.by in _AUTOMATIC else replace(paragraph, by=None)


def _loss(labels: Labels, probabilities: Floats) -> float:
    """The mean cross-entropy of the labels, weighted as in the fit."""
    data = labels.sequences
    known = np.flatnonzero(data.label_weight)
    logs = -np.log(np.maximum(probabilities[known, data.label[known]], 1e-6))
    return float(np.average(logs, weights=data.label_weight[known]))


def fallen(before: Figures, after: Figures) -> tuple[str, ...]:
    """The names of the figures that became worse."""
    return tuple(name for name in FIGURES if _change(name, before, after) < 0)


def is_better(before: Figures, after: Figures) -> bool:
    """Whether a model is better than before.

    It gives the labels more probability, loses hardly more of the reporting, and at a fixed loss removes no less of
    all else.
    """
    more = (before[LOSS] or 0) - (after[LOSS] or 0)
    return more > 0 and _change("lost", before, after) >= -_MORE_LOST and _change(OTHERS, before, after) >= 0


def _change(name: str, before: Figures, after: Figures) -> float:
    """How much better a figure became; 0 where there is nothing to measure."""
    old, new = before[name], after[name]
    change = 0.0 if old is None or new is None else new - old
    return -change if name == "lost" else change


def described(name: str, before: Figures, after: Figures) -> str:
    """A figure before and after, in words."""
    return f"{name} {before[name]:.3f} to {after[name]:.3f}"
