"""What evidence says of the paragraphs of a batch, and how it counts: before the networks, and after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from detector.evidence.base import Evidence
from detector.inference.calibration import label_sums
from detector.inference.elementary import exponential
from detector.inference.model import Model
from detector.inference.scores import Backend, Scores
from detector.text.paragraphs import Batch
from detector.util.arrays import Floats, Offsets

# Log-odds on either side. Beyond it, what the networks read would hardly pull more of the right paragraphs along, but
# more of the wrong ones (training/RESULTS.md).
MOST_BEFORE = np.float32(10)
MOST_AFTER = np.float32(20)  # log-odds on either side

# The logits of some paragraphs by the linear model, without evidence.
LinearLogits: TypeAlias = Callable[[Offsets], Floats]
# Reads the paragraphs of a batch again: from the probabilities before to those after.
Correct: TypeAlias = Callable[[Batch, Scores], Scores]


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of paragraphs beside their texts: log-odds of their kinds, ``(paragraphs, kinds)``, or None.

    ``hints`` count before the networks only; ``decisive`` is of evidence that decides (`Evidence.decides`).
    """

    hints: Floats | None = None
    decisive: Floats | None = None

    @cached_property
    def _decided(self) -> Offsets:
        """The paragraphs on which there is decisive evidence."""
        decided: Offsets = np.flatnonzero(np.zeros(0) if self.decisive is None else self.decisive.any(axis=1))
        return decided

    def of_rows(self, rows: Offsets) -> Known:
        """What is known of some of the paragraphs."""
        return Known(*(None if each is None else each[rows] for each in (self.hints, self.decisive)))

    def before(self, model: Model, linear_logits: LinearLogits) -> Floats | None:
        """What to add to the logits of the linear model, ``(paragraphs, kinds)``; None where there is nothing to add.

        Of decisive log-odds, at most `MOST_BEFORE` count, and what holds for all kinds of a label counts for one of
        them (`on_one_kind`).
        """
        if self.decisive is None:
            return self.hints
        added, rows = np.zeros_like(self.decisive), self._decided
        added[rows] = np.clip(self.decisive[rows], -MOST_BEFORE, MOST_BEFORE)
        rows = rows[np.any([common[:, 0] for _, common in _common(added[rows], model)], axis=0)]
        if len(rows):
            added[rows] = on_one_kind(added[rows], linear_logits(rows), model)
        return added if self.hints is None else added + self.hints

    def after(self, model: Model, scores: Scores) -> Scores:
        """The probabilities with the decisive log-odds, by Bayes' rule. Those of other paragraphs stay as they are."""
        if self.decisive is None:
            return scores
        rows = self._decided
        labels, kinds = scores.labels.copy(), scores.kinds.copy()
        labels[rows], kinds[rows] = _updated(kinds[rows], self.decisive[rows], model)
        return Scores(labels, kinds, scores.familiarity)


NOTHING = Known()


def gather(
    evidence: Sequence[Evidence], model: Model, paragraphs: Sequence[str], bounds: Offsets | None = None
) -> Known:
    """What several pieces of evidence say together, given as `Evidence.logits` is.

    Raises `UsageError` for one that does not fit the model.
    """
    sums: dict[bool, Floats | None] = {False: None, True: None}
    for each in evidence:
        if (log_odds := each.logits(model, paragraphs, bounds)) is not None:
            others = sums[each.decides]
            sums[each.decides] = log_odds if others is None else others + log_odds
    return Known(hints=sums[False], decisive=sums[True])


def predict(backend: Backend, model: Model, batch: Batch, known: Known, read_again: Correct) -> Scores:
    """The probabilities of every paragraph of a batch, given what is known of it.

    What decides counts last: after the model, and after what ``read_again`` makes of its probabilities.
    """

    def linear_logits(rows: Offsets) -> Floats:
        return backend.linear_logits(model, _some(batch, rows))

    scores = backend.predict(model, batch, known.before(model, linear_logits))
    return known.after(model, read_again(batch, scores))


def on_one_kind(log_odds: Floats, linear_logits: Floats, model: Model) -> Floats:
    """Log-odds for a label as such for one kind of it: the one that the linear model finds the most probable.

    Both are ``(paragraphs, kinds)``. The networks have learned from paragraphs of which one kind is probable, and not
    all kinds of a label alike. Against a label, all kinds of it count.
    """
    moved, rows = log_odds.copy(), np.arange(len(log_odds))
    for kinds, common in _common(log_odds, model):
        best = kinds[linear_logits[:, kinds].argmax(axis=1)]
        moved[:, kinds] -= common
        moved[rows, best] += common[:, 0]
    return moved


def _common(log_odds: Floats, model: Model) -> list[tuple[Offsets, Floats]]:
    """For each label its kinds, and what speaks for all of them, ``(paragraphs, 1)``."""
    labels = np.array(model.kind_labels)
    of_labels = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return [(kinds, np.maximum(log_odds[:, kinds].min(axis=1, keepdims=True), 0)) for kinds in of_labels]


def _updated(kinds: Floats, log_odds: Floats, model: Model) -> tuple[Floats, Floats]:
    """The probabilities of labels and kinds, from those of the kinds before. The order of all sums is fixed."""
    limited = np.clip(log_odds, -MOST_AFTER, MOST_AFTER)
    odds = kinds * exponential(limited - limited.max(axis=1, keepdims=True, initial=-np.inf))
    labels = label_sums(odds, model.kind_labels, len(model.labels))
    total = label_sums(labels, [0] * len(model.labels), 1)  # at least e**-40: the largest probability is not small
    return labels / total, odds / total


def _some(batch: Batch, rows: Offsets) -> Batch:
    """Some paragraphs of a batch, as if they were one text."""
    return replace(
        batch, document=np.zeros(len(rows), dtype=np.int64), start=batch.start[rows], end=batch.end[rows],
        char_start=batch.char_start[rows], char_end=batch.char_end[rows], bounds=np.array([0, len(rows)]),
    )  # fmt: skip
