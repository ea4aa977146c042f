"""The reasons that lie around a paragraph: its neighbours, its position, the words that it shares with the document."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.explanation.attribution import Attribution, Block
from detector.explanation.document import Document, quoted
from detector.explanation.runs import runs
from detector.explanation.shape import count, share
from detector.explanation.trace import Doubles
from detector.features.columns import Columns
from detector.features.context import LENGTH_COLUMN, UNIT, WINDOWS
from detector.reasons import Reason
from detector.util.arrays import Offsets, segment_sum

_QUOTED = 40  # characters
_SHARED = 3  # words that are named
_NEAR = 256  # paragraphs before and after one that are told apart
_GROUP = 64  # paragraphs that are not, farther away


def _divided(first: int, end: int, at: int) -> Offsets:
    """The bounds of what can be a reason of its own for the paragraph ``at``: each near one, and groups of far ones."""
    near, far = max(first, at - _NEAR), min(end, at + 1 + _NEAR)
    return np.concatenate([np.arange(first, near, _GROUP), np.arange(near, far), np.arange(far, end, _GROUP), [end]])


def name_of(document: Document, paragraph: Offsets, at: int, rows: range, strongest: int) -> str:
    """The name of a run of ``rows`` beside the row ``at``, which quotes the one that added most.

    ``paragraph`` tells of each row which paragraph it is of.
    """
    side = "before" if rows.start < at else "after"
    nearest, farthest = (rows[-1], rows[0]) if rows.start < at else (rows[0], rows[-1])
    near, far = (abs(int(paragraph[row] - paragraph[at])) for row in (nearest, farthest))
    quotation = quoted(document.paragraph(strongest), _QUOTED)
    if near == 0:
        others = "" if far == 0 else f" and the {far:,} paragraphs {side}" if far > 1 else f" and the paragraph {side}"
        return f"other parts of it{others}, above all {quotation}"
    if near == far:
        return f"{'the paragraph' if near == 1 else f'{near:,} paragraphs'} {side}: {quotation}"
    place = f"the {far:,} paragraphs {side}" if near == 1 else f"{near:,} to {far:,} paragraphs {side}"
    return f"{place}, above all {quotation}"


class AroundReasons:
    """The reasons around the paragraphs of a block.

    ``neighbours``, ``(rows, paragraphs)``, is what every other paragraph added in all. Where long paragraphs are read
    in parts, these are the rows, and ``paragraph`` tells of each row which paragraph it is of.
    """

    def __init__(
        self, attribution: Attribution, block: Block, columns: Columns, paragraph: Offsets | None = None
    ) -> None:
        self._document, self._block, self._columns = attribution.document, block, columns
        self._paragraph = np.arange(len(attribution.document)) if paragraph is None else paragraph
        self._changes = attribution.changes[block.start : block.stop] * block.slopes
        self.neighbours, self._alone, self._itself = self._windows(attribution)

    def of(self, row: int) -> Iterator[Reason]:
        """The reasons of a paragraph, the ``row``-th of the block."""
        yield from self._neighbour_reasons(row)
        yield from self._position(row)
        yield Reason("words", "what it adds to the document as a whole", float(self._itself[row]))
        yield self._reason(row, "neighbours", "mass", "how much of the document is article")
        yield self._reason(row, "vocabulary", "vocabulary", self._shared(row))
        yield self._reason(row, "repeats", "repeats", self._repeats(row))
        yield self._reason(row, "words", "known", self._known(row))

    def _reason(self, row: int, group: str, column: str, text: str) -> Reason:
        added = float(self._changes[row, self._columns.of(column)].sum())
        return Reason(group, text, added)  # type: ignore[arg-type]

    def _windows(self, attribution: Attribution) -> tuple[Doubles, Doubles, Doubles]:
        """What each paragraph added by all that it does, what windows without a paragraph added, and the paragraph.

        Windows hold means, so that each of their paragraphs has a share: ``(rows, paragraphs)``, ``(rows, 2)`` for
        nothing before and nothing after, and ``(rows,)``.
        """
        document, block, columns = self._document, self._block, self._columns
        width = columns.labels + 1
        slopes = block.slopes[:, columns.of("windows")].reshape(-1, len(WINDOWS), width)
        mean = attribution.mean[columns.of("windows")].reshape(len(WINDOWS), width)
        lengths = np.rint(document.features.shapes[:, LENGTH_COLUMN : LENGTH_COLUMN + 1] * UNIT)
        values = np.concatenate([document.labels, lengths], axis=1) / UNIT
        number = len(document)
        at, others = np.arange(block.start, block.stop)[:, None], np.arange(number)
        neighbours, alone = block.neighbours.copy(), np.zeros((len(at), 2))
        for window, (low, high) in enumerate(WINDOWS):
            first, end = np.clip(at + low, 0, number), np.clip(at + high + 1, 0, number)
            size = np.maximum(end - first, 0)
            slope = slopes[:, window]
            shares = (slope @ values.T - (slope @ mean[window])[:, None]) / np.maximum(size, 1)
            neighbours += np.where((others >= first) & (others < end), shares, 0)
            empty = np.where(size[:, 0] == 0, -(slope @ mean[window]), 0)
            alone[:, int(low > 0)] += empty
        rows = np.arange(len(at))
        itself = neighbours[rows, at[:, 0]].copy()
        neighbours[rows, at[:, 0]] = 0
        return neighbours, alone, itself

    def _neighbour_reasons(self, row: int) -> Iterator[Reason]:
        added, at = self.neighbours[row], self._block.start + row
        for start, stop in self.blocks(row):
            value = float(added[start:stop].sum())
            strongest = start + int(np.argmax(added[start:stop] * np.sign(value)))
            name = name_of(self._document, self._paragraph, at, range(start, stop), strongest)
            yield Reason("neighbours", name, value)

    def blocks(self, row: int) -> Iterator[tuple[int, int]]:
        """The paragraphs before and after one that are a reason together, each as its first and the one after it."""
        at, number = self._block.start + row, len(self._document)
        for first, end in ((0, at), (at + 1, number)):
            if end > first:
                bounds = _divided(first, end, at)
                cuts = runs(segment_sum(self.neighbours[row, first:end], bounds - first))
                yield from pairwise(bounds[cuts].tolist())

    def _position(self, row: int) -> Iterator[Reason]:
        before, after = self._alone[row].tolist()
        at, number = self._block.start + row, len(self._document)
        place, last = int(self._paragraph[at]) + 1, int(self._paragraph[-1]) + 1
        added = float(self._changes[row, self._columns.of("position")].sum())
        yield Reason("position", f"paragraph {place:,} of {last:,}", added)
        if at == 0:
            yield Reason("position", "nothing comes before it", before)
        if at == number - 1:
            yield Reason("position", "nothing comes after it", after)

    def _shared(self, row: int) -> str:
        """The words that the paragraph shares with the rest of the document, the most informative ones first."""
        words = self._vocabulary_words(row)
        if not words:
            return "shares no less common words with the document"
        return f"shares words with the document: {', '.join(words)}"

    def _vocabulary_words(self, row: int) -> list[str]:
        document = self._document
        vocabulary = document.features.vocabulary
        at = self._block.start + row
        own = slice(vocabulary.bounds[at], vocabulary.bounds[at + 1])
        shared = np.flatnonzero(document.is_shared[own]) + own.start
        order = shared[np.argsort(-vocabulary.weight[shared], kind="stable")]
        rare: NDArray[np.int64] = document.rare[order]
        found = dict.fromkeys(document.words(word, word) for word in rare[: 4 * _SHARED].tolist())
        return [word for word in found if not any(map(str.isdigit, word))][:_SHARED]  # numbers are all alike to it

    def _repeats(self, row: int) -> str:
        at = self._block.start + row
        number = count(float(self._document.features.repeats[at, 0]))
        others = (
            f"{number:,} other paragraphs have" if number > 1 else f"{'one' if number else 'no'} other paragraph has"
        )
        if not self._document.tokens.counts[at]:
            return f"{others} no words" if number else "it is the only paragraph without words"
        digits = any(map(str.isdigit, self._document.paragraph(at)))  # the digits are alike to the model
        return f"{others} the same words{', whatever their numbers' if digits and number else ''}"

    def _known(self, row: int) -> str:
        at = self._block.start + row
        if not self._document.tokens.counts[at]:
            return "it has no unknown words"
        return f"the model knows {share(float(self._document.features.known[at, 0]))} of its words"
