"""Runs: what speaks for the same and follows each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.explanation.document import quoted
from detector.explanation.runs import runs

CASES = [
    ([1.0], [0, 1]),
    ([1, 2, 3], [0, 3]),
    ([1, 2, -3], [0, 2, 3]),
    ([1, -0.1, 2], [0, 3]),  # hardly an interruption
    ([1, -0.9, 2], [0, 1, 2, 3]),
    ([-0.1, 5, 5, -0.2, -4], [0, 3, 5]),
    ([0, 0, 0], [0, 3]),
]


@pytest.mark.parametrize(("added", "bounds"), CASES)
def test_runs(added: list[float], bounds: list[int]) -> None:
    assert runs(np.array(added, dtype=np.float64)).tolist() == bounds


@given(st.lists(st.floats(-5, 5, allow_subnormal=False), min_size=1, max_size=60))
def test_runs_divide_everything(added: list[float]) -> None:
    bounds = runs(np.array(added)).tolist()
    assert bounds[0] == 0
    assert bounds[-1] == len(added)
    assert bounds == sorted(set(bounds))


QUOTED = [
    ("two\n lines", '"two lines"'),
    ("", '""'),
    ('"Give now," he said.', "'\"Give now,\" he said.'"),
    ("He said: “Give!”", "'He said: “Give!”'"),
    ('a "big" sale', '"a "big" sale"'),
    ("word " * 40, '"word word word word word word word … word word word word"'),
]


@pytest.mark.parametrize(("text", "expected"), QUOTED)
def test_quotations(text: str, expected: str) -> None:
    assert quoted(text) == expected


@given(st.text())
def test_quotations_are_short_and_of_one_line(text: str) -> None:
    found = quoted(text, 30)
    assert len(found) <= 32
    assert "\n" not in found
