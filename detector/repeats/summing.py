"""Sorted rows to counts: in how many documents of a site each paragraph occurs, and which paragraphs repeat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError, UsageError
from detector.evidence.paragraph_keys import NO_KEY
from detector.evidence.repeats_file import MAX_PARAGRAPHS, RepeatedParagraphs, Totals
from detector.repeats.rows import PARAGRAPH, Rows, opens

_MOST = np.iinfo(np.uint32).max


@dataclass(frozen=True, slots=True)
class Pruning:
    """Which paragraphs of a site repeat: those in at least so many documents, and in at least this share of them.

    Raises `UsageError` for values that are out of range.
    """

    min_documents: int = 2
    min_share: float = 0.0

    def __post_init__(self) -> None:
        if self.min_documents < 2:
            raise UsageError(f"min_documents {self.min_documents}: give at least 2")
        if not 0 <= self.min_share <= 1:
            raise UsageError(f"min_share {self.min_share}: give a share from 0 to 1")


ALL = Pruning()  # all that are in two documents


class _Counts(NamedTuple):
    """Paragraphs of sites, ``(paragraphs, 2)``, with the number of documents that each is in."""

    keys: NDArray[np.uint64]
    documents: NDArray[np.int64]


class _Found(NamedTuple):
    """Paragraphs of sites that repeat."""

    keys: NDArray[np.uint64]
    documents: NDArray[np.int64]
    of: NDArray[np.int64]


def repeated_paragraphs(blocks: Iterable[Rows], pruning: Pruning) -> RepeatedParagraphs:
    """The paragraphs that repeat, given all rows in order, each once.

    Of a paragraph that repeats on several sites, the counts of the one where it is most at home are taken: where its
    share is largest, of which few documents prove little. Raises `DataError` if there are too many.
    """
    found: list[_Found] = []
    documents = sites = paragraphs = kept = of = 0
    for counts in _counts(blocks):
        is_site = counts.keys[:, PARAGRAPH] == NO_KEY
        site_row = np.maximum.accumulate(np.where(is_site, np.arange(len(is_site)), -1))
        sizes = np.where(site_row >= 0, counts.documents[site_row], of)
        of = int(sizes[-1])
        sites += int(is_site.sum())
        documents += int(counts.documents[is_site].sum())
        paragraphs += int((~is_site).sum())
        repeats = ~is_site & (counts.documents >= np.maximum(pruning.min_documents, pruning.min_share * sizes))
        found.append(_Found(counts.keys[repeats, PARAGRAPH], counts.documents[repeats], sizes[repeats]))
        kept += len(found[-1].keys)
        if kept > MAX_PARAGRAPHS:
            raise DataError(
                f"more than {MAX_PARAGRAPHS:,} paragraphs repeat; raise --min-documents or --min-share to keep fewer"
            )
    return _by_paragraph(found, Totals(documents, sites, paragraphs))


def _counts(blocks: Iterable[Rows]) -> Iterator[_Counts]:
    """The counts of sorted rows. A paragraph whose rows are in several blocks comes once."""
    pending = _Counts(np.zeros((0, 2), dtype=np.uint64), np.zeros(0, dtype=np.int64))
    for rows in blocks:
        first = np.flatnonzero(opens(rows[:, : PARAGRAPH + 1]))
        keys, documents = rows[first, : PARAGRAPH + 1], np.diff(np.append(first, len(rows)))
        if len(pending.keys) and np.array_equal(pending.keys[0], keys[0]):
            documents[0] += pending.documents[0]
        else:
            keys = np.concatenate((pending.keys, keys))
            documents = np.concatenate((pending.documents, documents))
        pending = _Counts(keys[-1:], documents[-1:])
        if len(keys) > 1:
            yield _Counts(keys[:-1], documents[:-1])
    if len(pending.keys):
        yield pending


def _by_paragraph(found: list[_Found], totals: Totals) -> RepeatedParagraphs:
    keys = np.concatenate([each.keys for each in found] or [np.zeros(0, dtype=np.uint64)])
    documents, of = (
        np.concatenate([each[column] for each in found] or [np.zeros(0, dtype=np.int64)]) for column in (1, 2)
    )
    order = np.lexsort((of, documents, (documents - 1) / (of + 2), keys))
    keys, documents, of = keys[order], documents[order], of[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    last = np.append(first[1:], len(keys))[: len(first)] - 1
    sites = np.diff(np.append(first, len(keys)))
    return RepeatedParagraphs(keys[last], _small(documents[last]), _small(of[last]), _small(sites), totals)


def _small(numbers: NDArray[np.int64]) -> NDArray[np.uint32]:
    return np.minimum(numbers, _MOST).astype(np.uint32)
