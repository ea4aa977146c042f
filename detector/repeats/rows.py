"""Rows of a count: one for each paragraph of each document, as three 64-bit hashes: site, paragraph, document.

A row whose paragraph is `NO_KEY` stands for the document itself. So the number of rows of a paragraph, once equal rows
are one, is the number of documents with it, and that of the first rows of a site is the number of its documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.uint64]  # of shape (rows, 3)
SITE, PARAGRAPH, DOCUMENT = range(3)
COLUMNS = 3


def sorted_rows(rows: Rows) -> Rows:
    """The rows in order, each once."""
    ordered = rows[np.lexsort((rows[:, DOCUMENT], rows[:, PARAGRAPH], rows[:, SITE]))]
    return ordered[opens(ordered)]


def opens(rows: Rows) -> NDArray[np.bool_]:
    """Which rows differ from the one before; the first one does."""
    different = np.ones(len(rows), dtype=np.bool_)
    different[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return different


def merged(sources: Sequence[Iterator[Rows]]) -> Iterator[Rows]:
    """Merge sources of sorted rows, each in blocks, into blocks of sorted rows, each row once.

    At most one block of each source is in memory.
    """
    heads = [(block, source) for source in sources if (block := next(source, None)) is not None]
    while heads:
        cut = min(tuple(block[-1].tolist()) for block, _ in heads)
        ends = [_end(block, cut) for block, _ in heads]
        yield sorted_rows(np.concatenate([block[:end] for (block, _), end in zip(heads, ends, strict=True)]))
        rest = [(block[end:], source) for (block, source), end in zip(heads, ends, strict=True)]
        heads = [(block, source) for head, source in rest if (block := _filled(head, source)) is not None]


def _filled(block: Rows, source: Iterator[Rows]) -> Rows | None:
    """A block, or the next one of its source if it is empty; None at the end."""
    return block if len(block) else next(source, None)


def _end(rows: Rows, cut: tuple[int, ...]) -> int:
    """The number of sorted rows that do not come after the row ``cut``."""
    first, last = 0, len(rows)
    for column, value in enumerate(cut):
        values = rows[first:last, column]
        low, high = (int(np.searchsorted(values, np.uint64(value), side)) for side in ("left", "right"))
        first, last = first + low, first + high
        if first == last:
            break
    return last
