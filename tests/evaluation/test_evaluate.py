"""The figures: small cases worked out by hand, and the scorer beside the project."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.cleaner import Cleaner, Prediction
from detector.errors import DataError
from detector.evaluation.evaluate import (
    FIGURES,
    ScoredDocument,
    count_words,
    evaluate,
    figures,
    figures_by_origin,
    gold_texts,
    score_documents,
)
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents
from detector.inference.model import Model

LABELS = ("reporting", "appeal", "navigation")

WORDS = [
    ("", 0),
    ("one", 1),
    ("one, two; three!", 3),
    ("it's", 2),
    ("snake_case 12.5", 3),
    ("東京 駅", 2),
    ("— … 😀", 0),
]


@pytest.mark.parametrize(("text", "number"), WORDS)
def test_words(text: str, number: int) -> None:
    assert count_words(text) == number


Row = tuple[str | None, str | None, int, bool, list[float]]  # label, by, words, keep, scores


def judged(
    rows: list[Row], name: str = "a", origin: str | None = None, labels: tuple[str, ...] = LABELS
) -> ScoredDocument:
    paragraphs = tuple(
        LabelledParagraph(" ".join(f"w{n}x{k}" for k in range(words)) or "—", label, None, by)
        for n, (label, by, words, _, _) in enumerate(rows)
    )
    scores = np.array([row[4] for row in rows], dtype=np.float32).reshape(-1, len(labels))
    at = np.arange(len(rows))
    return ScoredDocument(
        LabelledDocument(name, "site", origin, None, None, paragraphs),
        Prediction(
            "", labels, labels, tuple(range(len(labels))), at, at, scores, scores, scores[:, 0],
            np.array([row[3] for row in rows], dtype=bool),
        ),
    )  # fmt: skip


REPORT, APPEAL, NAV = [0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]


def test_lost_counts_words_and_other_figures_count_paragraphs_that_were_read() -> None:
    found = figures(
        [
            judged(
                [
                    ("reporting", "read", 30, True, REPORT),
                    ("reporting", "gold", 10, False, APPEAL),
                    ("appeal", "read", 4, False, APPEAL),
                    ("appeal", "read", 4, True, REPORT),
                    ("appeal", "auto", 4, True, REPORT),  # not read: does not count
                    ("navigation", "read", 2, False, NAV),
                    (None, None, 99, False, NAV),  # without a label
                ]
            )
        ],
        {},
    )
    assert found["documents"] == 1
    assert found["lost"] == 10 / 40
    assert found["appeal"] == 1 / 2
    assert found["nav"] == 1
    assert found["F1r"] == pytest.approx(2 * 1 / (1 + 2))
    assert found["F1a"] == pytest.approx(2 * 1 / (2 + 1))
    assert found["F1n"] == 1
    assert found["macro"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert (found["before"], found["after"]) == (None, None)


@pytest.mark.parametrize(
    ("by", "read"),
    [(None, 1), ("read", 1), ("kerstin", 1), ("", 1), ("annotator 7", 1), ("gold", None), ("auto", None)],
)
def test_a_label_by_anybody_counts_as_read(by: str | None, read: float | None) -> None:
    found = figures([judged([("reporting", by, 5, True, REPORT), ("appeal", by, 5, False, APPEAL)])], {})
    assert (found["appeal"], found["F1r"], found["macro"]) == (read, read, read)
    assert (found["nav"], found["F1n"], found["lost"]) == (None, None, 0)


MACRO = [
    ("all labels", [("reporting", REPORT), ("appeal", APPEAL), ("navigation", APPEAL)], (1 + 2 / 3 + 0) / 3),
    ("one is neither given nor predicted", [("reporting", REPORT), ("appeal", APPEAL), ("appeal", REPORT)], 2 / 3),
    ("one is predicted, but not given", [("reporting", REPORT), ("appeal", APPEAL), ("appeal", NAV)], (1 + 2 / 3) / 2),
    ("one is given, but not predicted", [("reporting", REPORT), ("appeal", REPORT)], (2 / 3 + 0) / 2),
    ("one label", [("reporting", REPORT)], 1),
    ("no label", [(None, REPORT)], None),
]


@pytest.mark.parametrize(("name", "rows", "expected"), MACRO, ids=[case[0] for case in MACRO])
def test_macro_is_over_the_labels_that_are_given(
    name: str, rows: list[tuple[str | None, list[float]]], expected: float | None
) -> None:
    found = figures([judged([(label, "read", 5, True, scores) for label, scores in rows])], {})
    assert found["macro"] == (expected if expected is None else pytest.approx(expected))


def test_the_share_at_a_loss_of_half_a_percent() -> None:
    rows: list[Row] = [
        ("reporting", "read", 10, True, [0.30, 0.4, 0.3]),  # 0.5 %: may go
        ("reporting", "read", 1, True, [0.50, 0.3, 0.2]),  # the next may not: the threshold
        ("reporting", "read", 1989, True, [0.90, 0.1, 0.0]),
        ("appeal", "read", 3, True, [0.29, 0.71, 0]),
        ("appeal", "read", 3, True, [0.49, 0.51, 0]),
        ("appeal", "read", 3, True, [0.50, 0.5, 0]),
        ("appeal", "read", 3, True, [0.95, 0.05, 0]),
        ("navigation", "read", 3, True, [0.1, 0, 0.9]),
    ]
    found = figures([judged(rows)], {})
    assert (found["A@.5"], found["N@.5"]) == (0.5, 1)
    assert (found["lost"], found["appeal"]) == (0, 0)


def test_words_against_the_gold_text() -> None:
    one = judged([("reporting", "read", 3, True, REPORT), ("navigation", "read", 3, False, NAV)], origin="page")
    kept = one.document.paragraphs[0].text
    found = figures([one], {("site", "a"): kept.upper()})
    assert (found["before"], found["after"]) == (pytest.approx(2 * 3 / (6 + 3)), 1)
    assert figures([one], {("site", "b"): kept})["after"] is None
    assert figures([one], {("site", "a"): "— —"})["after"] is None
    assert figures([one], {("site", "a"): "quite different"})["after"] == 0


def test_the_gold_text_is_that_of_the_same_site_and_first_of_all_the_document_s_own() -> None:
    """Two sites use the same id; one form of a page has the gold text, the other has not."""
    one = judged([("reporting", "read", 3, True, REPORT)], "1", origin="page")
    text, other = one.document.paragraphs[0].text, "nothing of the kind"
    there = replace(one, document=replace(one.document, site="there", gold=other))
    extracted = replace(one, document=replace(one.document, origin="justext"))
    here = replace(one, document=replace(one.document, gold=text))
    given = [here, extracted, there]
    table = figures_by_origin(given, gold_texts(each.document for each in given))
    assert [figures([each], gold_texts(e.document for e in given))["after"] for each in given] == [1, 1, 0]
    assert (table["page"]["after"], table["justext"]["after"]) == (0.5, 1)
    assert figures([here], {("site", "1"): other})["after"] == 1


def test_rows_by_origin() -> None:
    rows: list[Row] = [("reporting", "read", 3, True, REPORT), ("appeal", "read", 1, False, APPEAL)]
    table = figures_by_origin([judged(rows, "a", "zeta"), judged(rows, "b", "page"), judged(rows, "c", "alpha")], {})
    assert list(table) == ["page", "alpha", "zeta", "extracted"]
    assert [row["documents"] for row in table.values()] == [1, 1, 1, 2]
    assert list(figures_by_origin([judged(rows), judged(rows)], {})) == ["all"]
    assert figures_by_origin([], {}) == {}
    assert set(FIGURES) <= set(table["page"])


def test_labels_with_a_common_prefix_have_figures_of_their_own() -> None:
    labels = ("reporting", "spam", "sport")
    rows: list[Row] = [
        ("reporting", "read", 3, True, REPORT),
        ("spam", "read", 3, False, APPEAL),
        ("sport", "read", 3, False, APPEAL),
    ]
    found = figures([judged(rows, labels=labels)], {})
    assert found["F1r"] == 1
    assert found["F1 spam"] == pytest.approx(2 / 3)
    assert found["F1 sport"] == 0
    assert found["macro"] == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_a_label_the_model_does_not_know_is_not_reporting() -> None:
    found = figures([judged([("reporting", "read", 3, True, REPORT), ("weather", "read", 3, True, REPORT)])], {})
    assert found["lost"] == 0
    assert found["F1r"] == pytest.approx(2 / 3)


def test_documents_without_paragraphs(tiny_model: Model) -> None:
    empty = LabelledDocument("e", "e", None, None, None, ())
    table = evaluate(Cleaner(tiny_model), [empty]).figures
    assert table["all"]["documents"] == 1
    assert table["all"]["lost"] is None


def test_paragraphs_that_differ_from_those_of_the_text(tiny_model: Model) -> None:
    blank = LabelledDocument("e-7", "e", None, None, None, (LabelledParagraph("\u3000", "reporting"),))
    with pytest.raises(DataError, match="e-7: 1 labelled paragraphs, 0 in the text"):
        list(score_documents(Cleaner(tiny_model), [blank]))


def scored(data: Path, predictions: Path, scorer: Path) -> dict[str, dict[str, float | None]]:
    """The output of ``score.py``."""
    command = [sys.executable, str(scorer), "score", str(data), str(predictions), "--json"]
    found: dict[str, dict[str, float | None]] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return found


@pytest.mark.parametrize("threshold", ["balanced", 0.9])
def test_the_figures_are_those_of_the_scorer(
    threshold: float | str, shared: Path, tiny_model: Model, tmp_path: Path
) -> None:
    data = tmp_path / "sample.jsonl"
    with (
        gzip.open(shared / "data" / "dev.jsonl.gz", "rt", encoding="utf-8") as lines,
        open(data, "w", encoding="utf-8") as out,
    ):
        out.writelines(line for number, line in enumerate(lines) if number % 23 == 0)
    cleaner = Cleaner(tiny_model, threshold)
    documents = list(read_documents([data]))
    with open(tmp_path / "predictions.jsonl", "w", encoding="utf-8") as out:
        for one in score_documents(cleaner, documents):
            paragraphs = [{"label": p.label, "keep": p.keep, "scores": p.scores} for p in one.prediction.paragraphs]
            out.write(json.dumps({"id": f"{one.document.id}#{one.document.origin}", "paragraphs": paragraphs}) + "\n")
    expected = scored(data, tmp_path / "predictions.jsonl", shared / "score.py")
    got = evaluate(cleaner, documents).figures
    assert set(got) == set(expected)
    for origin, row in expected.items():
        assert {name: got[origin][name] for name in row} == row, origin  # to the last digit
