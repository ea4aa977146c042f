"""Arithmetic that is exact on every machine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.util.arrays import log2, ratio, segment_sum

LOGARITHMS = [(0, 0.0), (1, 1.0), (2, 1.5), (3, 2.0), (7, 3.0), (1023, 10.0), (2**40 - 1, 40.0)]


@pytest.mark.parametrize(("value", "expected"), LOGARITHMS)
def test_logarithm_is_exact_at_powers_of_two(value: int, expected: float) -> None:
    assert log2(np.array([value])).item() == expected


def test_logarithm_rises() -> None:
    values = log2(np.arange(5000))
    assert (np.diff(values) > 0).all()
    assert np.abs(values - np.log2(np.arange(5000) + 1.0)).max() < 0.09


@given(st.lists(st.lists(st.integers(-100, 100), max_size=4), max_size=6))
def test_segment_sum(segments: list[list[int]]) -> None:
    flat = np.array([value for segment in segments for value in segment], dtype=np.int64)
    bounds = np.concatenate(([0], np.cumsum([len(s) for s in segments]))).astype(np.int64)
    assert segment_sum(flat, bounds).tolist() == [sum(segment) for segment in segments]


def test_ratio_to_nothing_is_zero() -> None:
    assert ratio(np.array([1, 0]), np.array([4, 0])).tolist() == [0.25, 0]
