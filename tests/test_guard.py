"""What is not understood is kept: a lower threshold under doubt, and documents of which most would go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detector.guard import (
    FAMILIAR,
    MAX_REMOVED,
    PAGE_KINDS,
    PAGE_ODDS,
    PAGE_PARAGRAPHS,
    Decisions,
    Settings,
    decide,
    thresholds,
)
from detector.text.paragraphs import split

LINE = "x" * 10
KIND_LABELS = [1, 1, 2, 2, 2, 2, 0, 0, 0]  # the last three kinds are reporting


def decided(
    documents: list[list[float]], kinds: list[int] | None = None, familiarity: Any = 1.0, **options: float
) -> Decisions:
    """Decisions on documents with these scores of their paragraphs, each of ten characters, at a threshold of 0.5.

    ``kinds`` are the most probable kinds of all paragraphs; by default all have the first one.
    """
    batch = split(["\n".join([LINE] * len(scores)) for scores in documents])
    scores = np.array([score for document in documents for score in document], dtype=np.float32)
    probable = np.zeros(len(scores), dtype=np.int64) if kinds is None else np.array(kinds)
    settings = Settings(options.get("cutoff", 0.5), options.get("max_removed", MAX_REMOVED), KIND_LABELS)
    known = np.full(len(documents), familiarity, dtype=np.float32)
    return decide(scores, np.eye(9, dtype=np.float32)[probable], batch, known, settings)


@pytest.mark.parametrize(
    ("scores", "max_removed", "kept_whole"),
    [
        ([0.9, 0.9, 0.9], 0.5, False),
        ([0.9, 0.1], 0.5, False),  # just half of it would go
        ([0.1, 0.1, 0.9], 0.5, True),
        ([0.1, 0.1, 0.9], 0.67, False),
        ([0.1, 0.1, 0.9], 0.66, True),
        ([0.9, 0.9, 0.1], 0.0, True),
        ([0.9, 0.9, 0.9], 0.0, False),
        ([0.1, 0.1], 0.99, True),
        ([0.1, 0.1], 1.0, False),
        ([], 0.0, False),
    ],
)
def test_a_document_of_which_too_much_would_go_is_kept_whole(
    scores: list[float], max_removed: float, kept_whole: bool
) -> None:
    found = decided([scores], max_removed=max_removed)
    assert found.kept_whole.tolist() == [kept_whole]
    assert found.keep.tolist() == [kept_whole or score >= 0.5 for score in scores]


def test_the_share_is_one_of_characters_not_of_paragraphs() -> None:
    batch = split(["x" * 60 + "\nabcd\nabcd"])
    scores, kinds = np.array([0.9, 0.1, 0.1], dtype=np.float32), np.ones((3, 2), dtype=np.float32)
    found = decide(scores, kinds, batch, np.ones(1, dtype=np.float32), Settings(0.5, MAX_REMOVED, KIND_LABELS))
    assert found.keep.tolist() == [True, False, False]


def test_each_document_is_judged_by_itself() -> None:
    found = decided([[0.1, 0.9], [0.1, 0.1, 0.9], [], [0.9], [0.1]])
    assert found.kept_whole.tolist() == [False, True, False, False, True]
    assert found.keep.tolist() == [False, True, True, True, True, True, True]


def page_of(number: int, *rest: float) -> tuple[list[float], list[int]]:
    """The scores and kinds of a document with ``number`` paragraphs that go with certainty, and enough that stay."""
    scores = [*[0.0] * number, *rest, *[1.0] * 2 * number]
    return scores, np.resize(KINDS, len(scores)).tolist()


@pytest.mark.parametrize(
    ("number", "cutoff", "limit"),
    [
        (2 * PAGE_PARAGRAPHS, 0.2, 1 / 3),
        (2 * PAGE_PARAGRAPHS, 0.5, 2 / 3),
        (3 * PAGE_PARAGRAPHS, 0.5, 2 / 3),
        (3 * PAGE_PARAGRAPHS // 2, 0.5, 0.6),
        (PAGE_PARAGRAPHS, 0.5, 0.5),
        (PAGE_PARAGRAPHS - 1, 0.5, 0.5),
        (2 * PAGE_PARAGRAPHS, 1.0, 1.0),
    ],
)
def test_the_odds_of_the_threshold_rise_with_the_furniture_of_a_page(number: int, cutoff: float, limit: float) -> None:
    assert PAGE_ODDS == 2
    scores, kinds = page_of(number, limit - 0.01, limit + 0.01)
    found = decided([scores], kinds, cutoff=cutoff)
    assert found.thresholds.tolist() == pytest.approx([limit])
    assert found.keep[number : number + 2].tolist() == [False, True]


def test_at_a_threshold_of_zero_nothing_goes() -> None:
    scores, kinds = page_of(2 * PAGE_PARAGRAPHS)
    assert decided([scores], kinds, cutoff=0.0).keep.all()


KINDS = list(range(PAGE_KINDS))
PAGES = {
    "as many paragraphs and kinds as a page has": ([0.1] * PAGE_PARAGRAPHS, KINDS, True),
    "one paragraph too few": ([0.1] * (PAGE_PARAGRAPHS - 1), KINDS, False),
    "kinds of reporting do not count": ([0.1] * PAGE_PARAGRAPHS, [0, 1, 6, 7, 8], False),
    "doubtful paragraphs do not count": ([0.3] * 100, KINDS, False),
    "most of what goes has to be certain": ([0.3] * (PAGE_PARAGRAPHS + 1) + [0.1] * PAGE_PARAGRAPHS, KINDS, False),
    "half of what goes is certain": ([0.3] * PAGE_PARAGRAPHS + [0.1] * PAGE_PARAGRAPHS, KINDS, True),
    "one kind too few": ([0.1] * PAGE_PARAGRAPHS, KINDS[1:], False),
    "kinds of what stays do not count": ([0.9] + [0.1] * PAGE_PARAGRAPHS, [0] + [1, 2] * PAGE_PARAGRAPHS, False),
}


@pytest.mark.parametrize(("scores", "kinds", "is_page"), PAGES.values(), ids=PAGES)
def test_a_whole_page_is_cleaned_whatever_goes(scores: list[float], kinds: list[int], is_page: bool) -> None:
    found = decided([scores], np.resize(kinds, len(scores)).tolist())
    assert found.kept_whole.tolist() == [not is_page]
    assert found.keep.tolist() == [not is_page or score >= 0.5 for score in scores]


def test_a_page_does_not_speak_for_the_document_after_it() -> None:
    kinds = [*np.resize(KINDS, PAGE_PARAGRAPHS).tolist(), 0, 1, 2]
    assert decided([[0.1] * PAGE_PARAGRAPHS, [0.1] * 3], kinds).kept_whole.tolist() == [False, True]


@pytest.mark.parametrize(
    ("familiarity", "threshold"), [(1.0, 0.4), (FAMILIAR, 0.4), (FAMILIAR / 2, 0.1), (FAMILIAR / 4, 0.025), (0.0, 0.0)]
)
def test_the_threshold_falls_where_little_is_familiar(familiarity: float, threshold: float) -> None:
    assert thresholds(0.4, np.array([familiarity], dtype=np.float32)) == pytest.approx(threshold)


def test_a_familiar_document_has_just_the_given_threshold() -> None:
    assert thresholds(0.1, np.array([0.75, 1], dtype=np.float32)).tolist() == [0.1, 0.1]


@pytest.mark.parametrize(("score", "familiarity", "keep"), [(0.2, 1.0, False), (0.2, 0.15, True), (0.05, 0.15, False)])
def test_what_is_not_familiar_goes_only_if_it_is_very_certain(score: float, familiarity: float, keep: bool) -> None:
    found = decided([[0.9, 0.9, score]], familiarity=familiarity)
    assert found.keep.tolist() == [True, True, keep]
    assert not found.kept_whole.any()


def test_of_a_document_without_a_known_word_nothing_goes() -> None:
    found = decided([[0.0, 0.1]], familiarity=0.0, max_removed=1)
    assert found.keep.all()
    assert not found.kept_whole.any()
