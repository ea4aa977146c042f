"""The threshold at which a given share of the words of reporting is lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def threshold_at_loss(scores: NDArray[np.floating], words: NDArray[np.integer], max_lost: float) -> float:
    """The highest threshold that loses at most the share ``max_lost``, from 0 to 1, of the words.

    ``scores`` are the predicted probabilities of paragraphs that are reporting, ``words`` their numbers of words. A
    paragraph is lost if its score is below the threshold. Returns 0 where there are no paragraphs.
    """
    if not len(scores):
        return 0.0
    order = np.argsort(scores, kind="stable")
    lost = np.cumsum(words[order])
    first_over = np.searchsorted(lost, max_lost * lost[-1], side="right")
    return float(scores[order[min(first_over, len(order) - 1)]])
