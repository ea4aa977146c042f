"""Choosing the named thresholds of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.labelled import LabelledDocument
from detector.evaluation.threshold import threshold_at_loss
from detector.fit.config import FitConfig
from detector.fit.origins import CLEAN
from detector.util.arrays import Floats, Offsets
from detector.util.languages import language_code

_SHORT = 3  # paragraphs of a short document, at most
_MIN_SITES = 100  # of a group: the share that is lost on fewer sites says little
_FINE = 1000  # a word counts as this many where some count less
# The scores of separable data are near 1, and so would the threshold be: above nearly all scores of reporting on sites
# that are a little different. Nothing is known of thresholds so high; that of `strict` on many sites is 0.64.
MAX_THRESHOLD = 0.9
_LARGEST_SITE = 1 / 20  # of the words of a group: what a site has beyond that does not count


class LabelledRows(Protocol):
    """Labelled documents, with one row per paragraph; `detector.fit.data.TrainingData` says what the arrays are."""

    @property
    def documents(self) -> Sequence[LabelledDocument]: ...  # noqa: D102
    @property
    def bounds(self) -> Offsets: ...  # noqa: D102
    @property
    def label(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def extracted(self) -> NDArray[np.bool_]: ...  # noqa: D102
    @property
    def words(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def site(self) -> NDArray[np.int64]: ...  # noqa: D102


def choose_thresholds(data: LabelledRows, probabilities: Floats, config: FitConfig) -> dict[str, float]:
    """For each name in ``config.max_lost_words``, the highest threshold that loses at most that share of words.

    None is above `MAX_THRESHOLD`. The share holds in each of the `_groups`. Only the reporting in extracted texts and
    in clean texts is counted, or all reporting where there is none. ``probabilities`` are the calibrated out-of-fold
    probabilities, ``(paragraphs, labels)``.
    """
    reporting = data.label == 0
    clean = np.array([d.origin == CLEAN for d in data.documents])[_document(data)]
    counted = reporting & (data.extracted | clean)
    rows = counted if counted.any() else reporting
    groups = [(probabilities[group, 0], _words(data, group)) for group in _groups(data, rows)]
    return {
        name: min(MAX_THRESHOLD, *(threshold_at_loss(scores, words, loss) for scores, words in groups))
        for name, loss in config.max_lost_words
    }


def _groups(data: LabelledRows, rows: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """All of the rows; those in the commonest language, in all others, and in short documents, from enough sites."""
    yield rows
    document = _document(data)
    languages = np.array([language_code(d.lang) or "" for d in data.documents])[document]
    if not rows.any():
        return
    commonest = Counter(languages[rows].tolist()).most_common(1)[0][0]
    common, short = languages == commonest, np.diff(data.bounds)[document] <= _SHORT
    for group in (rows & common, rows & ~common, rows & short):
        if len(np.unique(data.site[group])) >= _MIN_SITES:
            yield group


def _words(data: LabelledRows, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The words of the paragraphs of a group, fewer for those of its largest sites."""
    words, site = data.words[rows], data.site[rows]
    by_site = np.bincount(site, words)
    if np.count_nonzero(by_site) < _MIN_SITES:
        return words
    most = _LARGEST_SITE * by_site.sum()
    factor = np.minimum(1, most / np.maximum(by_site, 1))[site]
    capped: NDArray[np.int64] = np.rint(_FINE * words * factor).astype(np.int64)
    return capped


def _document(data: LabelledRows) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(data.documents)), np.diff(data.bounds))
