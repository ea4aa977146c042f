"""What is not understood is kept: a lower threshold under doubt, and documents of which most would go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detector.guard import FAMILIAR, MAX_REMOVED, PAGE_KINDS, PAGE_ODDS, PAGE_PARAGRAPHS, Decisions, decide, thresholds
from detector.text.paragraphs import split

LINE = "x" * 10


def decided(
    documents: list[list[float]], kinds: list[int] | None = None, familiarity: Any = 1.0, **options: float
) -> Decisions:
    """Decisions on documents with these scores of their paragraphs, each of ten characters, at a threshold of 0.5.

    ``kinds`` are the most probable kinds of all paragraphs; by default all have the first one.
    """
    batch = split(["\n".join([LINE] * len(scores)) for scores in documents])
    scores = np.array([score for document in documents for score in document], dtype=np.float32)
    probable = np.zeros(len(scores), dtype=np.int64) if kinds is None else np.array(kinds)
    settings = {"cutoff": 0.5, "max_removed": MAX_REMOVED} | options
    known = np.full(len(documents), familiarity, dtype=np.float32)
    return decide(scores, np.eye(9, dtype=np.float32)[probable], batch, known, **settings)


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
    found = decide(scores, kinds, batch, np.ones(1, dtype=np.float32), 0.5, MAX_REMOVED)
    assert found.keep.tolist() == [True, False, False]


def test_each_document_is_judged_by_itself() -> None:
    found = decided([[0.1, 0.9], [0.1, 0.1, 0.9], [], [0.9], [0.1]])
    assert found.kept_whole.tolist() == [False, True, False, False, True]
    assert found.keep.tolist() == [False, True, True, True, True, True, True]


@pytest.mark.parametrize(("cutoff", "limit"), [(0.2, 1 / 3), (0.5, 2 / 3), (0.0, 0.0), (1.0, 1.0)])
def test_the_odds_of_the_threshold_are_higher_in_a_whole_page(cutoff: float, limit: float) -> None:
    furniture = [0.0] * PAGE_PARAGRAPHS
    story = [max(limit - 0.01, 0.0), limit + 0.01] if cutoff < 1 else [0.5, 1.0]
    page, other = [*furniture, *story, *[1.0] * 90], [*furniture[1:], *story, *[1.0] * 90]
    kinds = list(range(PAGE_KINDS)) * len(page)
    found = decided([page, other], [*kinds[: len(page)], *kinds[: len(other)]], cutoff=cutoff)
    if cutoff == 0:
        assert found.keep.all()
        return
    assert PAGE_ODDS == 2
    assert found.thresholds.tolist() == pytest.approx([limit, cutoff])
    assert found.keep[: len(page)].tolist() == [score >= limit for score in page]
    assert found.keep[len(page) :].tolist() == [score >= cutoff for score in other]


KINDS = list(range(PAGE_KINDS))
PAGES = {
    "as many paragraphs and kinds as a page has": ([0.1] * PAGE_PARAGRAPHS, KINDS, True),
    "one paragraph too few": ([0.1] * (PAGE_PARAGRAPHS - 1), KINDS, False),
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
