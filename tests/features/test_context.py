"""The context rows: the same in every batch, and equal to those of a slow loop over the document.

Which column holds what is not tested, only that the rows contain it.
"""

from __future__ import annotations

import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from texts import texts
from tiny import TINY_VECTORS

from detector.features import context
from detector.features.hashing import BUCKETS
from detector.features.shapes import shapes
from detector.features.tokens import tokenize
from detector.text.paragraphs import Batch, split
from detector.util.arrays import log2

Array = NDArray[np.float32]
KINDS, KIND_LABELS = 5, (0, 0, 1, 2, 2)
MEMBERSHIP = np.eye(3, dtype=np.float32)[list(KIND_LABELS)]
IDF = np.random.default_rng(5).integers(0, 256, BUCKETS).astype(np.uint8)
ALL_RARE = np.full(BUCKETS, 255, dtype=np.uint8)

documents = st.lists(
    st.sampled_from(["The ferry left.", "The FERRY left.", "Give now!", "•", "Quay news", "東京の店", "12 June", "—"]),
    min_size=1,
    max_size=14,
).map("\n".join)


def paragraph_texts(texts_: list[str], batch: Batch) -> list[str]:
    spans = zip(batch.document, batch.char_start, batch.char_end, strict=True)
    return [texts_[document][first:last] for document, first, last in spans]


def scores_of(texts_: list[str], batch: Batch) -> Array:
    """Probabilities that depend on the paragraph's text and its place in its document alone."""
    places = np.arange(len(batch)) - batch.bounds[batch.document]
    seeds = [
        zlib.crc32(text.encode("utf-8", "surrogatepass")) + int(place)
        for text, place in zip(paragraph_texts(texts_, batch), places, strict=True)
    ]
    rows = [np.random.default_rng(seed).dirichlet(np.ones(KINDS)) for seed in seeds]
    return np.array(rows, dtype=np.float32).reshape(-1, KINDS)


def features_of(batch: Batch, idf: NDArray[np.uint8] = IDF) -> context.DocumentFeatures:
    found = tokenize(batch)
    return context.document_features(batch, found, shapes(batch, found), idf, TINY_VECTORS)


def rows_of(texts_: list[str]) -> tuple[Batch, Array, Array]:
    """The batch, its probabilities, and its context rows."""
    batch = split(texts_)
    probabilities = scores_of(texts_, batch)
    return (
        batch,
        probabilities,
        context.network_inputs(features_of(batch), np.log(probabilities), probabilities, MEMBERSHIP),
    )


def holds(rows: Array, expected: Array) -> bool:
    """Whether the columns of ``expected`` are adjacent somewhere in ``rows``."""
    width = expected.shape[1]
    return any(np.array_equal(rows[:, at : at + width], expected) for at in range(rows.shape[1] - width + 1))


def label_numbers(probabilities: Array) -> list[list[int]]:
    """Scores of the labels as whole numbers."""
    whole = [[int(np.rint(value * context.UNIT)) for value in row] for row in probabilities]
    return [
        [sum(v for v, label in zip(row, KIND_LABELS, strict=True) if label == n) for n in range(3)] for row in whole
    ]


@given(st.lists(st.one_of(texts, documents), min_size=1, max_size=5))
def test_a_document_has_the_same_rows_alone_and_in_every_batch(texts_: list[str]) -> None:
    batch, _, rows = rows_of(texts_)
    for number, text in enumerate(texts_):
        alone = rows_of([text])[2]
        assert np.array_equal(rows[batch.bounds[number] : batch.bounds[number + 1]], alone)


def test_seeds_have_the_same_rows_alone_and_in_a_batch(seed_texts: list[str]) -> None:
    batch, _, rows = rows_of(seed_texts)
    for number, text in enumerate(seed_texts):
        assert np.array_equal(rows[batch.bounds[number] : batch.bounds[number + 1]], rows_of([text])[2])


@given(st.lists(texts, max_size=4))
def test_rows_are_finite(texts_: list[str]) -> None:
    batch, _, rows = rows_of(texts_)
    assert rows.shape == (len(batch), context.input_width(len(MEMBERSHIP.T), KINDS))
    assert np.isfinite(rows).all()
    assert rows.dtype == np.float32


@given(st.lists(documents, min_size=1, max_size=3))
def test_windows(texts_: list[str]) -> None:
    batch, probabilities, rows = rows_of(texts_)
    labels = label_numbers(probabilities)
    for low, high in context.WINDOWS:
        expected = []
        for at in range(len(labels)):
            those = [
                labels[other]
                for other in range(len(labels))
                if batch.document[other] == batch.document[at] and low <= other - at <= high
            ]
            expected.append([sum(row[n] for row in those) / (max(len(those), 1) * context.UNIT) for n in range(3)])
        assert holds(rows, np.array(expected, dtype=np.float32)), f"no window {low}, {high}"


@given(st.lists(documents, min_size=1, max_size=3))
def test_lengths_of_windows(texts_: list[str]) -> None:
    batch, _, rows = rows_of(texts_)
    lengths = np.rint(log2(batch.char_end - batch.char_start) * context.UNIT).astype(int)
    for low, high in context.WINDOWS:
        expected = []
        for at in range(len(batch)):
            same = np.flatnonzero(batch.document == batch.document[at]) - at
            those = lengths[at + same[(low <= same) & (same <= high)]]
            expected.append([those.sum() / (max(len(those), 1) * context.UNIT)])
        assert holds(rows, np.array(expected, dtype=np.float32)), f"no length of window {low}, {high}"


@given(st.lists(documents, min_size=1, max_size=3))
def test_shares_of_the_document_s_text(texts_: list[str]) -> None:
    batch, probabilities, rows = rows_of(texts_)
    sizes = (batch.char_end - batch.char_start).tolist()
    mass = np.array([
        [size * v for v in row] for size, row in zip(sizes, label_numbers(probabilities), strict=True)
    ])  # fmt: skip
    expected = []
    for at in range(len(batch)):
        first, last = batch.bounds[batch.document[at] : batch.document[at] + 2]
        before, total = mass[first:at].sum(axis=0), mass[first:last].sum(axis=0)
        shares = [before / np.maximum(total, 1), total / max(total.sum(), 1), log2(total // context.UNIT)]
        expected.append(np.concatenate(shares))
    assert holds(rows, np.array(expected, dtype=np.float32))


@given(st.lists(documents, min_size=1, max_size=3))
def test_place_and_repetition(texts_: list[str]) -> None:
    batch, _, rows = rows_of(texts_)
    every = [text.splitlines() for text in texts_]
    place, repeats = [], []
    for lines in every:
        same = Counter(tuple(sorted(words(line))) for line in lines)
        for before, line in enumerate(lines):
            after = len(lines) - 1 - before
            place.append([before, after, len(lines)])
            repeats.append([same[tuple(sorted(words(line)))] - 1])
    places = log2(np.array(place))
    assert holds(rows, places[:, :1])
    assert holds(rows, places[:, 1:2])
    assert holds(rows, places[:, 2:])
    assert holds(rows, log2(np.array(repeats)))
    assert len(batch) == len(place)


def words(line: str) -> list[str]:
    batch = split([line])
    found = tokenize(batch)
    return [batch.folded[a:b].tobytes().decode() for a, b in zip(found.start, found.end, strict=True)]


@given(documents)
def test_a_row_contains_the_paragraph_s_own_features(text: str) -> None:
    batch, probabilities, rows = rows_of([text])
    assert holds(rows, np.log(probabilities))
    assert holds(rows, shapes(batch, tokenize(batch)))
    assert np.array_equal(rows[:, context.EMBEDDING_COLUMNS], TINY_VECTORS.embed(tokenize(batch))[0])


def vocabulary(text: str) -> Array:
    batch = split([text])
    scores = np.tile(np.array([[0.5, 0.25, 0.25, 0, 0]], dtype=np.float32), (len(batch), 1))
    return context.network_inputs(features_of(batch, ALL_RARE), scores, scores, MEMBERSHIP)


SHARED_VOCABULARY = [
    ("ferry harbour kiosk\nferry harbour kiosk", True),
    ("ferry\nlantern", False),
    ("ferry ferry ferry", False),  # only the rest of the document counts
]


@pytest.mark.parametrize(("text", "is_shared"), SHARED_VOCABULARY)
def test_vocabulary_that_the_rest_of_the_document_shares(text: str, is_shared: bool) -> None:
    batch = split([text])
    words_ = features_of(batch, ALL_RARE).vocabulary
    assert words_.elsewhere.tolist() == [is_shared] * len(tokenize(batch).hashes)
    assert (words_.weight == 255).all()
    assert np.isfinite(vocabulary(text)).all()


def test_earlier_words_are_those_of_paragraphs_before() -> None:
    words_ = features_of(split(["ferry harbour\nferry", "ferry"])).vocabulary
    assert words_.earlier.tolist() == [False, False, True, False]
    assert words_.elsewhere.tolist() == [True, False, True, False]


QUANTIZED = [(0.0, 0), (1.0, context.UNIT), (0.5, context.UNIT // 2), (0.2501, 256), (0.9999, 1024)]


@pytest.mark.parametrize(("probability", "whole"), QUANTIZED)
def test_probabilities_as_whole_numbers(probability: float, whole: int) -> None:
    assert context.quantize(np.array([probability])).tolist() == [whole]
