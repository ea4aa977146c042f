"""Positions in documents, and running maxima and means, against plain loops."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from bounds import bounds_of
from hypothesis import given
from hypothesis import strategies as st

from detector.inference.pooling import running_maxima, running_means
from detector.inference.positions import Positions
from detector.inference.quantization import HIDDEN_MAX, HIDDEN_STEPS, POOL_MAX, POOL_STEPS

sizes_lists = st.lists(st.integers(0, 20), min_size=1, max_size=8)
seeds = st.integers(0, 1000)


def test_positions_count_from_the_document_s_ends() -> None:
    positions = Positions(bounds_of([2, 0, 3]))
    assert positions.documents.tolist() == [0, 0, 2, 2, 2]
    assert positions.before.tolist() == [0, 1, 0, 1, 2]
    assert positions.after.tolist() == [1, 0, 2, 1, 0]


@given(sizes=sizes_lists, padding=st.integers(0, 5), seed=seeds)
def test_running_maxima_are_the_largest_so_far_and_from_here(sizes: list[int], padding: int, seed: int) -> None:
    values = np.random.default_rng(seed).random((sum(sizes) + padding, 1), dtype=np.float32)
    before, after = running_maxima(values, Positions(bounds_of(sizes)))
    assert before.shape == after.shape == values.shape
    steps = [round(value * POOL_STEPS) for value in values[:, 0].tolist()]
    for first, last in pairwise(bounds_of(sizes).tolist()):
        for at in range(first, last):
            assert before[at, 0] == max(steps[first : at + 1]) / POOL_STEPS
            assert after[at, 0] == max(steps[at:last]) / POOL_STEPS


def mean_of(steps: list[int]) -> float:
    """The mean of steps of hidden units, in the nearest step of pools."""
    nearest = round(Fraction(sum(steps) * POOL_STEPS, HIDDEN_STEPS * max(len(steps), 1)))
    return min(nearest, POOL_MAX) / POOL_STEPS


@given(
    sizes=sizes_lists, padding=st.integers(0, 5), seed=seeds, most=st.sampled_from([1, 3, 200, HIDDEN_MAX])
)  # fmt: skip
def test_running_means_are_those_up_to_here_after_and_of_all(
    sizes: list[int], padding: int, seed: int, most: int
) -> None:
    steps = np.random.default_rng(seed).integers(0, most + 1, sum(sizes) + padding)
    got = running_means((steps / HIDDEN_STEPS).astype(np.float32)[:, None], Positions(bounds_of(sizes)))
    for first, last in pairwise(bounds_of(sizes).tolist()):
        for at in range(first, last):
            stretches = steps[first : at + 1], steps[at + 1 : last], steps[first:last]
            assert [mean[at, 0] for mean in got] == [mean_of(those.tolist()) for those in stretches]


def test_a_mean_is_as_large_as_pools_may_be() -> None:
    values = np.full((3, 1), HIDDEN_MAX / HIDDEN_STEPS, dtype=np.float32)
    before, after, every = running_means(values, Positions(bounds_of([3])))
    most = POOL_MAX / POOL_STEPS
    assert [m[:, 0].tolist() for m in (before, after, every)] == [[most] * 3, [most, most, 0], [most] * 3]


def test_a_maximum_of_one_does_not_reach_the_next_document() -> None:
    values = np.array([[1.0], [0.0], [0.0], [1.0]], dtype=np.float32)
    before, after = running_maxima(values, Positions(bounds_of([2, 2])))
    assert before[:, 0].tolist() == [1, 1, 0, 1]
    assert after[:, 0].tolist() == [1, 0, 1, 1]
