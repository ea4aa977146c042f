"""The reasons that lie in a paragraph's words: which words, pairs and phrases, and what it begins and ends with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from detector.explanation.attribution import Attribution, Block
from detector.explanation.document import quoted
from detector.explanation.runs import runs
from detector.explanation.trace import Doubles
from detector.features.columns import Columns
from detector.features.ngram_words import CLOSINGS, OPENINGS, WHOLE
from detector.reasons import Reason
from detector.util.arrays import segment_sum

_FEW = 3  # words up to which a paragraph is one phrase, and a phrase is not divided
_PART = 1 / 3  # of what a word adds that the other word of the pair adds at least


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a paragraph's words, from the word ``first`` to before the word ``end``, and what it added.

    It is ``all`` of the words, what the line begins or ends with, the ``line`` as a whole, or a ``phrase``: words by
    themselves and in pairs.
    """

    part: Literal["all", "opening", "closing", "line", "phrase"]
    first: int
    end: int
    added: float


class WordReasons:
    """The reasons in the words of the paragraphs of a block."""

    def __init__(self, attribution: Attribution, block: Block, columns: Columns | None) -> None:
        self._document, self._block, self._columns = attribution.document, block, columns
        self._kinds = block.slopes[:, : len(self._document.model.kinds)]
        self._assumed = self._assumed_logits(attribution)
        self._words, self._anchors = self._ngrams()
        if columns:
            self._words += self._vectors(attribution, columns)

    def of(self, row: int) -> Iterator[Reason]:
        """The reasons of a paragraph, the ``row``-th of the block."""
        for piece in self.pieces(row):
            yield Reason("words", self._text(piece, row), piece.added)

    def pieces(self, row: int) -> list[Piece]:
        """What of a paragraph's words is a reason: few words are one, of many each phrase is, and the line's ends."""
        bounds = self._document.tokens.bounds
        first, end = bounds[self._block.start + row : self._block.start + row + 2].tolist()
        origin = int(bounds[self._block.start])
        words = self._words[first - origin : end - origin]
        openings, closings, whole = self._anchors[row].tolist()
        assumed = float(self._assumed[row])
        if end - first <= _FEW:
            return [Piece("all", first, end, float(words.sum()) + openings + closings + whole + assumed)]
        words = words + assumed / len(words)
        cuts = runs(words)
        return [
            Piece("opening", first, first + 3, openings),
            Piece("closing", end - 3, end, closings),
            Piece("line", first, end, whole),
            *(
                Piece("phrase", first + start, first + stop, value)
                for start, stop, value in zip(
                    cuts[:-1].tolist(), cuts[1:].tolist(), segment_sum(words, cuts).tolist(), strict=True
                )
            ),
        ]

    def _text(self, piece: Piece, row: int) -> str:
        document, first, end = self._document, piece.first, piece.end
        if first == end:
            return "it has no words"
        if piece.part == "line":
            return "the line as a whole"
        if piece.part == "phrase":
            origin = int(document.tokens.bounds[self._block.start])
            return self._named(self._words[first - origin : end - origin] * np.sign(piece.added), first)
        return {"all": "", "opening": "its first words: ", "closing": "its last words: "}[piece.part] + quoted(
            document.words(first, end - 1)
        )

    def _named(self, added: Doubles, first: int) -> str:
        """A phrase, and the word or pair that added most, where the phrase is longer."""
        document, number = self._document, len(added)
        phrase = quoted(document.words(first, first + number - 1))
        if number <= _FEW:
            return phrase
        start = int(np.argmax(added[:-1] + added[1:]))
        pair = added[start : start + 2]
        strongest = float(pair.max())
        of_pair = np.flatnonzero(
            pair >= min(_PART * strongest, strongest)
        )  # one word, where the other hardly adds anything
        words = document.words(first + start + int(of_pair[0]), first + start + int(of_pair[-1]))
        return f"{phrase}, above all {quoted(words)}"

    def _assumed_logits(self, attribution: Attribution) -> Doubles:
        """What the words of an average paragraph would have added, with the opposite sign, ``(rows,)``."""
        bias = self._document.model.linear.bias.astype(np.float64)
        assumed: Doubles = self._kinds @ (bias - attribution.mean[: len(bias)])
        return assumed

    def _ngrams(self) -> tuple[Doubles, Doubles]:
        """What the n-grams of each word added, ``(words,)``, and those of each line's ends, ``(rows, 3)``."""
        document, start = self._document, self._block.start
        bounds = document.tokens.bounds
        origin, end = int(bounds[start]), int(bounds[self._block.stop])
        found = np.zeros(end - origin)
        pairs, affixes, anchors = (self._values(number) for number in range(3))
        pair_words, affix_words, _ = document.ngram_words
        for values, words, group in ((pairs, pair_words, 0), (affixes, affix_words, 1)):
            rows = document.ngrams[group].bounds[[start, self._block.stop]]
            for word in (words.first, words.last):  # a pair counts by half for each of its words
                np.add.at(found, word[rows[0] : rows[1]] - origin, values / 2)
        ends = [anchors[:, part].sum(axis=1) for part in (OPENINGS, CLOSINGS, WHOLE)]
        return found, np.stack(ends, axis=1)

    def _values(self, group: int) -> Doubles:
        """What each n-gram of a group added, in the shape of its buckets."""
        document, block = self._document, self._block
        linear, ngrams = document.model.linear, document.ngrams[group]
        paragraphs = slice(block.start, block.stop)
        count = sum(each.counts[paragraphs] for each in document.ngrams)
        known = document.features.known[paragraphs, 0].astype(np.float64)
        slopes = self._kinds * linear.scale * (known / np.sqrt(np.maximum(count, 1)))[:, None]
        bounds = ngrams.bounds[block.start : block.stop + 1]
        rows = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
        weights = linear.weights[ngrams.buckets[bounds[0] : bounds[-1]]].astype(np.float64)
        values: Doubles = np.matmul(weights, slopes[rows][:, :, None])[:, :, 0]
        return values

    def _vectors(self, attribution: Attribution, columns: Columns) -> Doubles:
        """What the vector of each word added, next to that of an average paragraph, ``(words,)``."""
        document, block = self._document, self._block
        tokens, vectors = document.tokens, document.model.vectors
        words = slice(tokens.bounds[block.start], tokens.bounds[block.stop])
        rows = vectors.rows(tokens.hashes[words])
        paragraph = tokens.paragraph[words] - block.start
        known = np.bincount(paragraph, weights=rows > 0, minlength=block.stop - block.start)
        slopes = block.slopes[:, columns.of("embeddings")]
        mean = attribution.mean[columns.of("embeddings")]
        values = np.einsum("wd,wd->w", vectors.table.values[rows, 1:] - mean, slopes[paragraph])
        nothing = slopes @ -mean  # where no word has a vector
        values = np.where(rows > 0, values / np.maximum(known, 1)[paragraph], 0)
        without = known == 0
        self._assumed = self._assumed + np.where(without, nothing, 0)
        return values
