"""Standardized inputs for the networks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.features.word_vectors import DIMENSIONS
from detector.fit.ensemble import _mean_and_factor
from detector.inference.quantization import INPUT_STEPS, standardize

OTHERS = 6  # columns that are not word vectors
INPUTS = OTHERS + DIMENSIONS


def rows_of_many_scales() -> NDArray[np.float32]:
    random = np.random.default_rng(0)
    others = random.normal(size=(400, OTHERS)) * [1, 10, 1000, 0.1, 0, 1] + [0, 5, -2000, 1, 7, 0]
    embeddings = random.normal(size=(400, DIMENSIONS)) * np.linspace(40, 4, DIMENSIONS) + 3
    return np.hstack([others, embeddings]).astype(np.float32)


def test_columns_are_scaled_by_the_labelled_rows() -> None:
    rows = rows_of_many_scales()
    known = np.arange(len(rows)) % 3 > 0
    rows[~known, 0] += 10
    before = rows.astype(np.float64)
    mean, factor = _mean_and_factor(rows, known)
    assert (mean.dtype, factor.dtype) == (np.float32, np.float32)
    assert np.array_equal(rows, before)
    assert mean == pytest.approx(before[known].mean(axis=0), abs=1e-3)
    standardize(rows, mean, factor)
    assert rows[known].mean(axis=0) == pytest.approx(np.zeros(INPUTS), abs=1e-2)
    assert rows[known, :OTHERS].std(axis=0) == pytest.approx([1, 1, 1, 1, 0, 1], abs=1e-2)  # the fifth never changes
    assert rows[~known, 0].mean() > 8
    assert rows == pytest.approx((before - mean) * factor, abs=0.51 / INPUT_STEPS)


def test_the_dimensions_of_word_vectors_keep_their_relative_scales() -> None:
    rows = rows_of_many_scales()
    mean, factor = _mean_and_factor(rows, np.ones(len(rows), dtype=np.bool_))
    assert len(set(factor[OTHERS:].tolist())) == 1
    assert ((rows[:, OTHERS:].std(axis=0) * factor[OTHERS:]) ** 2).mean() == pytest.approx(1, rel=1e-3)
    standardize(rows, mean, factor)
    assert (rows[:, OTHERS:].std(axis=0) ** 2).mean() == pytest.approx(1, rel=1e-2)


def test_without_word_vectors_their_columns_stay_zero() -> None:
    rows = rows_of_many_scales()
    rows[:, OTHERS:] = 0
    standardize(rows, *_mean_and_factor(rows, np.ones(len(rows), dtype=np.bool_)))
    assert not rows[:, OTHERS:].any()


def test_a_nearly_constant_column_does_not_dominate() -> None:
    rows = rows_of_many_scales()
    rows[:, 0] = 1 + 1e-6 * (np.arange(len(rows)) % 2)
    _, factor = _mean_and_factor(rows, np.ones(len(rows), dtype=np.bool_))
    assert factor[0] == pytest.approx(1000)
