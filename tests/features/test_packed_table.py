"""Sums in packed lanes equal plain sums, whatever the shape."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.features import packed_table
from detector.features.packed_table import CHUNK, FEW, LANES, PackedTable

MOST_ROWS = 65_000  # more n-grams than a paragraph has


def table(rows: int, columns: int, seed: int) -> PackedTable:
    random = np.random.default_rng(seed)
    numbers = random.integers(-127, 128, (rows, columns)).astype(np.int8)
    numbers[: rows // 3] = random.choice([-127, 127])  # lanes at their lowest or highest values
    return PackedTable(numbers)


def bounds_of(counts: list[int]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def assert_plain_sums(of: PackedTable, rows: NDArray[np.int64], counts: list[int]) -> None:
    """Check packed rows, and rows that are too few to be packed."""
    bounds = bounds_of(counts)
    expected = [of.values[rows[a:b]].sum(axis=0, dtype=np.int64).tolist() for a, b in pairwise(bounds)]
    for few in (1, FEW):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(packed_table, "FEW", few)
            got = of.sums(rows, bounds)
        assert got.dtype == np.int64
        assert got.shape == (len(counts), of.values.shape[1])
        assert got.tolist() == expected


@given(
    height=st.integers(1, 50),
    columns=st.integers(1, 23),
    counts=st.lists(st.integers(0, 40), max_size=8),
    seed=st.integers(0, 1000),
)
def test_sums_are_plain_sums(height: int, columns: int, counts: list[int], seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, height, sum(counts))
    assert_plain_sums(table(height, columns, seed), rows, counts)


@pytest.mark.parametrize("columns", [1, LANES, LANES + 1, 4 * LANES + 1, 40])
@pytest.mark.parametrize("count", [n * CHUNK + more for n in (1, 2, 10) for more in (-1, 0, 1)])
def test_paragraphs_that_end_at_the_border_of_a_chunk(columns: int, count: int) -> None:
    counts = [count, 0, 1, count, CHUNK, 0]
    rows = np.random.default_rng(count).integers(0, 30, sum(counts))
    assert_plain_sums(table(30, columns, count), rows, counts)


@pytest.mark.parametrize("number", [-127, 127])
def test_the_largest_numbers_do_not_overflow_into_the_next_lane(number: int) -> None:
    numbers = np.zeros((2, 2 * LANES + 1), dtype=np.int8)
    for column in range(numbers.shape[1]):
        numbers[:] = 0
        numbers[:, column] = number
        got = PackedTable(numbers.copy()).sums(np.ones(MOST_ROWS + 3, np.int64), bounds_of([3, MOST_ROWS]))
        expected = np.zeros((2, numbers.shape[1]), dtype=np.int64)
        expected[:, column] = number * 3, number * MOST_ROWS
        assert np.array_equal(got, expected)


@pytest.mark.parametrize("counts", [[], [0], [0, 0, 0]])
def test_sums_of_no_rows(counts: list[int]) -> None:
    assert_plain_sums(table(4, 7, 0), np.zeros(0, dtype=np.int64), counts)


@pytest.mark.parametrize(("columns", "words"), [(1, 1), (5, 1), (6, 2), (20, 4), (21, 5)])
def test_words_of_lanes(columns: int, words: int) -> None:
    of = table(9, columns, columns)
    assert of.packed.shape == (9, words)
    assert of.packed.ctypes.data % 64 == 0  # a cache line
