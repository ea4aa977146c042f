"""Which stretches of documents the encoder reads: windows around the paragraphs in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.encoder.tokens import MOST_TOKENS
from detector.util.arrays import Offsets

LENGTH = 256  # tokens of a window, at most, with one separator per paragraph
_BEFORE, _AFTER = 64, MOST_TOKENS  # tokens of a window that are read for their context, at most: one paragraph or more
_PARAGRAPHS_BEFORE, _PARAGRAPHS_AFTER = 12, 6  # paragraphs of such context, at most


@dataclass(frozen=True)
class Window:
    """The paragraphs ``first`` to ``last``, end excluded; it decides those in doubt from ``start`` to ``stop``."""

    first: int
    last: int
    start: int
    stop: int


def windows(sizes: Offsets, doubtful: NDArray[np.bool_], bounds: Offsets) -> Iterator[Window]:
    """Windows of a batch: each paragraph in doubt is decided by one of them, with some context on both sides.

    ``sizes`` are the tokens of each paragraph and ``doubtful`` tells which are in doubt, both ``(paragraphs,)``;
    stretch ``s`` has the paragraphs ``bounds[s]`` to ``bounds[s + 1]``. No paragraph has more than `MOST_TOKENS`.
    """
    ends = np.concatenate(([0], np.cumsum(sizes)))
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = begin + np.flatnonzero(doubtful[begin:end])
        at = 0
        while at < len(rows):
            start = int(rows[at])
            first = max(begin, int(np.searchsorted(ends, ends[start] - _BEFORE)))
            reach = int(np.searchsorted(ends, ends[first] + LENGTH - _AFTER, side="right")) - 1
            last_of_all = int(np.searchsorted(ends, ends[first] + LENGTH, side="right")) - 1
            stop = min(end, last_of_all) if last_of_all >= end else max(reach, start + 1)
            inside = rows[at : np.searchsorted(rows, stop)]
            # a window ends where no doubt follows for so long that another one costs less
            gaps = np.flatnonzero(ends[inside[1:]] - ends[inside[:-1] + 1] > _BEFORE + _AFTER)
            if len(gaps):
                inside = inside[: gaps[0] + 1]
            stop = int(inside[-1]) + 1
            at += len(inside)
            last = min(end, last_of_all, int(np.searchsorted(ends, ends[stop] + _AFTER, side="right")) - 1)
            yield Window(first, last, start, stop)


def surroundings(doubtful: NDArray[np.bool_], document: Offsets, bounds: Offsets) -> tuple[Offsets, Offsets]:
    """The paragraphs in doubt and those around them, and the bounds of their stretches without gaps.

    ``doubtful`` and ``document``, the index of its document, have one entry per paragraph; document ``d`` has the
    paragraphs ``bounds[d]`` to ``bounds[d + 1]``. Stretch ``s`` has the entries from
    the number ``s`` to the number ``s + 1`` of the second result.
    """
    rows = np.flatnonzero(doubtful)
    change = np.zeros(len(doubtful) + 1, dtype=np.int64)
    np.add.at(change, np.maximum(rows - _PARAGRAPHS_BEFORE, bounds[document[rows]]), 1)
    np.add.at(change, np.minimum(rows + _PARAGRAPHS_AFTER + 1, bounds[document[rows] + 1]), -1)
    near = np.flatnonzero(np.cumsum(change[:-1]))
    parted = (np.diff(near) > 1) | (np.diff(document[near]) > 0)
    return near, np.concatenate(([0], np.flatnonzero(parted) + 1, [len(near)]))
