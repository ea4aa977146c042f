"""The named thresholds of an adapted model: they rise as far as the user's labels support it.

The thresholds of a model that was trained on many sites are low, so that reporting stays on the most difficult of them.
On one publisher, an adapted model tells reporting apart with more room. How much, its held-out scores of the user's
labels show. They are few, so a threshold moves only part of the way to the one that they would choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.threshold import threshold_at_loss
from detector.fit.adapt_config import AdaptConfig
from detector.fit.adapt_data import Labels
from detector.fit.config import BALANCED
from detector.inference.model import Model
from detector.util.arrays import Floats

_SURE = 1e-6  # a probability nearer to 0 or 1 counts as this near
_MIDDLE = 0.5  # the threshold of a model that has none of the name


@dataclass(frozen=True)
class _Reporting:
    """The paragraphs that are labelled reporting: held-out scores, numbers of words, weights and folds."""

    scores: Floats
    words: NDArray[np.int64]
    weights: Floats
    fold: NDArray[np.int64]

    def without(self, fold: int) -> _Reporting:
        """All but those of a fold."""
        rows = self.fold != fold
        return _Reporting(self.scores[rows], self.words[rows], self.weights[rows], self.fold[rows])

    def lost(self, thresholds: NDArray[np.floating]) -> float:
        """The share of the words in paragraphs below their threshold; 0 where there are none."""
        return float(self.words[self.scores < thresholds].sum() / max(1, int(self.words.sum())))


def raised_thresholds(model: Model, labels: Labels, probabilities: Floats, config: AdaptConfig) -> dict[str, float]:
    """The thresholds of a model that learnt from all labels. None is below that of ``model``.

    Documents that ``model`` has learnt from already do not count: their scores are too high. ``probabilities``,
    ``(paragraphs, labels)``, are by networks that had not seen the paragraph's label.
    """
    return _chosen(model.thresholds, _reporting(labels, probabilities), config)


def held_out_thresholds(model: Model, labels: Labels, probabilities: Floats, config: AdaptConfig) -> Floats:
    """The threshold ``balanced`` for each paragraph, chosen on the labels of the other folds: ``(paragraphs,)``."""
    reporting = _reporting(labels, probabilities)
    out = unchanged_thresholds(model, labels)
    for fold in range(labels.folds):
        out[labels.fold == fold] = _chosen(model.thresholds, reporting.without(fold), config).get(BALANCED, _MIDDLE)
    return out


def unchanged_thresholds(model: Model, labels: Labels) -> Floats:
    """The threshold ``balanced`` of a model for each paragraph: ``(paragraphs,)``."""
    return np.full(len(labels.fold), model.thresholds.get(BALANCED, _MIDDLE), dtype=np.float32)


def described_thresholds(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """What became of the thresholds, in a sentence."""
    rose = [name for name in after if name in before and f"{after[name]:.2f}" != f"{before[name]:.2f}"]
    if not rose:
        return "The thresholds stay as they were."
    changes = [f"{name} from {before[name]:.2f} to {after[name]:.2f}" for name in rose if name != BALANCED]
    if BALANCED not in rose:
        return f"The default threshold stays as it was; others rise: {', '.join(changes)}."
    others = f" ({', '.join(changes)})" if changes else ""
    return f"The default threshold rises from {before[BALANCED]:.2f} to {after[BALANCED]:.2f}{others}."


def _chosen(thresholds: Mapping[str, float], reporting: _Reporting, config: AdaptConfig) -> dict[str, float]:
    """The raised thresholds. One stays where those of the other folds would lose more than allowed, and than before."""
    raised = _raised(thresholds, reporting, config)
    folds, fold = np.unique(reporting.fold, return_inverse=True)
    others = [_raised(thresholds, reporting.without(one), config) for one in folds.tolist()]
    out, higher = dict(thresholds), 1.0
    for name, old in sorted(thresholds.items(), key=lambda item: -item[1]):
        allowed = max(dict(config.max_lost_words).get(name, 0.0), reporting.lost(np.full(len(fold), old)))
        held_out = np.array([each[name] for each in others])[fold] if others else np.full(len(fold), old)
        if reporting.lost(held_out) <= allowed:
            out[name] = max(old, min(raised[name], higher))  # their order stays
        higher = out[name]
    return out


def _raised(thresholds: Mapping[str, float], reporting: _Reporting, config: AdaptConfig) -> dict[str, float]:
    """Each threshold, moved in log-odds towards the one that loses the allowed share of the words of reporting.

    It moves by the share ``n / (n + config.threshold_labels)`` of the way, where n are the labels, by weight.
    """
    number = float(reporting.weights.sum())
    share = number / (number + config.threshold_labels) if number else 0.0
    out = dict(thresholds)
    for name, allowed in config.max_lost_words:
        if name in thresholds:
            chosen = threshold_at_loss(reporting.scores, reporting.words, allowed)
            out[name] = max(thresholds[name], min(_between(thresholds[name], chosen, share), config.max_threshold))
    return out


def _between(old: float, new: float, share: float) -> float:
    """The probability that lies this share of the way up from one to another, in log-odds; the old one if not up."""
    if new <= old:
        return old
    start, end = (log(p / (1 - p)) for p in (min(max(each, _SURE), 1 - _SURE) for each in (old, new)))
    return 1 / (1 + exp(-(start + share * (end - start))))


def _reporting(labels: Labels, probabilities: Floats) -> _Reporting:
    """The reporting that may move a threshold: the model has not learnt from it in an earlier adaptation."""
    rows = (labels.fold >= 0) & (labels.sequences.label == 0) & ~labels.learnt_rows
    return _Reporting(
        probabilities[rows, 0], labels.words[rows], labels.sequences.label_weight[rows], labels.fold[rows]
    )
