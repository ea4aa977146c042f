"""Deletes reasons from what a model reads: from the inputs of its networks, or from the text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from detector.cleaner import Cleaner
from detector.explanation.around import AroundReasons
from detector.explanation.attribution import Attribution, Block
from detector.explanation.document import Document
from detector.explanation.outcome import Outcome, log_odds
from detector.explanation.shape import COLUMNS as SHAPES
from detector.explanation.shape import features
from detector.explanation.trace import Doubles
from detector.explanation.words import WordReasons
from detector.features.columns import Columns
from detector.features.context import LENGTH_COLUMN, UNIT, WINDOWS
from detector.text.paragraphs import FRONT, split
from detector.util.arrays import Floats

_GROUPS = ("position", "mass", "repeats", "vocabulary", "known")


@dataclass(frozen=True)
class Deletable:
    """A reason and what it stands for: words of the paragraph, other paragraphs, or columns of its inputs."""

    added: float
    words: tuple[int, int] | None = None
    ends: tuple[int, ...] = ()  # columns of the n-grams of the line's ends
    in_line: bool = True  # whether the words by themselves are meant
    paragraphs: tuple[int, int] | None = None
    columns: tuple[int, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether it is about text that can be deleted."""
        return (self.words is not None and self.words[0] < self.words[1]) or self.paragraphs is not None


_ENDS = {"all": (0, 1, 2, 3, 4, 5), "opening": (0, 1, 2), "closing": (3, 4), "line": (5,), "phrase": ()}


class Explained:
    """A text, the reasons for its scores, and its scores without some of them. The text is short enough to be read.

    The scores are those of the small model, also of a cleaner with an encoder (`training.explanations_encoder`).
    """

    def __init__(self, cleaner: Cleaner, text: str) -> None:
        cleaner = replace(cleaner, encoder=None, effort=0.0)
        self.cleaner, self.text = cleaner, text
        model = cleaner.model
        self.document = Document(model, text, split([text]))
        self.prediction = cleaner.predict(text)
        self.columns = Columns(len(model.labels), len(model.kinds))
        self.outcome = Outcome(model, [label == 0 for label in model.kind_labels])
        self.attribution = Attribution(self.document, self.outcome)
        self._blocks: dict[int, tuple[Block, WordReasons, AroundReasons]] = {}

    def rows(self, keep: bool) -> list[int]:
        """The paragraphs that are kept, or removed."""
        rows: list[int] = np.flatnonzero(self.prediction.keep == keep).tolist()
        return rows

    def log_odds(self, row: int) -> float:
        """The log-odds of a paragraph's score."""
        return float(log_odds(self.prediction.keep_scores[row : row + 1])[0])

    def rests(self) -> list[float]:
        """What the contributions leave of each score."""
        found: list[float] = []
        for rows in self.attribution.blocks():
            block = self.attribution.block(rows)
            own = (self.attribution.changes[block.start : block.stop] * block.slopes).sum(axis=1)
            sums = block.average + block.neighbours.sum(axis=1) + own
            found += (log_odds(self.prediction.keep_scores[block.start : block.stop]) - sums).tolist()
        return found

    def _block(self, row: int) -> tuple[Block, WordReasons, AroundReasons]:
        rows = next(rows for rows in self.attribution.blocks() if row in rows)
        if rows.start not in self._blocks:
            block = self.attribution.block(rows)
            words, around = (
                WordReasons(self.attribution, block, self.columns),
                AroundReasons(self.attribution, block, self.columns),
            )
            self._blocks[rows.start] = block, words, around
        return self._blocks[rows.start]

    def reasons(self, row: int) -> list[Deletable]:
        """The reasons for a paragraph's score, the largest first, without the average."""
        block, words, around = self._block(row)
        at = row - block.start
        found = [
            Deletable(piece.added, (piece.first, piece.end), _ENDS[piece.part], piece.part in ("all", "phrase"))
            for piece in words.pieces(at)
        ]
        found += [
            Deletable(float(around.neighbours[at, start:stop].sum()), paragraphs=(start, stop))
            for start, stop in around.blocks(at)
        ]
        added = self.attribution.changes[row] * block.slopes[at]
        shapes = self.columns.of("shapes")
        groups = [
            tuple(shapes.start + column for group in side.groups for column in SHAPES[group])
            for side in features(added[shapes])
        ]
        groups += [tuple(range(self.columns.of(name).start, self.columns.of(name).stop)) for name in _GROUPS]
        found += [Deletable(float(added[list(group)].sum()), columns=group) for group in groups]
        return sorted(found, key=lambda reason: -abs(reason.added))

    @cached_property
    def _mean(self) -> Floats:
        return self.cleaner.model.networks.mean

    def set_to_average(self, row: int, reasons: list[Deletable]) -> float:
        """The log-odds of a paragraph where what some reasons stand for is as in an average paragraph."""
        inputs = self.document.inputs.astype(np.float64)
        gone = np.zeros(len(inputs), dtype=np.bool_)
        for reason in reasons:
            inputs[row, list(reason.columns)] = self._mean[list(reason.columns)]
            if reason.paragraphs:
                gone[slice(*reason.paragraphs)] = True
            if reason.words:
                self._without_words(inputs[row], row, reason, *reason.words)
        self._without_paragraphs(inputs[row], row, gone)
        inputs[gone] = self._mean
        rows = inputs.astype(np.float32)
        logits = self.cleaner.model.networks.logits(rows, self.document.batch.bounds).astype(np.float64)
        return float(self.outcome.log_odds(logits)[row])

    def _without_words(self, inputs: Doubles, row: int, reason: Deletable, first: int, end: int) -> None:
        """Take what n-grams and vectors of words add from a paragraph's inputs, down to the average."""
        document, model = self.document, self.cleaner.model
        kinds = slice(0, len(model.kinds))
        count = sum(int(group.counts[row]) for group in document.ngrams)
        factor = model.linear.scale.astype(np.float64) * float(document.features.known[row, 0]) / np.sqrt(max(count, 1))
        anchors = document.ngrams[2].buckets[row, list(reason.ends)]
        inputs[kinds] -= model.linear.weights[anchors].sum(axis=0) * factor
        own = np.diff(document.tokens.bounds)[row]
        if not reason.in_line:
            return
        for group, words in zip(document.ngrams[:2], document.ngram_words[:2], strict=True):
            rows = slice(*group.bounds[row : row + 2])
            parts = sum(((w[rows] >= first) & (w[rows] < end)) / 2 for w in (words.first, words.last))
            weights = model.linear.weights[group.buckets[rows]].astype(np.float64)
            inputs[kinds] -= (weights * np.asarray(parts)[:, :, None]).sum(axis=(0, 1)) * factor
        share = (end - first) / own if own else 1.0
        inputs[kinds] -= share * (model.linear.bias.astype(np.float64) - self._mean[kinds])
        self._without_vectors(inputs, row, first, end)

    def _without_vectors(self, inputs: Doubles, row: int, first: int, end: int) -> None:
        document, vectors = self.document, self.cleaner.model.vectors
        columns = self.columns.of("embeddings")
        rows = vectors.rows(document.tokens.hashes[slice(*document.tokens.bounds[row : row + 2])])
        known = int((rows > 0).sum())
        gone = vectors.rows(document.tokens.hashes[first:end])
        gone = gone[gone > 0]
        if known:
            inputs[columns] -= (vectors.table.values[gone, 1:] - self._mean[columns]).sum(axis=0) / known
        elif end - first == len(rows):
            inputs[columns] = self._mean[columns]

    def _without_paragraphs(self, inputs: Doubles, row: int, gone: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        """Set the shares of some paragraphs in the windows of another one to the average."""
        document, columns = self.document, self.columns.of("windows")
        width = self.columns.labels + 1
        windows, means = inputs[columns].reshape(len(WINDOWS), width), self._mean[columns].reshape(len(WINDOWS), width)
        lengths = np.rint(document.features.shapes[:, LENGTH_COLUMN : LENGTH_COLUMN + 1] * UNIT)
        values = np.concatenate([document.labels, lengths], axis=1) / UNIT
        for window, (low, high) in enumerate(WINDOWS):
            first, end = (min(max(row + edge, 0), len(gone)) for edge in (low, high + 1))
            if end > first:
                changes = (values[first:end] - means[window])[gone[first:end]]
                windows[window] -= changes.sum(axis=0) / (end - first)

    def deleted(self, row: int, reasons: list[Deletable]) -> float | None:
        """The log-odds of a paragraph where words and other paragraphs are deleted from the text, which is read again.

        None where nothing is left of the paragraph.
        """
        batch, tokens = self.document.batch, self.document.tokens
        encoded = self.text.encode("utf-8", "surrogatepass")
        paragraphs = [
            encoded[start - FRONT : end - FRONT]
            for start, end in zip(batch.start.tolist(), batch.end.tolist(), strict=True)
        ]
        gone = {at for reason in reasons if reason.paragraphs for at in range(*reason.paragraphs)}
        words = sorted({word for reason in reasons if reason.words for word in range(*reason.words)}, reverse=True)
        own, origin = bytearray(paragraphs[row]), int(batch.start[row])
        for word in words:
            del own[int(tokens.start[word]) - origin : int(tokens.end[word]) - origin]
        line = b" ".join(bytes(own).split())
        if not line:
            return None
        paragraphs[row] = line
        text = b"\n".join(line for at, line in enumerate(paragraphs) if at not in gone).decode("utf-8", "surrogatepass")
        left = row - sum(at < row for at in gone)
        return float(log_odds(self.cleaner.predict(text).keep_scores[left : left + 1])[0])
