"""Held-out figures of an adaptation, and whether they are better than before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np
from numpy.typing import NDArray

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
from detector.evaluation.threshold import threshold_at_loss
from detector.fit.adapt_data import Labels
from detector.inference.model import Model
from detector.util.arrays import Floats

LOSS = "loss"  # mean cross-entropy of the labels, in nats
OTHERS = "O@.5"  # the share of all that is not reporting removed at the threshold of A@.5 and N@.5
FIGURES = ("lost", "appeal", "nav", "A@.5", "N@.5", OTHERS)
MEANINGS = LEGEND | {
    OTHERS: "the share of all that is not reporting removed at that threshold",
    LOSS: "mean cross-entropy of the labels: the lower, the better",
}
_CHANCE = 0.125  # three changes of three for the better
_MORE_LOST = 0.005  # of the words of reporting: what a better model may lose more than before


def held_out_figures(model: Model, labels: Labels, probabilities: Floats, thresholds: Floats) -> Figures:
    """The figures of `FIGURES` over the labelled paragraphs, and `LOSS`, at the threshold of each paragraph.

    ``probabilities``, ``(paragraphs, labels)``, are by networks that had not seen the paragraph's label; neither had
    ``thresholds``, ``(paragraphs,)``. The guard of a cleaner plays no part.
    """
    inner, keep = labels.sequences.bounds[1:-1].tolist(), probabilities[:, 0] >= thresholds
    scored = [
        scored_document(replace(document, gold=None), model.labels, scores, kept)
        for document, scores, kept in zip(
            labels.documents, np.split(probabilities, inner), np.split(keep, inner), strict=True
        )
    ]
    found = figures(scored, {})
    return {name: found[name] for name in FIGURES if name in found} | {
        OTHERS: _others_removed(scored),
        LOSS: _loss(labels, probabilities),
    }


@dataclass(frozen=True)
class Decisions:
    """Which decisions on the labelled paragraphs are right: at the threshold ``balanced``, and at that of `OTHERS`.

    The latter are those on all that is not reporting.
    """

    balanced: NDArray[np.bool_]
    at_loss: NDArray[np.bool_]


def decisions(labels: Labels, probabilities: Floats, thresholds: Floats) -> Decisions:
    """The decisions by ``probabilities``, ``(paragraphs, labels)``, and ``thresholds``, ``(paragraphs,)``."""
    known = labels.fold >= 0
    score, reporting = probabilities[known, 0], labels.sequences.label[known] == 0
    fixed = threshold_at_loss(score[reporting], labels.words[known][reporting], AT_LOSS)
    return Decisions((score >= thresholds[known]) == reporting, (score < fixed)[~reporting])


def are_beyond_chance(before: Decisions, after: Decisions) -> bool:
    """Whether so many more decisions became right than wrong that chance seldom does it (a sign test)."""
    pairs = ((before.balanced, after.balanced), (before.at_loss, after.at_loss))
    return any(_chance(int((new & ~old).sum()), int((old & ~new).sum())) <= _CHANCE for old, new in pairs)


def _chance(better: int, worse: int) -> float:
    """How likely at least as many of the changes are for the better if each is so by the toss of a coin."""
    changes = better + worse
    return sum(comb(changes, number) for number in range(better, changes + 1)) * 0.5**changes


def _others_removed(scored: Sequence[ScoredDocument]) -> float | None:
    """The figure `OTHERS`; None where all labels are reporting."""
    rows = concatenate_rows(list(map(labelled_rows, scored)))
    reporting = rows.label == 0
    threshold = threshold_at_loss(rows.score[reporting], rows.words[reporting], AT_LOSS)
    return Share((rows.score[~reporting] < threshold).sum(), (~reporting).sum()).value


def _loss(labels: Labels, probabilities: Floats) -> float:
    """The mean cross-entropy of the labels, weighted as in the fit."""
    data = labels.sequences
    known = np.flatnonzero(data.label_weight)
    logs = -np.log(np.maximum(probabilities[known, data.label[known]], 1e-6))
    return float(np.average(logs, weights=data.label_weight[known]))


def fallen(before: Figures, after: Figures) -> tuple[str, ...]:
    """The names of the figures that became worse."""
    return tuple(name for name in (*FIGURES, LOSS) if _change(name, before, after) < 0)


def is_better(before: Figures, after: Figures) -> bool:
    """Whether a model is better than before.

    It gives the labels more probability, loses hardly more of the reporting, and at a fixed loss removes no less of
    all else. Whether that is beyond chance, `are_beyond_chance` tells.
    """
    return (
        _change(LOSS, before, after) > 0
        and _change("lost", before, after) >= -_MORE_LOST
        and _change(OTHERS, before, after) >= 0
    )


def _change(name: str, before: Figures, after: Figures) -> float:
    """How much better a figure became; 0 where there is nothing to measure."""
    old, new = before[name], after[name]
    change = 0.0 if old is None or new is None else new - old
    return -change if name in ("lost", LOSS) else change


def described(name: str, before: Figures, after: Figures) -> str:
    """A figure before and after, in words."""
    return f"{name} {before[name]:.4f} to {after[name]:.4f}"
