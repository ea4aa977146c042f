"""The exponential and the logarithm: near the true ones, and the same bits everywhere."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.inference.elementary import exponential, logarithm
from detector.util.arrays import Floats

GRID = (np.arange(-87 * 512, 88 * 512) / 512).astype(np.float32)
POSITIVE = (np.arange(1, 1 << 17) / (1 << 15)).astype(np.float32)


def ulps(got: Floats, true: np.ndarray) -> float:
    """The largest error, in units in the last place of float32."""
    return float((np.abs(got.astype(np.float64) - true) / np.spacing(np.abs(true).astype(np.float32))).max())


def test_the_exponential_is_near_the_true_one() -> None:
    assert ulps(exponential(GRID.copy()), np.exp(GRID.astype(np.float64))) < 1.5


def test_the_logarithm_is_the_nearest_number() -> None:
    assert ulps(logarithm(POSITIVE), np.log(POSITIVE.astype(np.float64))) < 0.501


@given(st.floats(-87, 88, width=32))
def test_the_exponential_of_any_number(value: float) -> None:
    (got,) = exponential(np.array([value], dtype=np.float32)).tolist()
    assert got == pytest.approx(math.exp(value), rel=2e-7)


@given(st.floats(2.0**-100, 2.0**100, width=32))
def test_the_logarithm_of_any_number(value: float) -> None:
    (got,) = logarithm(np.array([value], dtype=np.float32)).tolist()
    assert got == pytest.approx(math.log(value), rel=1e-7, abs=1e-12)


def test_the_exponential_of_limits() -> None:
    values = np.array([0, -0.0, -88, -1e30, -np.inf, 1e30, np.inf], dtype=np.float32)
    assert exponential(values[:5].copy()).tolist() == [1, 1, 0, 0, 0]
    assert np.isfinite(exponential(values[5:].copy())).all()
    assert exponential(np.zeros((0, 3), dtype=np.float32)).shape == (0, 3)


def test_the_logarithm_of_one_is_zero() -> None:
    assert logarithm(np.ones(1, dtype=np.float32)).tolist() == [0]


@pytest.mark.parametrize("number", [1, 2, 3, 7, 8, 9, 31, 33])
def test_a_value_has_the_same_result_at_every_place(number: int) -> None:
    for function, values in ((exponential, GRID), (logarithm, POSITIVE)):
        whole = function(values.copy())
        for at in range(0, len(values) - number, 997):
            assert np.array_equal(function(values[at : at + number].copy()), whole[at : at + number])


@pytest.mark.parametrize(
    ("results", "digest"),
    [
        (exponential(GRID.copy()), "1b5d665a1beb8efe"),
        (logarithm(POSITIVE), "9a7cb9b017cdb68a"),
    ],
    ids=["exponential", "logarithm"],
)
def test_the_bits_are_those_of_the_machine_that_wrote_this_test(results: Floats, digest: str) -> None:
    assert hashlib.sha256(results.astype("<f4").tobytes()).hexdigest()[:16] == digest
