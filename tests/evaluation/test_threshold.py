"""The highest threshold that loses no more than a share of the reporting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.evaluation.threshold import threshold_at_loss

THRESHOLDS = [
    ([0.1, 0.2, 0.9], [1, 1, 98], 0.01, 0.2),  # the first may be removed
    ([0.1, 0.2, 0.9], [1, 1, 98], 0.02, 0.9),
    ([0.1, 0.2, 0.9], [1, 1, 98], 0.009, 0.1),
    ([0.9, 0.1, 0.2], [98, 1, 1], 0.01, 0.2),
    ([0.5, 0.5, 0.9], [1, 1, 98], 0.01, 0.5),  # equal scores are removed together or not at all
    ([0.3], [5], 0.5, 0.3),
    ([0.1, 0.9, 0.2], [1, 1, 1], 1.0, 0.9),  # everything may be removed: the highest score
    ([0.1, 0.9, 0.2], [0, 0, 0], 0.01, 0.9),  # nothing has a word
]


@pytest.mark.parametrize(("scores", "words", "loss", "expected"), THRESHOLDS)
def test_the_threshold_at_a_given_loss(scores: list[float], words: list[int], loss: float, expected: float) -> None:
    assert threshold_at_loss(np.array(scores), np.array(words), loss) == expected


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 50)), min_size=1, max_size=30),
    st.sampled_from([0.0, 0.001, 0.005, 0.02, 0.3]),
)
def test_the_threshold_is_the_highest_within_the_loss(pairs: list[tuple[int, int]], loss: float) -> None:
    score = np.array([value / 20 for value, _ in pairs])
    words = np.array([number for _, number in pairs])

    def lost(threshold: float) -> int:
        return int(words[score < threshold].sum())

    found = threshold_at_loss(score, words, loss)
    assert lost(found) <= loss * words.sum()
    assert all(lost(higher) > loss * words.sum() for higher in score if higher > found)


def test_the_threshold_without_scores() -> None:
    assert threshold_at_loss(np.zeros(0), np.zeros(0, dtype=np.int64), 0.1) == 0
