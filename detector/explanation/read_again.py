"""What the encoder added to the scores of the paragraphs that it read again, and which paragraphs' words added it.

The words of all paragraphs in a window are hidden, and shown again one paragraph after another: once from the first to
the last, and once from the last to the first. What was read elsewhere in the document is shown first, and then last.
The mean of the two changes of a score is what a paragraph's words added to it. Where no more than two act together,
these are Shapley values ("A value for n-person games", 1953). A paragraph whose words are hidden keeps its separator,
with its length, its place and the first scores. What the encoder makes of a window without words, it makes of the
paragraph itself.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from detector.encoder.model import Encoder
from detector.encoder.reading import reading_of
from detector.encoder.windows import Window
from detector.explanation.around import name_of
from detector.explanation.document import Document
from detector.explanation.outcome import Outcome, log_odds, nearest
from detector.explanation.runs import runs
from detector.explanation.trace import Doubles
from detector.inference.scores import Scores
from detector.reasons import Reason
from detector.util.arrays import Floats, Offsets

LONGEST = 500  # paragraphs of a document whose reasons are told apart: the time grows with the square of its length
_FAINT = 0.2  # log-odds: what less is said of paragraphs around one depends on the order in which they are shown


@dataclass(frozen=True, eq=False)
class ReadWindow:
    """The paragraphs of a ``window``: ``rows`` of the document, of which it decides the ``own`` ones (places in it)."""

    window: Window
    rows: range
    own: Offsets


class ReadAgain:
    """What the encoder did to the scores of one document. ``first`` are those of the small model.

    ``kept`` tells of each kind whether it is kept, ``paragraph`` of each row of the document which paragraph it is of.
    ``scores`` are those after the encoder; ``before`` and ``after`` are the log-odds of keeping each row before and
    after it. Evidence that decides comes later. ``windows`` are those that were read.
    """

    def __init__(
        self, encoder: Encoder, effort: float, document: Document, first: Scores, kept: Sequence[bool],
        paragraph: Offsets,
    ) -> None:  # fmt: skip
        self._encoder, self._document, self._paragraph = encoder, document, paragraph
        self._outcome = Outcome(replace(document.model, calibration=encoder.calibration), kept)
        paragraphs = [document.paragraph(row).strip() for row in range(len(document.batch))]
        doubtful = encoder.doubtful(first, effort)
        self._reading = reading_of(paragraphs, first.kinds, doubtful, encoder.tokenizer)
        self._vectors = encoder.vectors(self._reading)
        self._logits_read = encoder.logits(self._reading, self._vectors) if doubtful.any() else first.kinds
        self.scores = encoder.with_logits(first, doubtful, self._logits_read)
        self.before, self.after = (log_odds(self._outcome.kept_scores(each)) for each in (first, self.scores))
        self.windows = tuple(map(self._read_window, self._reading.windows))
        read = [(each, place, at) for each in self.windows for place, at in enumerate(each.own.tolist())]
        self._read_in = {each.rows[at]: (each, place) for each, place, at in read}
        self._added: dict[int, Doubles] = {}

    def __contains__(self, row: object) -> bool:
        """Whether the encoder decided about a row of the document."""
        return row in self._read_in

    def update_multipliers(self, row: int, evidence: Doubles) -> Doubles:
        """What decisive evidence, ``(kinds,)``, adds to a row that was read again, per unit, in the same shape."""
        logits = self._logits_read[row].astype(np.float64)
        multipliers: Doubles = self._outcome.update_multipliers(logits[None], evidence[None])[0]
        return multipliers

    def reasons(self, row: int, change: float) -> list[Reason]:
        """The reasons for the ``change`` of a score, which sum to it: the paragraph itself, and those around it.

        In a document of more than `LONGEST` paragraphs, there is one reason for all of it.
        """
        if len(self.after) > LONGEST:
            return [Reason("encoder", "read again, with what is around it", change)]
        window, place = self._read_in[row]
        (*words, elsewhere), at = self.added_in(window)[place], row - window.rows.start
        added = np.array(words)
        beside = [*self._beside(window, row, added, 0, at), *self._beside(window, row, added, at + 1, len(added))]
        around = [each for each in beside if abs(each.log_odds) >= _FAINT]
        if len(around) < len(beside):
            text = f"read again with the {'other ' if around else ''}paragraphs around it"
            around.append(Reason("encoder", text, float(added.sum() - added[at]) - _sum(around)))
        if len(self.windows) > 1:
            around.append(Reason("encoder", "read again with what is elsewhere in the document", float(elsewhere)))
        return [Reason("encoder", "read again: the paragraph itself", change - _sum(around)), *around]

    def _beside(self, window: ReadWindow, row: int, added: Doubles, first: int, end: int) -> Iterator[Reason]:
        """The reasons on one side of a paragraph: those from ``first`` to ``end`` in its window."""
        for start, stop in pairwise((first + runs(added[first:end])).tolist() if end > first else ()):
            value = float(added[start:stop].sum())
            strongest = start + int(np.argmax(added[start:stop] * np.sign(value)))
            name = name_of(self._document, self._paragraph, row, window.rows[start:stop], window.rows[strongest])
            yield Reason("encoder", f"read again with {name}", value)

    def added_in(self, window: ReadWindow) -> Doubles:
        """What each paragraph's words added to those that a window decides, ``(decided, paragraphs + 1)``.

        The last column is what was read elsewhere in the document.
        """
        first = window.rows[window.own[0]]  # no other window decides it
        if first not in self._added:
            number = len(window.rows)
            shown = [self.log_odds(window, range(end), True) for end in range(number)]
            from_first = [self.log_odds(window, (), False), *shown, self.log_odds(window, range(number), True)]
            to_last = [self.log_odds(window, range(start, number), False) for start in range(number + 1)]
            elsewhere = (from_first[1] - from_first[0] + from_first[-1] - to_last[0]) / 2
            words = (np.diff(from_first[1:], axis=0) - np.diff(to_last, axis=0)) / 2
            self._added[first] = np.concatenate([words, elsewhere[None]]).T
        return self._added[first]

    def log_odds(self, window: ReadWindow, shown: Container[int], elsewhere: bool) -> Doubles:
        """The log-odds of the paragraphs that a window decides, where only the words of the ``shown`` ones are seen.

        ``elsewhere`` tells whether what other windows read is seen.
        """
        return nearest(self._outcome.log_odds(self._logits(window, shown, elsewhere).astype(np.float64)))

    def _logits(self, window: ReadWindow, shown: Container[int], elsewhere: bool) -> Floats:
        part, rows = window.window, np.array(window.rows)
        hidden = {row for place, row in enumerate(window.rows) if place not in shown}
        vectors = self._vectors.copy() if elsewhere else np.zeros_like(self._vectors)
        own = slice(part.start - part.first, part.stop - part.first)
        vectors[rows[own], :-1] = self._encoder.read(self._reading, part, hidden)[own]
        vectors[rows[own], -1] = 1
        logits: Floats = self._encoder.logits(self._reading, vectors)[rows[window.own]]
        return logits

    def _read_window(self, window: Window) -> ReadWindow:
        rows, decided = self._reading.rows(window), self._reading.decided(window)
        return ReadWindow(window, range(int(rows[0]), int(rows[-1]) + 1), decided - rows[0])


def _sum(reasons: Iterable[Reason]) -> float:
    return sum(each.log_odds for each in reasons)
