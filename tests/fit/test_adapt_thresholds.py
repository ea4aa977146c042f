"""The thresholds of an adapted model: how far they rise, and where they stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import UsageError
from detector.fit.adapt import AdaptConfig
from detector.fit.adapt_thresholds import _chosen, _Reporting, described_thresholds

OLD = {"gentle": 0.03, "balanced": 0.2, "strict": 0.55}
CONFIG = AdaptConfig()
SCORES = st.lists(st.floats(0, 1, width=32), max_size=40)


def reporting(scores: list[float], weight: float = 1.0) -> _Reporting:
    """Paragraphs of twelve words, in four folds."""
    number = len(scores)
    return _Reporting(
        np.array(scores, dtype=np.float32), np.full(number, 12), np.full(number, weight, dtype=np.float32),
        np.arange(number) % 4,
    )  # fmt: skip


def test_clear_labels_raise_the_thresholds_part_of_the_way() -> None:
    few, many = (_chosen(OLD, reporting([0.9] * number), CONFIG) for number in (30, 120))
    # half of the way from 0.2 to 0.9 in log-odds: odds of 1/4 and 9, so of 3/2, which is the maximum, 0.6
    assert few["balanced"] == pytest.approx(0.6, abs=1e-6)
    assert OLD["gentle"] < few["gentle"] < many["gentle"] < 0.9
    assert few["strict"] == many["strict"] == CONFIG.max_threshold
    lower = _chosen(OLD, reporting([0.5] * 30), CONFIG)
    assert lower["balanced"] == pytest.approx(1 / 3, abs=1e-6)  # odds of 1/4 and 1: of 1/2


def test_few_labels_and_guesses_raise_them_little() -> None:
    ten, guesses = _chosen(OLD, reporting([0.9] * 10), CONFIG), _chosen(OLD, reporting([0.9] * 100, 0.1), CONFIG)
    assert OLD["balanced"] < ten["balanced"] < 0.4
    assert guesses == pytest.approx(ten)


def test_the_way_is_shorter_with_a_higher_number_of_labels_for_half_of_it() -> None:
    values = [
        _chosen(OLD, reporting([0.5] * 30), replace(CONFIG, threshold_labels=labels))["balanced"]
        for labels in (0.0, 30.0, 120.0)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(0.5)


@pytest.mark.parametrize("scores", [[], [0.9] * 30 + [0.02] * 2, [0.02] * 5], ids=["none", "two of them", "low"])
def test_labels_that_do_not_support_it_leave_the_thresholds(scores: list[float]) -> None:
    assert _chosen(OLD, reporting(scores), CONFIG) == OLD


def test_a_threshold_stays_where_that_of_the_other_folds_would_lose_reporting() -> None:
    scores = [0.9] * 40
    scores[3] = 0.21  # above balanced, below what the other folds choose
    assert _chosen(OLD, reporting(scores), CONFIG)["balanced"] == OLD["balanced"]


@given(scores=SCORES, old=st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_none_falls_and_their_order_stays(scores: list[float], old: list[float]) -> None:
    before = dict(zip(OLD, sorted(old), strict=True))
    after = _chosen(before, reporting(scores), CONFIG)
    assert list(after) == list(before)
    assert all(before[name] <= after[name] <= max(before[name], CONFIG.max_threshold) for name in before)
    assert after["gentle"] <= after["balanced"] <= after["strict"]
    assert after == _chosen(before, reporting(scores), CONFIG)


def test_thresholds_of_other_names_stay() -> None:
    mine = {"mine": 0.25, "balanced": 0.2}
    after = _chosen(mine, reporting([0.9] * 30), CONFIG)
    assert after["mine"] == 0.25
    assert after["balanced"] == 0.25  # their order stays


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({}, "The thresholds stay as they were."),
        ({"balanced": 0.203}, "The thresholds stay as they were."),
        ({"balanced": 0.38}, "The default threshold rises from 0.20 to 0.38."),
        ({"gentle": 0.1, "balanced": 0.3}, "The default threshold rises from 0.20 to 0.30 (gentle from 0.03 to 0.10)."),
        ({"gentle": 0.1}, "The default threshold stays as it was; others rise: gentle from 0.03 to 0.10."),
    ],
)  # fmt: skip
def test_the_change_in_words(after: dict[str, float], words: str) -> None:
    assert described_thresholds(OLD, OLD | after) == words


@pytest.mark.parametrize("wrong", [{"threshold_labels": -1.0}, {"max_threshold": 1.5}])
def test_configs_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        AdaptConfig(**wrong)  # type: ignore[arg-type]
