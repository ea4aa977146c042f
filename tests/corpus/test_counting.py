"""What is counted of the documents of one input, whether they are short or come in sections."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from detector.cleaner import Cleaner
from detector.corpus.counting import DocumentCounter
from detector.corpus.progress import Meter
from detector.corpus.summary import Summary
from detector.inference.model import Model
from detector.results import Prediction, SectionPrediction

STORY = "The council voted on Tuesday to reopen the bridge, which had been closed since the flood in the spring. " * 9


@pytest.fixture(scope="module")
def cleaner(tiny_model: Model) -> Cleaner:
    return Cleaner(tiny_model)


def decided(cleaner: Cleaner, text: str, keep: bool) -> Prediction:
    prediction = cleaner.predict(text)
    return replace(prediction, keep=np.full(len(prediction), keep))


def counted(predictions: list[Prediction], sections: list[list[SectionPrediction]] = [], size: int = 1) -> Summary:  # noqa: B006 - read only
    counter = DocumentCounter(Summary(bytes=size), Meter(), "line")
    counter.short(predictions)
    for parts in sections:
        list(counter.long(iter(parts)))
    counter.finish()
    return counter.summary


def test_a_document_that_comes_out_empty_is_counted(cleaner: Cleaner) -> None:
    kept, removed, empty = (
        decided(cleaner, "A.\nB.", True),
        decided(cleaner, "A.\nB.", False),
        decided(cleaner, "", True),
    )
    assert [(s.emptied, s.to_check) for s in map(counted, ([kept], [removed], [empty], [kept, removed]))] == [
        (0, 0), (1, 1), (0, 0), (1, 0),
    ]  # fmt: skip


def test_an_input_without_a_document_is_to_be_checked() -> None:
    assert counted([]).to_check == 1
    assert counted([], size=0).to_check == 0


@pytest.mark.parametrize("counts", [{"nulls": 1}, {"rejected": 1}])
def test_an_input_of_nulls_or_rejected_records_says_so_itself(counts: dict[str, int]) -> None:
    counter = DocumentCounter(Summary(bytes=9, **counts), Meter(), "line")
    counter.finish()
    assert counter.summary.to_check == 0


def sections(*predictions: Prediction) -> Iterator[SectionPrediction]:
    at = 0
    for prediction in predictions:
        yield SectionPrediction(at, prediction)
        at += len(prediction.source)


def test_sections_count_as_one_document(cleaner: Cleaner) -> None:
    first, second = decided(cleaner, "A.\nB.\n", False), decided(cleaner, "C.", True)
    summary = counted([], [list(sections(first, second))])
    assert (summary.documents, summary.emptied, summary.to_check) == (1, 0, 0)
    assert sum(count.paragraphs for count in summary.removed.values()) == 2
    assert sum(count.characters for count in summary.removed.values()) == 4
    assert counted([], [list(sections(first, decided(cleaner, "C.", False)))]).emptied == 1


def test_a_continued_paragraph_is_counted_once_with_all_its_characters(cleaner: Cleaner) -> None:
    one = decided(cleaner, "x" * 10, True)
    parts = [SectionPrediction(0, one), SectionPrediction(10, one, continued=True)]
    summary = counted([], [parts])
    assert [(count.paragraphs, count.characters) for count in summary.kept.values()] == [(1, 20)]


def test_hard_wrapped_documents_are_counted(cleaner: Cleaner) -> None:
    wrapped, usual = cleaner.predict(textwrap.fill(STORY, 70)), cleaner.predict("\n".join([STORY] * 12))
    assert counted([wrapped, usual, wrapped]).wrapped == 2
    assert counted([], [list(sections(wrapped, wrapped))]).wrapped == 1
    blank = DocumentCounter(Summary(), Meter(), "blank")
    blank.short([wrapped])
    assert blank.summary.wrapped == 0


def test_documents_that_are_kept_whole_are_counted(cleaner: Cleaner) -> None:
    usual = decided(cleaner, "A.\nB.\n", True)
    whole = replace(usual, kept_whole=True)
    assert counted([usual, whole, usual, whole]).kept_whole == 2
    assert [
        counted([], [list(sections(*parts))]).kept_whole for parts in ([usual], [usual, whole], [whole, usual, whole])
    ] == [0, 1, 1]
    assert counted([whole], [list(sections(whole)), list(sections(usual))]).kept_whole == 2


def test_progress_counts_documents_and_characters(cleaner: Cleaner) -> None:
    counter = DocumentCounter(Summary(), Meter(), "line")
    counter.short([decided(cleaner, "abc", True)])
    list(counter.long(sections(decided(cleaner, "abcd", False))))
    counts = counter.meter.counts
    assert (counts.documents, counts.characters, counts.removed) == (2, 7, 4)
