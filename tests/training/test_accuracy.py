"""The comparison with rivals: intervals over pages, curves, tables, the picture."""

from __future__ import annotations

import json
from pathlib import Path

import measured_documents
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from detector.cleaner import Cleaner
from detector.evaluation.bootstrap import Interval
from detector.evaluation.bootstrap import ratio_interval as interval
from detector.evaluation.curves import curves_of
from detector.evaluation.evaluate import (
    Figures,
    LabelledRows,
    Share,
    evaluate,
    figures,
    gold_texts,
    score_documents,
    scored_document,
)
from detector.inference.model import Model
from training.accuracy import GAIN, WITH_INTERVAL, Accuracy, measure, with_gain
from training.accuracy_report import draw, markdown, to_json
from training.benchmark import app
from training.rivals import HashedLinear, Rules, score_with_rules

LABELS = ("reporting", "appeal", "navigation")
DOCUMENTS = measured_documents.documents(8)


@pytest.fixture(scope="module")
def results(tiny_model: Model) -> list[Accuracy]:
    """The tiny model, and a rule that keeps lines that end in a full stop."""
    gold = gold_texts(DOCUMENTS)
    rule = Rules("full stops", lambda d: np.array([p.text.endswith(".") for p in d.paragraphs], dtype=bool))
    return [
        measure("detector", score_documents(Cleaner(tiny_model), DOCUMENTS), gold),
        measure(rule.name, score_with_rules(rule, DOCUMENTS, LABELS), gold, has_scores=False),
    ]


def test_the_figures_are_those_of_evaluate(results: list[Accuracy], tiny_model: Model) -> None:
    expected = evaluate(Cleaner(tiny_model), DOCUMENTS).figures
    assert list(results[0].figures) == ["page", "readability", "extracted"]
    for origin, row in expected.items():
        assert {name: results[0].figures[origin][name] for name in row} == row
        assert results[0].figures[origin][GAIN] == row["after"] - row["before"]  # type: ignore[operator]


def test_a_rule_that_is_right_everywhere(results: list[Accuracy]) -> None:
    page = results[1].figures["page"]
    assert (page["lost"], page["appeal"], page["nav"], page["after"]) == (0, 1, 1, 1)
    assert results[1].intervals["page"]["after"] == Interval(1, 1)
    assert results[1].curves == {}
    assert not {"A@.5", "N@.5", "macro", "kinds", "F1r"} & set(page)


def test_a_gain_needs_a_gold_text() -> None:
    row: Figures = {"lost": 0.1, "before": None, "after": None}
    assert with_gain(row)[GAIN] is None


# Intervals


def test_every_interval_holds_its_figure(results: list[Accuracy]) -> None:
    for origin, row in results[0].figures.items():
        for name in WITH_INTERVAL:
            found, value = results[0].intervals[origin][name], row[name]
            assert (found is None) == (value is None)
            if found and value is not None:
                assert found.low - 1e-12 <= value <= found.high + 1e-12


pages = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=2, max_size=12)


@given(pages)
def test_texts_of_one_page_are_not_independent_samples(drawn: list[tuple[int, int]]) -> None:
    """Eight identical texts of each page add no information to one of them."""
    names = [str(number) for number in range(len(drawn))]
    parts = [Share(part, part + rest) for part, rest in drawn]
    once, often = interval(names, parts), interval(names * 8, parts * 8)
    assert once is not None
    assert often is not None
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


def test_more_pages_make_the_interval_narrower() -> None:
    def width(number: int) -> float:
        found = interval([str(n) for n in range(number)], [Share(n % 2, 1) for n in range(number)])
        assert found is not None
        return found.high - found.low

    assert width(20) > 1.5 * width(80) > 2 * width(320)
    assert width(400) == pytest.approx(2 * 1.96 * 0.5 / 20, rel=0.15)  # of one half, by the normal approximation


def test_the_same_pages_give_the_same_interval() -> None:
    parts = [Share(number % 3, 3) for number in range(30)]
    names = [str(number) for number in range(30)]
    assert interval(names, parts) == interval(names, parts)


NOTHING_TO_DRAW = [
    ([], []),
    (["a"], [Share(1, 2)]),
    (["a", "a"], [Share(1, 2)] * 2),
    (["a", "b"], [Share(1, 2), Share(0, 0)]),
]


@pytest.mark.parametrize(("names", "parts"), NOTHING_TO_DRAW)
def test_fewer_than_two_pages_have_no_interval(names: list[str], parts: list[Share]) -> None:
    assert interval(names, parts) is None


def test_pages_with_nothing_to_measure_are_not_drawn() -> None:
    names, parts = ["a", "b", "c"], [Share(1, 2), Share(2, 2), Share(1, 3)]
    assert interval([*names, "d"], [*parts, Share(0, 0)]) == interval(names, parts)


# Curves


def rows(label: list[int], words: list[int], score: list[float]) -> LabelledRows:
    every = np.ones(len(label), dtype=bool)
    return LabelledRows(
        np.array(label), every, np.array(words), every, np.zeros(len(label), dtype=int),
        np.array(score, dtype=np.float32),
    )  # fmt: skip


def test_a_curve_by_hand() -> None:
    found = curves_of(rows([0, 0, 0, 1, 1, 2], [10, 30, 60, 5, 5, 5], [0.25, 0.5, 0.75, 0.25, 0.6, 0.1]), LABELS)
    assert found["appeal"].lost.tolist() == pytest.approx([0, 0.1, 0.4])
    assert found["appeal"].removed.tolist() == [0, 0.5, 1]  # a score of 0.25 is kept at a threshold of 0.25
    assert found["nav"].removed.tolist() == [1, 1, 1]


def test_without_a_label_there_is_no_curve() -> None:
    assert set(curves_of(rows([0, 2], [10, 5], [0.9, 0.1]), LABELS)) == {"nav"}
    assert curves_of(rows([1], [10], [0.9]), LABELS) == {}


scored = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([0.05, 0.2, 0.3, 0.5, 0.8, 0.95])), min_size=3, max_size=40
)


@given(scored)
def test_the_curve_contains_the_figure_at_a_loss_of_half_a_percent(drawn: list[tuple[int, float]]) -> None:
    document = measured_documents.LabelledDocument(
        "a", "a", "page", None, None,
        tuple(measured_documents.LabelledParagraph("one two three", LABELS[label], None, "read") for label, _ in drawn),
    )  # fmt: skip
    scores = np.array([[score, 1 - score, 0] for _, score in drawn], dtype=np.float32)
    one = scored_document(document, LABELS, scores, scores[:, 0] > 0.5)
    curves, row = measure("", [one], {}).curves["page"], figures([one], {})
    for name, at_threshold in (("appeal", "A@.5"), ("nav", "N@.5")):
        if name in curves:
            curve = curves[name]
            assert (np.diff(curve.lost) > 0).all()
            assert (np.diff(curve.removed) >= 0).all()
            assert row[at_threshold] == pytest.approx(curve.removed[curve.lost <= 0.005][-1])


# Output


def test_the_tables(results: list[Accuracy]) -> None:
    report = markdown(results, "accuracy.png")
    assert report.startswith("8 pages and 8 texts")
    assert "| page | 8 | " in report
    header = next(line for line in report.splitlines() if "full stops" in line)
    assert header == "|  | before | detector | full stops |"
    own = next(line for line in report.splitlines() if line.startswith("| full stops | 0.0000"))
    assert own.split(" | ")[1:7] == [
        "0.0000 (0.0000 to 0.0000)", "1.000 (1.000 to 1.000)", "1.000 (1.000 to 1.000)", "–", "–", "–",
    ]  # fmt: skip
    assert report.endswith("(accuracy.png)")
    assert "accuracy.png" not in markdown(results)


def test_the_json(results: list[Accuracy]) -> None:
    report = json.loads(to_json(results))
    assert report["bootstrap"] == {"resamples": 1000, "confidence": 0.95, "seed": 0}
    assert list(report["cleaners"]) == ["detector", "full stops"]
    assert report["cleaners"]["detector"]["figures"] == results[0].figures
    assert report["cleaners"]["full stops"]["intervals"]["page"]["after"] == {"low": 1, "high": 1}


def test_the_picture(results: list[Accuracy], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra benchmark is not installed")
    draw(results, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


# The command


def call(tmp_path: Path, model: Path, *more: str) -> str:
    """Call the command on invented documents; returns its output."""
    data = measured_documents.write(tmp_path / "data.jsonl", DOCUMENTS)
    (tmp_path / "RESULTS.md").write_text("# Results\n<!-- accuracy:begin -->\n<!-- accuracy:end -->\n")
    called = CliRunner().invoke(app, [
        "accuracy", str(data), "--train", str(data), "--model", str(model), "-o", str(tmp_path / "accuracy.json"),
        "--results", str(tmp_path / "RESULTS.md"), *more,
    ], catch_exceptions=False)  # fmt: skip
    assert called.exit_code == 0
    return called.stdout


def test_the_command_without_the_rivals_of_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_model_dir: Path
) -> None:
    monkeypatch.setattr("training.accuracy.rules", lambda: ())
    monkeypatch.setattr("training.accuracy.LEARNERS", (HashedLinear,))
    report = call(tmp_path, tiny_model_dir)
    assert report.startswith("measuring detector\nmeasuring HashingVectorizer\n")
    assert list(json.loads((tmp_path / "accuracy.json").read_text())["cleaners"]) == ["detector", "HashingVectorizer"]
    written = (tmp_path / "RESULTS.md").read_text()
    assert written.startswith("# Results\n<!-- accuracy:begin -->\n\n8 pages and 8 texts")
    assert written.split("<!-- accuracy:begin -->")[1].split("<!-- accuracy:end -->")[0].strip() in report


def test_the_command_with_all_rivals(tmp_path: Path, tiny_model_dir: Path) -> None:
    for library in ("datatrove", "fasttext", "justext", "matplotlib", "trafilatura"):
        pytest.importorskip(library, reason="the extra benchmark is not installed")
    call(tmp_path, tiny_model_dir, "--picture", str(tmp_path / "pictures.png"))
    cleaners = json.loads((tmp_path / "accuracy.json").read_text())["cleaners"]
    assert len(cleaners) == 6
    before = {cleaner["figures"]["page"]["before"] for cleaner in cleaners.values()}
    assert len(before) == 1  # the same documents for all
    assert "](pictures.png)" in (tmp_path / "RESULTS.md").read_text()
    assert (tmp_path / "pictures.png").stat().st_size > 10_000
