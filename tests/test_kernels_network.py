"""The compiled loops between a network's products give what numpy gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from same import assert_same

from detector import grid, network, pools
from detector.grid import HIDDEN_MOST, HIDDEN_STEPS
from detector.network import BLOCK
from detector.places import FAR_STEPS, NEAR_STEPS, Places

pytest.importorskip("numba", reason="numba is not installed: pip install 'boilerplate-detector[speed]'")

from detector import accelerated


def filled(shape: tuple[int, ...], random: np.random.Generator) -> network.Floats:
    """Numbers of very different sizes, some of them zero."""
    values = random.normal(size=shape) * 2.0 ** random.integers(-12, 24, shape)
    return np.where(random.random(shape) < 0.1, 0, values).astype(np.float32)


def hidden_units(rows: int, width: int, random: np.random.Generator) -> network.Floats:
    """Numbers on the grid of hidden units, some columns of them at its ends."""
    steps = random.integers(0, HIDDEN_MOST + 1, (rows, width))
    steps[:, random.random(width) < 0.2] = random.choice([0, HIDDEN_MOST])
    return (steps / HIDDEN_STEPS).astype(np.float32)


sizes_lists = st.lists(st.one_of(st.integers(0, 20), st.integers(BLOCK - 1, 2 * BLOCK)), max_size=6)
widths = st.integers(1, 20)


@given(sizes=sizes_lists, width=widths, step=st.sampled_from([*NEAR_STEPS, *FAR_STEPS]), seed=st.integers(0, 1000))
def test_convolutions(sizes: list[int], width: int, step: int, seed: int) -> None:
    random, places = np.random.default_rng(seed), Places(np.cumsum([0, *sizes]))
    rows = -(-len(places) // BLOCK) * BLOCK
    parts, bias, hidden = filled((3, rows, width), random), filled((width,), random), hidden_units(rows, width, random)
    fast, room = hidden.copy(), parts.copy()
    network.convolve(parts, bias, places, step, hidden)
    accelerated._convolve(room, bias, places, step, fast)
    assert_same(hidden[: len(places)], fast[: len(places)])


@given(sizes=sizes_lists, units=widths, seed=st.integers(0, 1000))
def test_pools(sizes: list[int], units: int, seed: int) -> None:
    random, places = np.random.default_rng(seed), Places(np.cumsum([0, *sizes]))
    rows = -(-len(places) // BLOCK) * BLOCK
    peaks, means = random.random((rows, units), dtype=np.float32), hidden_units(rows, units, random)
    plain, fast = np.zeros((2, rows, pools.POOLS * units), dtype=np.float32)
    pools.pool(peaks, means, places, plain)
    accelerated._pool(peaks, means, places, fast)
    assert_same(plain, fast)


@given(width=widths, seed=st.integers(0, 1000))
def test_rectifying(width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    values, bias = filled((2 * BLOCK, width), random), filled((width,), random)
    fast = values.copy()
    network.rectify(values, bias)
    accelerated._rectify(fast, bias)
    assert_same(values, fast)


@given(rows=st.integers(0, 2 * BLOCK), width=widths, seed=st.integers(0, 1000))
def test_standardizing(rows: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    values, mean, factor = filled((rows, width), random), filled((width,), random), np.abs(filled((width,), random))
    fast = values.copy()
    grid.standardize(values, mean, factor)
    accelerated._standardize(fast, mean, factor)
    assert_same(values, fast)


HALVES = np.arange(-4, 4, 0.5, dtype=np.float32)  # steps, every other of them between two


def test_halves_are_rounded_alike() -> None:
    none, one = np.zeros(len(HALVES), dtype=np.float32), np.ones(len(HALVES), dtype=np.float32)
    for steps, plain, compiled in (
        (grid.INPUT_STEPS, grid.standardize, accelerated._standardize),
        (HIDDEN_STEPS, lambda v, _, bias: network.rectify(v, bias - 1), lambda v, _, b: accelerated._rectify(v, b - 1)),
    ):
        values = np.tile(HALVES / np.float32(steps), (BLOCK, 1))
        fast = values.copy()
        plain(values, none, one)
        compiled(fast, none, one)
        assert_same(values, fast)
        assert (values * steps == np.rint(values * steps)).all()
