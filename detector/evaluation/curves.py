"""What is removed of a label against what is lost of the reporting, over all thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.evaluate import LabelledRows, removed_names, rows_with_label


@dataclass(frozen=True, slots=True)
class Curve:
    """The share of a label's paragraphs that is ``removed`` against the share of reporting words that is ``lost``.

    Arrays of shares from 0 to 1, with one value per threshold, both increasing. ``removed`` is the share of the
    paragraphs that a person read.
    """

    thresholds: NDArray[np.float64]
    lost: NDArray[np.float64]
    removed: NDArray[np.float64]

    def thinned(self, points: int) -> Curve:
        """At most about this many of the points: the first, the last, and some evenly spaced on a log scale of loss."""
        if len(self.lost) <= points:
            return self
        positive = self.lost[self.lost > 0]
        wanted = np.geomspace(positive[0], positive[-1], points)
        chosen = np.unique([0, *np.searchsorted(self.lost, wanted).clip(max=len(self.lost) - 1), len(self.lost) - 1])
        return Curve(self.thresholds[chosen], self.lost[chosen], self.removed[chosen])


def curves_of(rows: LabelledRows, labels: Sequence[str]) -> dict[str, Curve]:
    """The curves of all labels but reporting, by figure, with one point for each distinct score of a reporting
    paragraph.

    A label without paragraphs that a person read has no curve.
    """
    reporting = rows.label == 0
    thresholds, first = np.unique(np.sort(rows.score[reporting]), return_index=True)
    words = np.concatenate(([0], np.cumsum(rows.words[reporting][np.argsort(rows.score[reporting], kind="stable")])))
    curves = {}
    for label, figure in removed_names(labels).items():
        scores = np.sort(rows.score[rows_with_label(rows, label, labels)])
        if len(scores) and len(thresholds):
            lost, removed = words[first] / max(words[-1], 1), np.searchsorted(scores, thresholds) / len(scores)
            curves[figure] = Curve(thresholds, lost, removed)
    return curves
