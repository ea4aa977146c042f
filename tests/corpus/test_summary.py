"""Counts of what a run did."""

from __future__ import annotations

import json

import pytest

from detector.cleaner import Cleaner
from detector.corpus.counting import DocumentCounter
from detector.corpus.progress import Meter
from detector.corpus.summary import Summary
from detector.inference.model import Model


@pytest.fixture(scope="module")
def cleaner(tiny_model: Model) -> Cleaner:
    return Cleaner(tiny_model)


def counted(cleaner: Cleaner, texts: list[str]) -> Summary:
    summary = Summary()
    DocumentCounter(summary, Meter(), "line").short(list(cleaner.predict_many(texts)))
    return summary


def test_paragraphs_and_characters_are_counted_by_label(cleaner: Cleaner, seed_texts: list[str]) -> None:
    summary = counted(cleaner, seed_texts)
    expected: dict[tuple[bool, str, str], list[int]] = {}
    for text in seed_texts:
        for paragraph in cleaner.predict(text).paragraphs:
            count = expected.setdefault((paragraph.keep, paragraph.label, paragraph.kind), [0, 0])
            count[0] += 1
            count[1] += len(paragraph.text)
    found = {
        (keep, *key): [count.paragraphs, count.characters]
        for keep, counts in ((True, summary.kept), (False, summary.removed))
        for key, count in counts.items()
    }
    assert found == expected
    assert summary.documents == len(seed_texts)
    assert 0 < summary.removed_characters < summary.characters


def test_counts_do_not_depend_on_batches(cleaner: Cleaner, seed_texts: list[str]) -> None:
    parts = Summary()
    for text in seed_texts:
        parts.merge(counted(cleaner, [text]))
    assert parts == counted(cleaner, seed_texts)


def test_counts_survive_serialization(cleaner: Cleaner, seed_texts: list[str]) -> None:
    summary = counted(cleaner, seed_texts)
    summary.rejected, summary.bytes, summary.nulls, summary.emptied, summary.wrapped, summary.to_check = range(3, 9)
    summary.kept_whole = 9
    assert Summary.from_json(json.loads(json.dumps(summary.to_json()))) == summary


def test_the_report_adds_up(cleaner: Cleaner, seed_texts: list[str]) -> None:
    report = counted(cleaner, seed_texts).report()
    for name in ("kept", "removed"):
        for unit in ("paragraphs", "characters"):
            assert report[name][unit] == sum(part[unit] for part in report[name]["labels"].values())
            assert report[name][unit] == sum(part[unit] for part in report[name]["kinds"].values())
    assert all(kind.partition("/")[0] in report["kept"]["labels"] for kind in report["kept"]["kinds"])


def test_an_empty_run_counts_nothing() -> None:
    summary = Summary()
    summary.add([])
    assert summary == Summary()
    assert summary.ok
    assert summary.lines() == [
        "0 documents",
        "kept            0 paragraphs             0 characters",
        "removed         0 paragraphs             0 characters",
    ]


def test_documents_that_are_kept_whole_are_reported() -> None:
    summary = Summary(documents=9, kept_whole=1)
    summary.merge(Summary(documents=2000, kept_whole=1200))
    assert summary.ok
    assert summary.lines()[-1] == "kept whole  1,201 documents"
    assert (summary.report()["kept_whole"], summary.to_json()["kept_whole"]) == (1201, 1201)
    assert not any("whole" in line for line in Summary(documents=9).lines())


def test_failures_are_reported() -> None:
    summary = Summary(rejected=2, failed=["a.txt: gone"])
    assert not summary.ok
    assert summary.lines()[-2:] == ["rejected        2 records", "failed          1 file"]
