"""Calibration: how often a paragraph with a score has the label. Reliability diagrams and their error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.bootstrap import Drawn, Interval, Resampling, Statistic, Values, ratio
from detector.evaluation.evaluate import Measured
from detector.evaluation.statistics import SiteFigure

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The paragraphs whose score is from ``low`` on and below ``high`` (in the last bin also 1).

    ``score`` is their mean score, ``share`` the share of them that has the label, with its interval; both are None
    where there are no paragraphs.
    """

    low: float
    high: float
    paragraphs: int
    score: float | None
    share: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration of the scores of a label, over the paragraphs that a reader labelled.

    ``error`` is the expected calibration error: the mean over paragraphs of the distance between the share and the mean
    score of their bin, from 0 to 1 (Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using
    Bayesian Binning", AAAI 2015); None without paragraphs.
    """

    label: str
    bins: tuple[Bin, ...]
    error: float | None
    interval: Interval | None


def calibration_of(documents: Sequence[Measured], settings: Resampling, bins: int = BINS) -> list[Calibration]:
    """The calibration of each label of the model, with intervals over sites."""
    labels = documents[0].scored.prediction.labels
    known = [_read(one) for one in documents]
    scores = np.concatenate(
        [one.scored.prediction.label_scores[mask] for one, mask in zip(documents, known, strict=True)]
    )
    true = np.concatenate([one.rows.label[one.rows.read] for one in documents])
    index = {site: number for number, site in enumerate(dict.fromkeys(one.scored.document.site for one in documents))}
    sites = np.repeat([index[one.scored.document.site] for one in documents], [mask.sum() for mask in known])
    return [
        _calibration(label, scores[:, number].astype(np.float64), true == number, sites, len(index), settings, bins)
        for number, label in enumerate(labels)
    ]


def _read(one: Measured) -> NDArray[np.bool_]:
    """Which paragraphs of a document have a label that a reader gave."""
    return np.array([p.label is not None and p.by_reader for p in one.scored.document.paragraphs], dtype=bool)


def _calibration(
    label: str, scores: Values, has_label: NDArray[np.bool_], sites: Drawn, number: int, settings: Resampling, bins: int
) -> Calibration:
    at = np.minimum((scores * bins).astype(int), bins - 1)
    sums = np.zeros((3, bins, number))  # paragraphs, scores, paragraphs with the label: by bin and site
    for row, values in zip(sums, (np.ones(len(scores)), scores, has_label), strict=True):
        np.add.at(row, (at, sites), values)
    by_bin = enumerate(sums.transpose(1, 0, 2))
    every = tuple(_bin(each, each_bin / bins, (each_bin + 1) / bins, settings) for each_bin, each in by_bin)
    if not len(scores):
        return Calibration(label, every, None, None)
    error = _error(sums)
    value = float(error(np.arange(number)[None, :])[0])
    sample = SiteFigure(sums[0].any(axis=0), error).sample(settings)
    return Calibration(label, every, value, sample.interval if sample else None)


def _bin(sums: Values, low: float, high: float, settings: Resampling) -> Bin:
    """A bin from its sums by site: ``(3, sites)``."""
    count, score, positive = sums.sum(axis=1).tolist()
    sample = SiteFigure(sums[0] > 0, ratio(sums[2], sums[0])).sample(settings)
    return Bin(
        low, high, int(count), score / count if count else None, positive / count if count else None,
        sample.interval if sample else None,
    )  # fmt: skip


def _error(sums: Values) -> Statistic:
    """The expected calibration error as a function of the sites that are drawn; ``sums`` are ``(3, bins, sites)``."""

    def statistic(drawn: Drawn) -> Values:
        distance = np.zeros(len(drawn))
        paragraphs = sums[0].sum(axis=0)[drawn].sum(axis=-1)
        for scores, positive in zip(sums[1], sums[2], strict=True):
            distance += np.abs((positive - scores)[drawn].sum(axis=-1))
        error: Values = distance / paragraphs
        return error

    return statistic
