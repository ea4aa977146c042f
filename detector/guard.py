"""What the threshold of a document is, and which documents are kept whole.

The guard keeps a cleaner from removing text that the model does not understand. Under doubt, the threshold is lower: of
a document whose words are hardly known, only what is very certain goes. And a document of which most would go is kept
whole, unless it looks like a whole page, with its menus and lists. In a whole page, where most that is doubtful is no
reporting, the threshold is higher.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.text.paragraphs import Batch
from detector.util.arrays import Floats, Offsets, segment_sum

FAMILIAR = 0.3  # familiarity from which the threshold is the given one; below, it falls with its square
# A whole page: at least so many paragraphs would go, of at least so many kinds.
PAGE_PARAGRAPHS, PAGE_KINDS = 24, 3
PAGE_ODDS = 2  # the odds of the threshold in a whole page, relative to those of the given one; see training/RESULTS.md
MAX_REMOVED = 0.5  # the default share of a text's characters above which it is kept whole


@dataclass(frozen=True, slots=True)
class Decisions:
    """``keep`` has one row per paragraph; ``thresholds`` and ``kept_whole`` one per document."""

    keep: NDArray[np.bool_]
    thresholds: NDArray[np.float64]
    kept_whole: NDArray[np.bool_]


def decide(
    scores: NDArray[np.floating], kinds: Floats, batch: Batch, familiarity: Floats, cutoff: float, max_removed: float
) -> Decisions:
    """Decide what of a batch is kept.

    ``scores`` are the probabilities of what the policy keeps, ``(paragraphs,)``, ``kinds`` those of the kinds,
    ``(paragraphs, kinds)``; ``familiarity`` has one value per document.
    """
    limits = thresholds(cutoff, familiarity)
    keep = scores >= limits[batch.document]
    page = looks_like_page(keep, kinds, batch.bounds)
    if page.any():
        limits = np.where(page, PAGE_ODDS * limits / (1 + (PAGE_ODDS - 1) * limits), limits)
        keep = scores >= limits[batch.document]
    whole = np.zeros(batch.documents, dtype=np.bool_)
    if max_removed < 1 and not keep.all():
        whole = ~page & over_limit(keep, batch.char_end - batch.char_start, batch.bounds, max_removed)
        keep = keep | whole[batch.document]
    return Decisions(keep, limits, whole)


def thresholds(cutoff: float, familiarity: Floats) -> NDArray[np.float64]:
    """The threshold of each document, at most ``cutoff``, given how familiar its text is, from 0 to 1."""
    trust: NDArray[np.float64] = np.minimum(familiarity.astype(np.float64) / FAMILIAR, 1)
    return cutoff * trust * trust


def looks_like_page(keep: NDArray[np.bool_], kinds: Floats, bounds: Offsets) -> NDArray[np.bool_]:
    """Whether what would go of each document is what surrounds an article on a page: many paragraphs of several kinds.

    ``kinds`` are the probabilities of the kinds, ``(paragraphs, kinds)``.
    """
    page: NDArray[np.bool_] = segment_sum((~keep).astype(np.int64), bounds) >= PAGE_PARAGRAPHS
    for document in np.flatnonzero(page).tolist():
        rows = slice(bounds[document], bounds[document + 1])
        page[document] = len(np.unique(kinds[rows][~keep[rows]].argmax(axis=1))) >= PAGE_KINDS
    return page


def over_limit(keep: NDArray[np.bool_], sizes: NDArray[np.int64], bounds: Offsets, limit: float) -> NDArray[np.bool_]:
    """Whether more than the share ``limit`` of the characters of each document's paragraphs would go."""
    removed, whole = segment_sum(np.where(keep, 0, sizes), bounds), segment_sum(sizes, bounds)
    over: NDArray[np.bool_] = removed > limit * whole
    return over
