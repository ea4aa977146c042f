"""Each figure as a function of the sites that are drawn, for the bootstrap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.bootstrap import Drawn, Resampling, Sampled, Statistic, Values, ratio, resample, sums_by_unit
from detector.evaluation.confusion import MIN_PARAGRAPHS
from detector.evaluation.evaluate import (
    LOSS,
    Measured,
    at_loss_names,
    concatenate_rows,
    f1_name,
    given_labels,
    rows_with_label,
)
from detector.util.arrays import Floats

_PREFIX = 4  # times the loss: the paragraphs with the lowest scores in which the threshold is looked for first


@dataclass(frozen=True, slots=True)
class SiteFigure:
    """A figure of samples of sites. ``defined`` tells on which sites there is something to measure: ``(sites,)``."""

    defined: NDArray[np.bool_]
    statistic: Statistic

    def sample(self, settings: Resampling) -> Sampled | None:
        """The bootstrap of the figure over the sites on which it is defined."""
        return _sample(self.defined, self.statistic, settings)

    def minus(self, other: SiteFigure, settings: Resampling) -> Sampled | None:
        """The bootstrap of this figure minus another one of the same sites: both of the same samples."""
        first, second = self.statistic, other.statistic
        return _sample(self.defined | other.defined, lambda drawn: first(drawn) - second(drawn), settings)


def _sample(defined: NDArray[np.bool_], statistic: Statistic, settings: Resampling) -> Sampled | None:
    chosen = np.flatnonzero(defined)
    return resample(len(chosen), lambda drawn: statistic(chosen[drawn]), settings)


class SiteFigures:
    """The figures of `detector.evaluation.evaluate` by name, as functions of the sites that are drawn."""

    def __init__(self, documents: Sequence[Measured]) -> None:
        self._documents = documents
        self._sites = [one.scored.document.site for one in documents]
        self._index = {site: number for number, site in enumerate(dict.fromkeys(self._sites))}

    def figure(self, name: str) -> SiteFigure:
        """A figure by its name."""
        labels = self._documents[0].scored.prediction.labels
        if name in self._documents[0].shares:
            return self._ratio(name)
        if name == "macro":
            given = given_labels(concatenate_rows([one.rows for one in self._documents]), labels)
            sums = [self._sums(f1_name(label, labels)) for label in given]
            return _mean_ratio(np.array(sums).reshape(len(sums), -1, 2))
        if name == "kinds":
            return self._kinds()
        at_loss = {figure: label for label, figure in at_loss_names(labels).items()}
        return self._at_loss(at_loss[name], labels)

    def _sums(self, name: str) -> Values:
        return sums_by_unit(self._sites, [one.shares[name] for one in self._documents])

    def _ratio(self, name: str) -> SiteFigure:
        part, whole = self._sums(name).T
        return SiteFigure(whole != 0, ratio(part, whole))

    def _kinds(self) -> SiteFigure:
        number, pairs, guessed = self._kind_counts()
        totals = Counter[str]()
        for (_, kind), count in number.items():
            totals[kind] += count
        frequent = [kind for kind, count in totals.items() if count >= MIN_PARAGRAPHS]
        sums = np.zeros((len(frequent), len(self._index), 2))
        for row, kind in enumerate(frequent):
            for site in self._index.values():
                sums[row, site] = 2 * pairs[site, kind], number[site, kind] + guessed[site, kind]
        return _mean_ratio(sums)

    def _kind_counts(self) -> tuple[Counter[tuple[int, str]], ...]:
        """The paragraphs of each site and kind: in truth, in both, and by the model; those that a reader labelled."""
        number, pairs, guessed = Counter[tuple[int, str]](), Counter[tuple[int, str]](), Counter[tuple[int, str]]()
        for one, name in zip(self._documents, self._sites, strict=True):
            site, prediction = self._index[name], one.scored.prediction
            for paragraph, guess in zip(one.scored.document.paragraphs, prediction.kind_indices.tolist(), strict=True):
                if paragraph.kind and paragraph.by_reader:
                    kind = prediction.kinds[guess]
                    number[site, paragraph.kind] += 1
                    guessed[site, kind] += 1
                    pairs[site, kind] += kind == paragraph.kind
        return number, pairs, guessed

    def _at_loss(self, label: str, labels: Sequence[str]) -> SiteFigure:
        rows = concatenate_rows([one.rows for one in self._documents])
        lengths = [len(one.rows.label) for one in self._documents]
        sites = np.repeat([self._index[site] for site in self._sites], lengths).astype(np.int64)
        reporting, chosen = rows.label == 0, rows_with_label(rows, label, labels)
        order, by_score = np.argsort(rows.score[reporting], kind="stable"), np.argsort(rows.score[chosen])
        statistic = _AtLoss(
            rows.score[reporting][order], rows.words[reporting][order], sites[reporting][order],
            rows.score[chosen][by_score], sites[chosen][by_score], len(self._index),
        )  # fmt: skip
        defined = np.isin(np.arange(len(self._index)), sites[reporting | chosen])
        return SiteFigure(defined, statistic if chosen.any() else _undefined)


def _undefined(drawn: Drawn) -> Values:
    return np.full(len(drawn), np.nan)


def _mean_ratio(sums: Values) -> SiteFigure:
    """The mean of several ratios, not defined on drawn sites where one of them is not.

    ``sums`` has the shape ``(ratios, sites, 2)``, the parts and the wholes.
    """
    ratios = [ratio(*each.T) for each in sums]

    def statistic(drawn: Drawn) -> Values:
        mean: Values = np.stack([each(drawn) for each in ratios]).mean(axis=0)
        return mean

    defined: NDArray[np.bool_] = (sums[:, :, 1] != 0).any(axis=0)
    return SiteFigure(defined, statistic if len(sums) else _undefined)


class _AtLoss:
    """The share of a label removed at the threshold that loses a fixed share of the words of reporting.

    ``scores`` are those of reporting paragraphs in increasing order, with their ``words`` and ``sites``;
    ``label_scores`` those of the label's paragraphs, in increasing order as well.
    """

    def __init__(
        self, scores: Floats, words: NDArray[np.int64], sites: Drawn, label_scores: Floats, label_sites: Drawn,
        number: int,
    ) -> None:  # fmt: skip
        self._scores, self._words, self._sites = scores, words, sites
        self._label_scores, self._label_sites = label_scores, label_sites
        self._number = number
        self._site_paragraphs = np.bincount(label_sites, minlength=number)
        self._site_words = np.bincount(sites, weights=words, minlength=number)
        self._prefix = 1 + int(np.searchsorted(np.cumsum(words), _PREFIX * LOSS * words.sum()))

    def __call__(self, drawn: Drawn) -> Values:
        return np.array([self._value(np.bincount(each, minlength=self._number)) for each in drawn])

    def _value(self, times: NDArray[np.int64]) -> float:
        """The figure where each site counts so many times."""
        whole = times @ self._site_paragraphs
        if not whole:
            return float("nan")
        end = np.searchsorted(self._label_scores, np.float32(self._threshold(times)))
        return float(times[self._label_sites[:end]].sum() / whole)

    def _threshold(self, times: NDArray[np.int64]) -> float:
        """As `detector.evaluation.threshold.threshold_at_loss`, over the paragraphs that are drawn."""
        may_go = LOSS * float(self._site_words @ times)
        for end in (self._prefix, len(self._scores)):
            lost = np.cumsum(self._words[:end] * times[self._sites[:end]])
            if len(lost) and lost[-1] > may_go:
                return float(self._scores[np.searchsorted(lost, may_go, side="right")])
        return self._last(times)

    def _last(self, times: NDArray[np.int64]) -> float:
        """The highest score that is drawn, 0 if there is none: there are too few words for a loss."""
        drawn = np.flatnonzero(times[self._sites])
        return float(self._scores[drawn[-1]]) if len(drawn) else 0.0
