"""Documents of different sites that are nearly the same: they must not be split between training and evaluation.

Two documents are compared by their shingles, all runs of three words: their similarity is the number of shingles that
both have, divided by the number that at least one has (Jaccard index; Broder, On the resemblance and containment of
documents, 1997). It is exact, not estimated, except that shingles which very many documents have do not count. Words
are those of the features: one digit is as good as another, and case does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.features.tokens import tokenize
from detector.text.paragraphs import split
from detector.util.arrays import Hashes, Offsets

SIMILARITY = 0.7  # from which on documents are near-duplicates
MIN_WORDS = 20  # of a document; shorter ones are alike without being copies
_MIXED, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)
_PRODUCTS = 200_000_000  # pairs of documents that share a shingle, over all shingles: it bounds time
_ROWS = 256  # documents that are compared with all others at a time: it bounds memory


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Documents that are connected by similar pairs, by their numbers; ``similarity`` is that of the nearest pair."""

    documents: tuple[int, ...]
    similarity: float


@dataclass(frozen=True, slots=True)
class _Pairs:
    first: Offsets
    second: Offsets
    similarity: NDArray[np.float64]


class Shingles:
    """The shingles of documents, which are numbered in the order in which they are added.

    Memory is 12 bytes for each word, and about five times as much while near-duplicates are looked for.
    """

    def __init__(self) -> None:
        self._documents = 0
        self._owners: list[NDArray[np.int32]] = []
        self._hashes: list[Hashes] = []

    def add(self, texts: Sequence[str]) -> None:
        """Add documents."""
        batch = split(texts)
        tokens = tokenize(batch)
        owner = batch.document[tokens.paragraph].astype(np.int32)
        long = np.bincount(owner, minlength=len(texts)) >= MIN_WORDS
        words = tokens.hashes
        hashes = _mix(_mix(words[:-2]) + words[1:-1]) + words[2:]
        inside = (owner[:-2] == owner[2:]) & long[owner[:-2]]
        owners, hashes = owner[:-2][inside], hashes[inside]
        order = np.lexsort((hashes, owners))
        owners, hashes = owners[order], hashes[order]
        new = np.ones(len(hashes), dtype=bool)
        new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
        self._owners.append(owners[new] + np.int32(self._documents))
        self._hashes.append(hashes[new])
        self._documents += len(texts)

    def near_duplicates(self, sites: Sequence[str], similarity: float = SIMILARITY) -> list[NearDuplicates]:
        """Groups of near-duplicates that are on several sites, those with the most documents first.

        ``sites`` are those of the documents, in order; ``similarity`` is from 0 to 1.
        """
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        if not any(map(len, self._owners)):
            return []
        numbers = np.unique(np.array(sites, dtype=object), return_inverse=True)[1].astype(np.int32)
        self._owners, self._hashes = [np.concatenate(self._owners)], [np.concatenate(self._hashes)]
        owners, hashes = self._owners[0], self._hashes[0]
        found = [*_similar(owners, hashes, numbers, similarity), _equal(owners, hashes, numbers)]
        first, second, near = (np.concatenate([getattr(pairs, name) for pairs in found]) for name in _Pairs.__slots__)
        size = self._documents
        group = connected_components(coo_array((np.ones(len(first)), (first, second)), shape=(size, size)))[1]
        return _grouped(group, first, second, near)


def _mix(values: Hashes) -> Hashes:
    mixed: Hashes = (values ^ (values >> _SHIFT)) * _MIXED
    return mixed


def _similar(
    owners: NDArray[np.int32], hashes: Hashes, sites: NDArray[np.int32], similarity: float
) -> Iterator[_Pairs]:
    """The pairs of documents of different sites that are at least as similar as that."""
    order = np.argsort(hashes, kind="stable")
    owners, hashes = owners[order], hashes[order]
    starts = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1]))
    counts = np.diff(np.append(starts, len(hashes)))
    of_site = sites[owners]
    shared = np.minimum.reduceat(of_site, starts) != np.maximum.reduceat(of_site, starts)
    common = shared & (counts > _most_common(counts[shared]))
    rows = np.repeat(shared & ~common, counts)
    sizes = np.bincount(owners[~np.repeat(common, counts)], minlength=len(sites))
    column = np.repeat(np.cumsum(shared & ~common) - 1, counts)[rows]
    yield from _pairs(_matrix(owners[rows], column, len(sites)), sizes, sites, similarity)


def _most_common(counts: Offsets) -> int:
    """How many documents may have a shingle that counts, so that not too many pairs are compared."""
    ordered = np.sort(counts)
    within = int((np.cumsum(ordered.astype(float) ** 2) <= _PRODUCTS).sum())
    return int(ordered[-1]) if within == len(ordered) and within else int(ordered[within]) - 1 if len(ordered) else 0


def _matrix(rows: NDArray[np.int32], columns: Offsets, documents: int) -> Any:  # noqa: ANN401 - scipy has no types
    """Which document has which shingle, as a sparse matrix of ones."""
    from scipy.sparse import csr_array

    width = int(columns.max()) + 1 if len(columns) else 1
    return csr_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(documents, width))


def _pairs(matrix: Any, sizes: Offsets, sites: NDArray[np.int32], similarity: float) -> Iterator[_Pairs]:  # noqa: ANN401
    transposed = matrix.T.tocsr()
    for start in range(0, matrix.shape[0], _ROWS):
        block = (matrix[start : start + _ROWS] @ transposed).tocoo()
        first, second = block.row.astype(np.int64) + start, block.col.astype(np.int64)
        index = block.data / np.maximum(sizes[first] + sizes[second] - block.data, 1)
        near = (first < second) & (sites[first] != sites[second]) & (index >= similarity)
        yield _Pairs(first[near], second[near], index[near])


def _equal(owners: NDArray[np.int32], hashes: Hashes, sites: NDArray[np.int32]) -> _Pairs:
    """Each document with the first one on another site that has the same shingles, however common they are."""
    starts = np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))
    sums = np.add.reduceat(_mix(hashes), starts)
    first, inverse = np.unique(sums, return_index=True, return_inverse=True)[1:]
    documents = owners[starts].astype(np.int64)
    earlier = documents[first[inverse]]
    other = sites[documents] != sites[earlier]
    return _Pairs(earlier[other], documents[other], np.ones(int(other.sum())))


def _grouped(
    group: NDArray[np.int32], first: Offsets, second: Offsets, near: NDArray[np.float64]
) -> list[NearDuplicates]:
    members = np.unique(np.concatenate((first, second)))
    members = members[np.argsort(group[members], kind="stable")]
    best = np.zeros(int(group.max()) + 1)
    np.maximum.at(best, group[first], near)
    parts = np.split(members, np.flatnonzero(np.diff(group[members])) + 1) if len(members) else []
    found = [NearDuplicates(tuple(part.tolist()), float(best[group[part[0]]])) for part in parts]
    return sorted(found, key=lambda each: (-len(each.documents), each.documents))
