"""The arrays that kernels take, grouped in named tuples: Numba knows their types, and a call stays readable."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from detector.backend.kernels.common import Array
from detector.features import context, shapes
from detector.features.word_vectors import WordVectors
from detector.text import characters
from detector.util.arrays import LOGARITHMS


class CharactersInput(NamedTuple):
    """The tables of `detector.text.characters`."""

    classes: Array
    lower: Array
    ascii_classes: Array
    ascii_folded: Array
    rest: Array


class ShapesInput(NamedTuple):
    """The tables of `detector.features.shapes`."""

    logarithms: Array
    first: Array
    last: Array


class LinearInput(NamedTuple):
    """The arrays of a `LinearModel`."""

    packed: Array
    scale: Array
    bias: Array


class VectorsInput(NamedTuple):
    """The tables of `WordVectors`."""

    bucket_rows: Array
    fingerprints: Array
    packed: Array


class BatchInput(NamedTuple):
    """The fields of `Batch` that `words.read` reads, and the eight bytes that begin at each offset."""

    classes: Array
    folded: Array
    eight: Array
    start: Array
    end: Array
    char_start: Array
    char_end: Array


class RareInput(NamedTuple):
    """The inverse document frequencies, and arrays for the rarer words of a batch, which `words.read` fills in."""

    idf: Array
    bounds: Array
    weight: Array
    capital: Array
    hashes: Array


class ContextInput(NamedTuple):
    """The tables of `detector.features.context`."""

    logarithms: Array
    windows: Array


class FeaturesInput(NamedTuple):
    """The fields of `DocumentFeatures` that the kernels read."""

    documents: Array
    characters: Array
    shapes: Array
    repeats: Array
    known: Array
    embeddings: Array


class VocabularyInput(NamedTuple):
    """The fields of `Vocabulary`, in its order."""

    bounds: Array
    weight: Array
    capital: Array
    slot: Array
    origin: Array
    elsewhere: Array
    earlier: Array


@cache
def characters_input() -> CharactersInput:
    """The tables of characters, made once per process."""
    tables = characters.tables()
    return CharactersInput(
        tables.classes,
        tables.lower,
        np.frombuffer(tables.ascii_classes, dtype=np.uint8),
        np.frombuffer(tables.ascii_folded, dtype=np.uint8),
        characters.REST,
    )


@cache
def context_input() -> ContextInput:
    """The tables of the context, made once per process."""
    return ContextInput(LOGARITHMS, np.array(context.WINDOWS, dtype=np.int64))


SHAPES_INPUT = ShapesInput(LOGARITHMS, shapes.FIRST_ONE_HOT, shapes.LAST_ONE_HOT)


def vectors_input(vectors: WordVectors) -> VectorsInput:
    """The tables of word vectors."""
    return VectorsInput(vectors.bucket_rows, vectors.row_fingerprints, vectors.table.padded)
