"""A text as the model reads it: its paragraphs, their features, and the inputs of the networks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.evidence.known import NOTHING, Known
from detector.features.context import DocumentFeatures, document_features, network_inputs, quantize
from detector.features.hashing import word_buckets
from detector.features.ngram_words import NgramWords, ngram_words
from detector.features.ngrams import Ngrams, ngrams
from detector.features.shapes import shapes
from detector.features.tokens import Tokens, tokenize
from detector.inference.calibration import softmax
from detector.inference.model import Model
from detector.text.paragraphs import FRONT, Batch
from detector.util.arrays import Floats, Offsets

_QUOTED = 60  # characters of a quotation
_DOUBLE = tuple('"“”„«»')  # quotation marks


@dataclass(frozen=True, eq=False)
class Document:
    """One text, and its paragraphs as the rows of a batch; ``known`` is what is known beside the text."""

    model: Model
    text: str
    batch: Batch
    known: Known = NOTHING

    def __len__(self) -> int:
        return len(self.batch)

    @cached_property
    def tokens(self) -> Tokens:
        """The words of the text."""
        return tokenize(self.batch)

    @cached_property
    def features(self) -> DocumentFeatures:
        """The features that do not depend on scores."""
        model, batch, tokens = self.model, self.batch, self.tokens
        return document_features(batch, tokens, shapes(batch, tokens), model.idf, model.vectors)

    @cached_property
    def ngrams(self) -> tuple[Ngrams, ...]:
        """The hashed n-grams."""
        return ngrams(self.batch, self.tokens)

    @cached_property
    def ngram_words(self) -> tuple[NgramWords, ...]:
        """The words of each n-gram."""
        return ngram_words(self.batch, self.tokens)

    @cached_property
    def linear_logits(self) -> Floats:
        """The logits of the linear model, ``(paragraphs, kinds)``."""
        return self.model.linear.logits(self.ngrams, self.features.known)

    @cached_property
    def evidence(self) -> Floats | None:
        """What is added to the logits of the linear model."""
        return self.known.before(self.model, lambda rows: self.linear_logits[rows])

    @cached_property
    def logits(self) -> Floats:
        """The logits of the linear model, with the evidence, ``(paragraphs, kinds)``."""
        return self.linear_logits if self.evidence is None else self.linear_logits + self.evidence

    @cached_property
    def probabilities(self) -> Floats:
        """The probabilities of the kinds by the linear model."""
        return softmax(self.logits)

    @cached_property
    def labels(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """The probabilities of the labels by the linear model, in whole numbers."""
        return quantize(self.probabilities) @ self.model.membership.astype(np.int64)

    @cached_property
    def inputs(self) -> Floats:
        """The inputs of the networks before they are standardized."""
        return network_inputs(self.features, self.logits, self.probabilities, self.model.membership)

    @cached_property
    def rare(self) -> Offsets:
        """The words that are in the vocabulary of the text, as indices of `tokens`."""
        return np.flatnonzero(self.model.idf[word_buckets(self.tokens.hashes)])

    @cached_property
    def is_shared(self) -> NDArray[np.bool_]:
        """Whether each of `rare` stands in another paragraph, too; unlike the features, without collisions."""
        paragraph = self.tokens.paragraph[self.rare]
        _, word = np.unique(self.tokens.hashes[self.rare], return_inverse=True)
        first, last = np.full(len(word), len(self)), np.full(len(word), -1)
        np.minimum.at(first, word, paragraph)
        np.maximum.at(last, word, paragraph)
        shared: NDArray[np.bool_] = first[word] != last[word]
        return shared

    @cached_property
    def _bytes(self) -> bytes:
        return self.text.encode("utf-8", "surrogatepass")

    def words(self, first: int, last: int) -> str:
        """The text from one word to another, the last one included."""
        start, end = int(self.tokens.start[first]) - FRONT, int(self.tokens.end[last]) - FRONT
        return self._bytes[start:end].decode("utf-8", "surrogatepass")

    def paragraph(self, row: int) -> str:
        """The text of a paragraph, or of a part of one."""
        return self.text[int(self.batch.char_start[row]) : int(self.batch.char_end[row])]


def quoted(text: str, most: int = _QUOTED) -> str:
    """A text in quotation marks, on one line; a long one, of more than ``most`` characters, without its middle.

    The marks are single ones where the text begins or ends with a double one.
    """
    near = 4 * most  # what lies between is not looked at: a paragraph may be long
    line = " ".join((text if len(text) <= 2 * near else text[:near] + text[-near:]).split())
    if len(line) <= most:
        return _in_marks(line)
    end = most // 3
    head, tail = line[: most - end - 3], line[-end:]
    head = head if line[len(head)] == " " or " " not in head else head[: head.rindex(" ")]
    tail = tail if line[-end - 1] == " " or " " not in tail else tail[tail.index(" ") :]
    return _in_marks(f"{head.rstrip()} … {tail.lstrip()}")


def _in_marks(line: str) -> str:
    mark = "'" if line.startswith(_DOUBLE) or line.endswith(_DOUBLE) else '"'
    return f"{mark}{line}{mark}"
