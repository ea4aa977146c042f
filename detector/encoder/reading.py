"""What the encoder reads of a document: numbers for all its paragraphs, and windows around those in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.encoder.tokens import ParagraphTokenizer, describe
from detector.encoder.windows import Window, surroundings, windows
from detector.inference.elementary import logarithm
from detector.text.paragraphs import Batch
from detector.util.arrays import Floats, Offsets

SMALLEST = np.float32(1e-6)  # the encoder sees no probability below this one
LOGS_DIVISOR = 4  # of the logarithms of probabilities, where they are read as numbers


@dataclass(frozen=True, eq=False)
class Reading:
    """A document with paragraphs in doubt.

    ``doubtful`` and ``numbers``, which describe a paragraph, have one row per paragraph, and ``logs``,
    ``(paragraphs, kinds)``, are the logarithms of the small model's probabilities. ``words`` are the tokens of the
    paragraphs ``near`` those in doubt. The ``windows`` are given in entries of ``near``.
    """

    doubtful: NDArray[np.bool_]
    numbers: Floats
    logs: Floats
    near: Offsets
    words: Sequence[NDArray[np.int64]]
    windows: tuple[Window, ...]

    def rows(self, window: Window) -> Offsets:
        """The paragraphs that a window holds."""
        rows: Offsets = self.near[window.first : window.last]
        return rows

    def decided(self, window: Window) -> Offsets:
        """The paragraphs that a window decides."""
        rows: Offsets = self.near[window.start : window.stop]
        return rows[self.doubtful[rows]]


def readings(
    texts: Sequence[str], batch: Batch, kinds: Floats, doubtful: NDArray[np.bool_], tokenizer: ParagraphTokenizer
) -> Iterator[tuple[slice, Reading]]:
    """The documents of a batch that have paragraphs in doubt, and the rows of the batch that each has.

    ``kinds`` are the small model's probabilities, and ``doubtful`` tells which paragraphs are in doubt.
    """
    for document in np.unique(batch.document[doubtful]).tolist():
        rows = slice(*batch.bounds[document : document + 2].tolist())
        places = zip(batch.char_start[rows].tolist(), batch.char_end[rows].tolist(), strict=True)
        paragraphs = [texts[document][start:end].strip() for start, end in places]
        yield rows, reading_of(paragraphs, kinds[rows], doubtful[rows], tokenizer)


def reading_of(
    paragraphs: Sequence[str], kinds: Floats, doubtful: NDArray[np.bool_], tokenizer: ParagraphTokenizer
) -> Reading:
    """What is read of a document, given its paragraphs without blanks at their ends, and the rows of `readings`."""
    count = len(paragraphs)
    bounds = np.array([0, count])
    near, stretches = surroundings(doubtful, np.zeros(count, dtype=np.int64), bounds)
    logs = logarithm(np.maximum(kinds, SMALLEST))
    lengths = np.array([*map(len, paragraphs)], dtype=np.int64)
    numbers = np.concatenate([describe(lengths, bounds), logs / LOGS_DIVISOR], axis=1)
    tokens = tokenizer([paragraphs[row] for row in near.tolist()])
    found = tuple(windows(tokens.sizes, doubtful[near], stretches))
    return Reading(doubtful, numbers, logs, near, np.split(tokens.ids, tokens.bounds[1:-1]), found)
