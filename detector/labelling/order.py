"""The order in which documents teach most.

A document is worth labelling first if the model is in doubt about it, if its two steps disagree about it, and if it is
new: unlike what the model was trained on, and unlike the documents that come before it. Each of the three is taken as a
share of its largest value in these documents, and their sum decides; ties go by the order of the inputs:

- doubt: the mean doubt of the ten paragraphs that the model is most in doubt about, where a document of fewer
  paragraphs is filled up with zeros. The doubt of a paragraph is ``4 q (1 - q)``, where ``q`` are the odds of keeping
  it relative to those of the threshold, as a probability: 1 at the threshold, 0 where the model is certain.
- disagreement: the mean, over the ten paragraphs with the largest, of half the sum of the differences between the
  probabilities of the labels by the linear model alone and by the networks, likewise.
- novelty: 1 minus familiarity, and 1 minus the largest cosine similarity to a document before it, as their mean.

The greedy choice of documents that are unlike those before it is that of "maximal marginal relevance" (Carbonell and
Goldstein, 1998). After `GREEDY` documents, the similarity is that to these. Documents that came with a label for each
paragraph count as known, and come last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.features.tokens import tokenize
from detector.text.paragraphs import split
from detector.util.arrays import Floats

GREEDY = 2000  # documents that are chosen one by one
TOP = 10  # paragraphs that speak for a document
SLOTS = 128  # of a document's words


@dataclass(frozen=True, slots=True)
class Measures:
    """What the order needs of documents, one row each; ``words`` has the shape ``(documents, SLOTS)``, of length 1."""

    doubt: Floats
    disagreement: Floats
    familiarity: Floats
    words: Floats

    @classmethod
    def joined(cls, parts: Sequence[Measures]) -> Measures:
        """The measures of several batches as one."""
        return cls(
            np.concatenate([each.doubt for each in parts]), np.concatenate([each.disagreement for each in parts]),
            np.concatenate([each.familiarity for each in parts]), np.concatenate([each.words for each in parts]),
        )  # fmt: skip

    def of(self, numbers: Sequence[int]) -> Measures:
        """The measures of some of the documents."""
        rows = np.array(numbers, dtype=np.int64)
        return Measures(self.doubt[rows], self.disagreement[rows], self.familiarity[rows], self.words[rows])


def doubts(keep_scores: Floats, threshold: float) -> NDArray[np.float64]:
    """The doubt about each paragraph, from 0 to 1: how near its score is to the threshold, in odds."""
    keep = keep_scores.astype(np.float64)
    share = keep * (1 - threshold)
    both = share + (1 - keep) * threshold
    odds = np.divide(share, both, out=np.full_like(keep, 0.5), where=both > 0)
    found: NDArray[np.float64] = 4 * odds * (1 - odds)
    return found


def top_mean(values: NDArray[np.floating]) -> float:
    """The mean of the ten largest values; zeros fill them up."""
    return float(np.sort(values.astype(np.float64))[::-1][:TOP].sum() / TOP)


def words_of(text: str) -> Floats:
    """How often a text has the words of each slot, damped and scaled to length 1; zeros for a text without words."""
    hashes = tokenize(split([text])).hashes
    counts = np.bincount((hashes % np.uint64(SLOTS)).astype(np.int64), minlength=SLOTS)
    damped = np.sqrt(counts)
    length = np.sqrt((damped * damped).sum())
    return (damped / length if length else damped).astype(np.float32)


def order_of(measures: Measures, labelled: Sequence[int] = ()) -> list[int]:
    """The numbers of documents in the order that teaches most.

    Those that are ``labelled`` count as documents before all others for novelty, and come last.
    """
    fixed = _share(measures.doubt) + _share(measures.disagreement)
    unfamiliar = 1 - measures.familiarity.astype(np.float64)
    words = measures.words
    left = np.ones(len(fixed), dtype=np.bool_)
    left[list(labelled)] = False
    nearest = np.zeros(len(fixed))  # the largest similarity to a document that is chosen, or labelled
    for number in labelled:
        nearest = np.maximum(nearest, words @ words[number])
    order: list[int] = []
    for _ in range(min(GREEDY, int(left.sum()))):
        value = np.where(left, _rounded(fixed + _novelty(unfamiliar, nearest)), -np.inf)
        best = int(value.argmax())
        order.append(best)
        left[best] = False
        nearest = np.maximum(nearest, words @ words[best])
    rest = np.flatnonzero(left)
    value = _rounded(fixed + _novelty(unfamiliar, nearest))[rest]
    return [*order, *rest[np.argsort(-value, kind="stable")].tolist(), *labelled]


def _novelty(unfamiliar: NDArray[np.float64], nearest: NDArray[np.float64]) -> NDArray[np.float64]:
    return _share((unfamiliar + 1 - np.clip(nearest, 0, 1)) / 2)


def _share(values: NDArray[np.floating]) -> NDArray[np.float64]:
    largest = float(values.max()) if len(values) else 0.0
    return values.astype(np.float64) / largest if largest > 0 else np.zeros(len(values))


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the last digits, in which machines differ."""
    rounded: NDArray[np.float64] = np.round(values, 6)
    return rounded
