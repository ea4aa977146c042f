"""The encoder of the accurate model as arrays: it reads paragraphs in doubt again, with those around them.

The small model decides first. A paragraph is in doubt if the probability of its most probable label is low. The
``effort`` says how low: the cascade reads windows around these paragraphs (`detector.encoder.windows`). A recurrent
network over the whole document then corrects the small model's probabilities of their kinds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.encoder.engine import Engine
from detector.encoder.reading import Reading, readings
from detector.encoder.tokens import ParagraphTokenizer
from detector.encoder.windows import Window
from detector.errors import ModelError, UsageError
from detector.inference.calibration import calibrate, softmax
from detector.inference.scores import Scores
from detector.text.paragraphs import Batch
from detector.util.arrays import Floats, Offsets
from detector.util.equality import equal
from detector.util.pickling import PickledFields

_EPSILON = np.float32(1e-12)
SEPARATOR = 2  # the token after each paragraph, as in XLM-RoBERTa
_SEPARATOR = np.array([SEPARATOR])


@dataclass(frozen=True, eq=False, repr=False)
class Embedding(PickledFields):
    """Tokens to the rows that the layers read.

    ``words`` has one row of int8 per token, which ``scale``, ``(tokens,)``, multiplies; ``positions``, one row of
    float32 per position in a window. ``described`` maps the numbers that describe a paragraph, and the logarithms of
    its kinds' probabilities, to what is added to its separator. The sum is normalized, as in BERT.
    """

    words: NDArray[np.int8]
    scale: Floats
    positions: Floats
    described: Floats
    described_bias: Floats
    weight: Floats
    bias: Floats

    def __call__(self, ids: NDArray[np.int64], separators: Offsets, numbers: Floats) -> Floats:
        """The rows of one window, ``(tokens, width)``; ``numbers`` has one row per separator."""
        rows = self.words[ids] * self.scale[ids, None]
        rows += self.positions[: len(ids)]
        rows[separators] += product(numbers, self.described) + self.described_bias
        rows -= rows.mean(axis=1, keepdims=True)
        rows /= np.sqrt((rows * rows).mean(axis=1, keepdims=True) + _EPSILON)
        embedded: Floats = rows * self.weight + self.bias
        return embedded


@dataclass(frozen=True, eq=False, repr=False)
class Encoder(PickledFields):
    """Corrects the probabilities of the small model. Threads may share it, and it can be pickled.

    ``engine`` runs the layers over a window. ``document`` runs over all paragraphs of a document, those that were read
    and those that were not, and returns what is added to the logarithms of their kinds' probabilities.
    ``calibration`` is as that of `detector.inference.model.Model`, for the ``kind_labels``. ``doubts`` has one row per
    point: an effort, and the least doubt with which a paragraph is read with that effort. Efforts rise from 0 to 1, and
    doubts fall to 0.
    """

    tokenizer: ParagraphTokenizer
    embedding: Embedding
    engine: Engine
    document: Engine
    kind_labels: tuple[int, ...]
    calibration: Floats
    doubts: NDArray[np.float64]

    def __eq__(self, other: object) -> bool:
        return equal(self, other)

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 digest of all that decides: encoders with the same one return the same on one machine."""
        arrays = [getattr(self.embedding, field.name) for field in fields(self.embedding)]
        arrays += [np.array(self.kind_labels, dtype=np.int64), self.calibration, self.doubts]
        digest = hashlib.sha256(self.tokenizer.content.encode())
        for graph in (self.engine, self.document):
            digest.update(hashlib.sha256(graph.content).digest())
        for array in arrays:
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def corrected(self, texts: Sequence[str], batch: Batch, scores: Scores, effort: float) -> Scores:
        """The probabilities after the encoder has read what is in doubt; those of other paragraphs stay as they are."""
        doubtful = self.doubtful(scores, effort)
        if not doubtful.any():
            return scores
        logits = np.zeros_like(scores.kinds)
        for rows, reading in readings(texts, batch, scores.kinds, doubtful, self.tokenizer):
            logits[rows] = self.logits(reading, self.vectors(reading))
        return self.with_logits(scores, doubtful, logits)

    def with_logits(self, scores: Scores, doubtful: NDArray[np.bool_], logits: Floats) -> Scores:
        """The probabilities where those of the paragraphs in doubt are the calibrated ones of their logits."""
        labels, kinds = scores.labels.copy(), scores.kinds.copy()
        labels[doubtful], kinds[doubtful] = calibrate(softmax(logits[doubtful]), self.kind_labels, self.calibration)
        return Scores(labels, kinds, scores.familiarity)

    def doubtful(self, scores: Scores, effort: float) -> NDArray[np.bool_]:
        """Which paragraphs are read with an effort from 0 to 1."""
        is_doubtful: NDArray[np.bool_] = (doubts_of(scores.labels) >= self.least_doubt(effort)) & (effort > 0)
        return is_doubtful

    def least_doubt(self, effort: float) -> float:
        """The doubt from which on paragraphs are read; see `doubts_of`."""
        return float(np.interp(effort, *self.doubts.T))

    def vectors(self, reading: Reading) -> Floats:
        """The vectors of a document's paragraphs, each followed by 1, ``(paragraphs, width + 1)``; zeros if unread."""
        found = np.zeros((len(reading.logs), self.embedding.words.shape[1] + 1), dtype=np.float32)
        for window in reading.windows:
            rows = reading.near[window.start : window.stop]  # what is around them is read for its context only
            found[rows, :-1] = self.read(reading, window)[window.start - window.first : window.stop - window.first]
            found[rows, -1] = 1
        return found

    def read(self, reading: Reading, window: Window, hidden: Collection[int] = ()) -> Floats:
        """The vectors of a window's paragraphs, ``(paragraphs, width)``; the words of ``hidden`` rows are not seen."""
        rows = reading.rows(window)
        words = [
            each[:0] if row in hidden else each
            for row, each in zip(rows.tolist(), reading.words[window.first : window.last], strict=True)
        ]
        sizes = np.array([len(each) + 1 for each in words])
        separators = np.cumsum(sizes) - 1
        ids = np.concatenate([part for each in words for part in (each, _SEPARATOR)])
        outputs = self.engine(self.embedding(ids, separators, reading.numbers[rows]))
        sums: Floats = np.add.reduceat(outputs, separators - sizes + 1, axis=0)
        means: Floats = np.divide(sums, sizes[:, None], dtype=np.float32)
        return means

    def logits(self, reading: Reading, vectors: Floats) -> Floats:
        """The logits of a document's paragraphs, ``(paragraphs, kinds)``, given those that `vectors` returns."""
        corrections = self.document(np.concatenate([vectors, reading.numbers], axis=1))
        if not np.isfinite(corrections).all():  # what cannot be compared with a threshold would be removed
            raise ModelError("the encoder returns what is no number; install the package again")
        logits: Floats = corrections + reading.logs
        return logits


def product(rows: Floats, weights: Floats) -> Floats:
    """A small matrix product, on one thread: the library behind ``@`` would share it among several, and be slower."""
    products: Floats = np.einsum("ri,io->ro", rows, weights)
    return products


def doubts_of(labels: Floats) -> Floats:
    """The doubt of each paragraph, ``(paragraphs,)``: 1 less the largest probability of a label, and at least 0.

    ``labels`` are ``(paragraphs, labels)``. Sums of probabilities of kinds may be a little above 1.
    """
    doubts: Floats = np.maximum(1 - labels.max(axis=1, initial=0), 0)
    return doubts


def check_effort(effort: object) -> None:
    """Raise `UsageError` for anything but a number from 0 to 1."""
    if (
        isinstance(effort, bool)
        or not isinstance(effort, int | float | np.integer | np.floating)
        or not 0 <= effort <= 1
    ):
        raise UsageError(f"effort {effort!r}: give a number from 0 (the small model alone) to 1 (everything is read)")
