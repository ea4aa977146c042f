"""Choosing the named thresholds of a model."""

from __future__ import annotations

from detector.evaluation.threshold import threshold_at_loss
from detector.fit.config import FitConfig
from detector.fit.data import TrainingData
from detector.util.arrays import Floats


def choose_thresholds(data: TrainingData, probabilities: Floats, config: FitConfig) -> dict[str, float]:
    """For each name in ``config.max_lost_words``, the highest threshold that loses at most that share of words.

    Only the reporting in extracted texts is counted, or all reporting where there are no extracted texts.
    ``probabilities`` are the calibrated out-of-fold probabilities, ``(paragraphs, labels)``.
    """
    reporting = data.label == 0
    extracted = reporting & data.extracted
    rows = extracted if extracted.any() else reporting
    score, words = probabilities[rows, 0], data.words[rows]
    return {name: threshold_at_loss(score, words, loss) for name, loss in config.max_lost_words}
