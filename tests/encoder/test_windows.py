"""Windows: every paragraph in doubt is decided once, with what stands around it, in as many tokens as fit."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.encoder.tokens import MOST_TOKENS
from detector.encoder.windows import LENGTH, Window, surroundings, windows
from detector.util.arrays import Offsets

BEFORE, AFTER = 64, MOST_TOKENS  # tokens of context, at most
PARAGRAPHS_BEFORE, PARAGRAPHS_AFTER = 12, 6


class Paragraph(NamedTuple):
    """The tokens of a paragraph, and whether it is in doubt."""

    size: int
    in_doubt: bool


# stretches of short, of long and of any paragraphs, with few, many or only paragraphs in doubt
sizes = st.sampled_from([st.just(1), st.just(MOST_TOKENS), st.integers(1, 4), st.integers(1, MOST_TOKENS)])
doubts = st.sampled_from([st.just(True), st.booleans(), st.integers(0, 30).map(lambda number: number == 0)])
stretches = st.tuples(sizes, doubts, st.integers(0, 120)).flatmap(
    lambda given_: st.lists(st.builds(Paragraph, given_[0], given_[1]), min_size=given_[2], max_size=given_[2])
)


def bounds_of(parts: list[list[Paragraph]]) -> Offsets:
    return np.cumsum([0, *map(len, parts)])


def found(parts: list[list[Paragraph]]) -> tuple[list[Window], list[Paragraph]]:
    paragraphs = [paragraph for part in parts for paragraph in part]
    size = np.array([p.size for p in paragraphs], dtype=np.int64)
    in_doubt = np.array([p.in_doubt for p in paragraphs], dtype=np.bool_)
    return list(windows(size, in_doubt, bounds_of(parts))), paragraphs


@settings(max_examples=40)
@given(parts=st.lists(stretches, max_size=4))
def test_every_paragraph_in_doubt_is_decided_by_one_window(parts: list[list[Paragraph]]) -> None:
    read, paragraphs = found(parts)
    decided = [row for window in read for row in range(window.start, window.stop) if paragraphs[row].in_doubt]
    assert decided == [row for row, paragraph in enumerate(paragraphs) if paragraph.in_doubt]
    for window in read:
        assert window.first <= window.start < window.stop <= window.last
        assert paragraphs[window.start].in_doubt
        assert paragraphs[window.stop - 1].in_doubt


@settings(max_examples=40)
@given(parts=st.lists(stretches, max_size=4))
def test_a_window_has_context_on_both_sides_and_stays_in_its_stretch(parts: list[list[Paragraph]]) -> None:
    read, paragraphs = found(parts)
    bounds = bounds_of(parts)

    def tokens(start: int, stop: int) -> int:
        return sum(paragraph.size for paragraph in paragraphs[start:stop])

    for window in read:
        number = int(np.searchsorted(bounds, window.start, side="right")) - 1
        begin, end = int(bounds[number]), int(bounds[number + 1])
        assert begin <= window.first
        assert window.last <= end
        assert tokens(window.first, window.last) <= LENGTH
        assert (window.first < window.start) == (begin < window.start)
        assert (window.last > window.stop) == (window.stop < end)
        assert tokens(window.first, window.start) <= BEFORE
        assert tokens(window.stop, window.last) <= AFTER
        # as much context as that allows, and the window
        assert window.first == begin or tokens(window.first - 1, window.start) > BEFORE
        full = tokens(window.first, window.last + 1) > LENGTH
        assert window.last == end or full or tokens(window.stop, window.last + 1) > AFTER


@settings(max_examples=40)
@given(parts=st.lists(stretches, min_size=2, max_size=4))
def test_the_windows_of_a_stretch_do_not_depend_on_others(parts: list[list[Paragraph]]) -> None:
    together, _ = found(parts)
    one_by_one = []
    for part, first in zip(parts, bounds_of(parts)[:-1].tolist(), strict=True):
        one_by_one += [Window(*(first + row for row in vars(window).values())) for window in found([part])[0]]
    assert together == one_by_one


def test_long_paragraphs_around_one_in_doubt_are_read_with_it() -> None:
    part = [Paragraph(MOST_TOKENS, number == 5) for number in range(11)]
    assert found([part])[0] == [Window(4, 7, 5, 6)]


def test_doubts_that_are_far_apart_are_read_in_two_windows() -> None:
    together = [Paragraph(10, number in (5, 15)) for number in range(22)]
    assert found([together])[0] == [Window(0, 19, 5, 16)]
    apart = [Paragraph(10, number in (5, 16)) for number in range(22)]
    assert found([apart])[0] == [Window(0, 9, 5, 6), Window(10, 20, 16, 17)]


def test_a_long_run_of_doubts_is_read_in_as_few_windows_as_fit() -> None:
    read, _ = found([[Paragraph(1, True)] * 1000])
    assert len(read) == 1 + -(-(1000 - LENGTH + AFTER) // (LENGTH - BEFORE - AFTER))
    assert [found([[Paragraph(1, True)] * number])[0] for number in (1, LENGTH)] == [
        [Window(0, number, 0, number)] for number in (1, LENGTH)
    ]


@pytest.mark.parametrize("parts", [[], [[]], [[], []], [[Paragraph(3, False)] * 9]])
def test_without_doubt_nothing_is_read(parts: list[list[Paragraph]]) -> None:
    assert found(parts)[0] == []


# What is around the paragraphs in doubt


def expected_near(documents: list[list[bool]]) -> list[list[int]]:
    """The stretches of rows, found paragraph by paragraph."""
    runs: list[list[int]] = []
    first = 0
    for doubtful in documents:
        previous = -2
        for row in range(len(doubtful)):
            around = doubtful[max(row - PARAGRAPHS_AFTER, 0) : row + PARAGRAPHS_BEFORE + 1]
            if any(around):
                runs += [] if previous == row - 1 else [[]]
                runs[-1].append(first + row)
                previous = row
        first += len(doubtful)
    return runs


@settings(max_examples=40)
@given(documents=st.lists(st.lists(st.integers(0, 12).map(lambda number: number == 0), max_size=60), max_size=4))
def test_surroundings_are_twelve_paragraphs_before_and_six_after(documents: list[list[bool]]) -> None:
    doubtful = np.array([each for document in documents for each in document], dtype=np.bool_)
    bounds = np.cumsum([0, *map(len, documents)])
    document = np.repeat(np.arange(len(documents)), np.diff(bounds))
    if not doubtful.any():
        return  # nothing is read then
    near, parted = surroundings(doubtful, document, bounds)
    assert [near[a:b].tolist() for a, b in pairwise(parted.tolist())] == expected_near(documents)
