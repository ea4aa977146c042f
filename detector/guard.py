"""What the threshold of a document is, and which documents are kept whole.

The guard keeps a cleaner from removing text that the model does not understand. Under doubt, the threshold is lower: of
a document whose words are hardly known, only what is very certain goes. And a document of which most would go is kept
whole, unless it looks like a whole page, with its menus and lists. In a whole page, where most that is doubtful is no
reporting, the threshold is higher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.errors import UsageError
from detector.text.paragraphs import Batch
from detector.util.arrays import Floats, Offsets, segment_sum

FAMILIAR = 0.3  # familiarity from which the threshold is the given one; below, it falls with its square
# A whole page: at least so many paragraphs go with certainty, of at least so many kinds, and most of what goes does.
PAGE_PARAGRAPHS, PAGE_KINDS = 24, 3
CERTAIN = 0.5  # what goes with certainty: a score below this share of the threshold
# The odds of the threshold in a whole page, relative to those of the given one; see training/RESULTS.md. They rise from
# 1 to this while the number of certain paragraphs rises from that of a page to twice as many.
PAGE_ODDS = 2
MAX_REMOVED = 0.5  # the default share of the characters of a text's paragraphs above which it is kept whole


def check_max_removed(share: object) -> None:
    """Raise `UsageError` for anything but a number from 0 to 1."""
    if isinstance(share, bool) or not isinstance(share, int | float | np.number):
        raise UsageError(f"max_removed {share!r}: give a number from 0 to 1")
    if not 0 <= share <= 1:
        raise UsageError(f"max_removed {share}: give a share from 0 to 1; 1 keeps no document whole")


@dataclass(frozen=True, slots=True)
class Settings:
    """The threshold, the share of removed characters above which a text is kept whole, and the label of each kind.

    The share is that of the characters of the text's paragraphs: line ends and blank lines do not count.
    """

    cutoff: float
    max_removed: float
    kind_labels: Sequence[int]


@dataclass(frozen=True, slots=True)
class Decisions:
    """``keep`` has one row per paragraph; ``thresholds`` and ``kept_whole`` one per document."""

    keep: NDArray[np.bool_]
    thresholds: NDArray[np.float64]
    kept_whole: NDArray[np.bool_]


def decide(
    scores: NDArray[np.floating],
    kinds: Floats,
    batch: Batch,
    familiarity: Floats,
    settings: Settings,
) -> Decisions:
    """Decide what of a batch is kept.

    ``scores`` are the probabilities of what the policy keeps, ``(paragraphs,)``, ``kinds`` those of the kinds,
    ``(paragraphs, kinds)``; ``familiarity`` has one value per document.
    """
    limits = thresholds(settings.cutoff, familiarity)
    keep = scores >= limits[batch.document]
    certain = certain_paragraphs(scores, limits, kinds, batch, settings)
    page = certain > 0
    if page.any():
        odds = 1 + (PAGE_ODDS - 1) * np.clip((certain - PAGE_PARAGRAPHS) / PAGE_PARAGRAPHS, 0, 1)
        limits = np.where(page, odds * limits / (1 + (odds - 1) * limits), limits)
        keep = scores >= limits[batch.document]
    whole = np.zeros(batch.documents, dtype=np.bool_)
    if settings.max_removed < 1 and not keep.all():
        whole = ~page & over_limit(keep, batch.char_end - batch.char_start, batch.bounds, settings.max_removed)
        keep = keep | whole[batch.document]
    return Decisions(keep, limits, whole)


def thresholds(cutoff: float, familiarity: Floats) -> NDArray[np.float64]:
    """The threshold of each document, at most ``cutoff``, given how familiar its text is, from 0 to 1."""
    trust: NDArray[np.float64] = np.minimum(familiarity.astype(np.float64) / FAMILIAR, 1)
    return cutoff * trust * trust


def certain_paragraphs(
    scores: NDArray[np.floating], limits: NDArray[np.float64], kinds: Floats, batch: Batch, settings: Settings
) -> NDArray[np.int64]:
    """For each document that looks like a whole page, how many of its paragraphs go with certainty; 0 for all others.

    What goes of a page is what surrounds an article: many paragraphs of several kinds, none of them reporting.
    """
    bounds, limit = batch.bounds, limits[batch.document]
    certain, goes = scores < CERTAIN * limit, scores < limit
    number: NDArray[np.int64] = segment_sum(certain.astype(np.int64), bounds)
    page = (number >= PAGE_PARAGRAPHS) & (2 * number >= segment_sum(goes.astype(np.int64), bounds))
    if page.any():
        found = np.zeros((batch.documents, kinds.shape[1]), dtype=np.bool_)
        found[batch.document[certain], kinds[certain].argmax(axis=1)] = True
        page &= found[:, np.array(settings.kind_labels) != 0].sum(axis=1) >= PAGE_KINDS
    return np.where(page, number, 0)


def over_limit(keep: NDArray[np.bool_], sizes: NDArray[np.int64], bounds: Offsets, limit: float) -> NDArray[np.bool_]:
    """Whether more than the share ``limit`` of the characters of each document's paragraphs would go."""
    removed, whole = segment_sum(np.where(keep, 0, sizes), bounds), segment_sum(sizes, bounds)
    over: NDArray[np.bool_] = removed > limit * whole
    return over
