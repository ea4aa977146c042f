"""Fitting the calibration, with scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from detector.fit.data import TrainingData
from detector.fit.linear import softmax_coefficients
from detector.fit.origins import LINES
from detector.inference.calibration import label_logs, label_sums, softmax
from detector.util.arrays import Floats


def fit_calibration(data: TrainingData, logits: Floats) -> Floats:
    """Fit the calibration matrix of `detector.inference.model.Model` to out-of-fold logits, ``(paragraphs, kinds)``."""
    lines = np.array([d.origin == LINES for d in data.documents])
    known = (data.label >= 0) & ~np.repeat(lines, np.diff(data.bounds))  # lines are no text that a network reads
    logs = label_logs(label_sums(softmax(logits[known]), data.kind_labels, len(data.labels)))
    fitted = LogisticRegression(C=100, max_iter=1000).fit(
        logs, data.label[known], sample_weight=data.label_weight[known]
    )
    return np.vstack(softmax_coefficients(fitted)).astype(np.float32)
