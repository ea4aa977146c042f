"""The speed benchmark and its report: that they measure and show what they claim to, whatever the figures are."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import ROOT
from typer.testing import CliRunner

from detector.backend.reference import NUMPY_BACKEND
from detector.cleaner import Cleaner
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.inference.model import Model
from detector.inference.scores import Backend
from training import bandwidth, benchmark, growth, in_process, latency, pages, speed, speed_report
from training.result import Bound, Result, Section, alternate, collect, duration, installed, rate, ratio
from training.rivals import FastText, HashedLinear

core = pytest.importorskip("detector.backend.core", reason="the compiled kernels, which are measured, were not built")

from training import score, steps  # noqa: E402

MEGABYTES = 0.05
needs_processes = pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs os.wait4")
STORY = (
    "The ferry to the island was late again, as it has been on all of the days since the old pier was taken down, and "
    "those who wait for it on the quay have begun to bring chairs, tea and a pack of cards, the harbour said on Monday."
)
PAGE = f"<html><body><article><h1>The ferry</h1>{f'<p>{STORY}</p>' * 5}</article></body></html>".encode()


@pytest.fixture(scope="module")
def cleaner(tiny_model: Model) -> Cleaner:
    return Cleaner(tiny_model)


@pytest.fixture(scope="module")
def documents(tiny_data: Path) -> list[LabelledDocument]:
    return list(read_documents([tiny_data]))


@pytest.fixture(autouse=True)
def _little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandwidth, "COPIED", 1)


def section(**changes: object) -> Section:
    rows = (Result("ours", 2.5, "MB/s", None, (2.0, 2.5, 4.0)), Result("a|b", 1.0, "×", Bound(2)))
    return replace(Section("Rates", "On a few lines.", rows, machine="a machine"), **changes)  # type: ignore[arg-type]


# Results and their report


@pytest.mark.parametrize(
    ("bound", "value", "met", "text"),
    [
        (Bound(2), 2.0, True, "≥ 2"),
        (Bound(2), 1.99, False, "≥ 2"),
        (Bound(300, upper=True), 300.0, True, "≤ 300"),
        (Bound(1.1, upper=True), 1.11, False, "≤ 1.1"),
        (None, 5.0, None, "None"),
    ],
)
def test_a_result_is_compared_with_its_bound(bound: Bound | None, value: float, met: bool | None, text: str) -> None:
    assert Result("", value, "", bound).met is met
    assert str(bound) == text


def test_runs_alternate_and_the_first_round_is_discarded() -> None:
    order: list[str] = []
    seconds = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 4
    assert {name: len(taken) for name, taken in seconds.items()} == {"a": 3, "b": 3}


def test_the_values_of_alternating_runs_are_collected() -> None:
    values = iter(range(6))
    assert collect({"a": lambda: next(values), "b": lambda: next(values)}, 2) == {"a": [2, 4], "b": [3, 5]}


def test_a_duration_is_that_of_the_median_run_in_milliseconds() -> None:
    row = duration("loading", [0.01, 0.5, 0.02], Bound(15, upper=True))
    assert (row.value, row.unit, row.runs, row.met) == (20, "ms", (10, 500, 20), False)


def test_a_rate_is_that_of_the_median_run() -> None:
    row = rate("ours", 10, [1.0, 100.0, 2.0], "MB/s")
    assert row.value == 5
    assert row.runs == (10, 0.1, 5)


def test_a_ratio_is_that_of_the_medians() -> None:
    row = ratio("against", [4.0, 9.0, 5.0], [1.0, 3.0, 2.0], Bound(2))
    assert row.value == 2.5
    assert row.runs == (4, 3, 2.5)
    assert row.met


def test_sections_of_earlier_runs_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    first, other = section(), section(name="Start-up")
    assert speed_report.merge(file, [first, other]) == [first, other]
    again = section(setting="Measured again.")
    assert speed_report.merge(file, [again]) == [again, other]
    assert speed_report.read(file) == [again, other]


@pytest.mark.parametrize("content", ["", "[1]", '{"Rates": 1}', '{"Rates": {"rows": []}}'])
def test_a_file_of_something_else_is_not_overwritten(content: str, tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    file.write_text(content)
    with pytest.raises(DataError, match=re.escape(str(file))):
        speed_report.merge(file, [section()])
    assert file.read_text() == content


def test_a_table_shows_bounds_and_whether_they_are_met() -> None:
    lines = speed_report.markdown([section()]).splitlines()
    assert lines[:3] == ["### Rates", "", "On a few lines."]
    assert "| ours | 2.5 MB/s | 2 to 4 |  |  |" in lines
    assert "| a\\|b | 1 × |  | ≥ 2 | **no** |" in lines
    assert lines[-1] == "a machine."


def test_shares_of_a_total_are_bars() -> None:
    rows = (Result("long", 40.0, "ns/byte"), Result("short", 0.01, "ns/byte"), Result("none", 0.0, "ns/byte"))
    lines = speed_report.markdown([section(rows=rows, bars=True)]).splitlines()
    assert f"| long | {'▇' * 20} | 40 |" in lines
    assert "| short | ▇ | 0.01 |" in lines
    assert "| none |  | 0 |" in lines


# In this process


def test_rates_of_ours_and_of_a_rival(cleaner: Cleaner, documents: list[LabelledDocument]) -> None:
    measured = speed.measure(cleaner, documents, [HashedLinear(documents)], MEGABYTES, 2)
    rows = {row.name: row for row in measured.rows}
    assert list(rows) == [
        "predict_many", "predict_many, two threads", "clean_many", "predict_many, NumPy alone", "HashingVectorizer",
        "predict_many, two threads, relative to one", "predict_many, relative to HashingVectorizer",
        "predict_many, NumPy alone, relative to HashingVectorizer",
    ]  # fmt: skip
    assert all(len(row.runs) == 2 for row in measured.rows)
    expected = rows["predict_many"].value / rows["HashingVectorizer"].value
    assert rows["predict_many, relative to HashingVectorizer"].value == pytest.approx(expected)
    bounds = {name: row.bound for name, row in rows.items() if row.bound}
    assert bounds == {
        "predict_many, two threads, relative to one": Bound(1.85),
        "predict_many, relative to HashingVectorizer": Bound(4),
    }


def test_the_rate_relative_to_fasttext_has_a_bound(cleaner: Cleaner, documents: list[LabelledDocument]) -> None:
    pytest.importorskip("fasttext", reason="the rival fastText needs the extra benchmark")
    measured = speed.measure(cleaner, documents, [FastText(documents)], MEGABYTES, 1)
    bounds = {row.name: row.bound for row in measured.rows if "relative to" in row.name}
    assert bounds["predict_many, relative to fastText"] == Bound(2.4)


def test_a_backend_is_used_while_it_is_measured(cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch) -> None:
    scored: list[object] = []
    predict = type(NUMPY_BACKEND).predict
    monkeypatch.setattr(type(NUMPY_BACKEND), "predict", lambda *given: scored.append(1) or predict(*given))
    with in_process.using(NUMPY_BACKEND):
        cleaner.clean(STORY)
    assert scored == [1]
    cleaner.clean(STORY)
    assert scored == [1]


def test_growth_is_measured_at_every_size(cleaner: Cleaner, seed_texts: list[str], tmp_path: Path) -> None:
    sizes = growth.Sizes((0.01, 0.02), (0.01,), (10, 20))
    measured = growth.measure(cleaner, seed_texts, 2, sizes, tmp_path)
    assert [row.name for row in measured.rows if row.bound is None] == [
        "0.01 MB of documents", "0.02 MB of documents", "one document of 0.01 MB",
        "10 documents of one line", "20 documents of one line",
    ]  # fmt: skip
    ratios = [row for row in measured.rows if row.bound]
    costs = [row.value for row in measured.rows[:2]]
    assert ratios[0].value == max(costs) / min(costs)
    assert ratios[1].value == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("backend", [in_process.compiled(), NUMPY_BACKEND], ids=lambda backend: backend.name)
def test_the_steps_add_up_to_the_total(backend: Backend, cleaner: Cleaner, seed_texts: list[str]) -> None:
    """Every step takes time: a function that is no longer called would take none."""
    measured = steps.measure(cleaner, seed_texts, MEGABYTES, backend)
    whole = re.search(r"([\d.]+) ns/byte", measured.setting)
    assert whole
    assert sum(row.value for row in measured.rows) == pytest.approx(float(whole[1]), abs=0.1)
    assert [row.name for row in measured.rows if row.value <= 0] == []


def test_the_parts_of_a_score_add_up_to_the_whole(cleaner: Cleaner, seed_texts: list[str]) -> None:
    measured = score.measure(cleaner, seed_texts, MEGABYTES, 1)
    rows = {row.name: row.value for row in measured.rows}
    best, *others = core.levels()[::-1]
    assert sum(list(rows.values())[:3]) == pytest.approx(rows[f"the whole score, level {best}"])
    assert all(rows[f"the whole score, level {level}"] > 0 for level in others)
    assert rows["a byte read and written at this bandwidth"] > 0


def test_scores_of_all_texts_are_timed(cleaner: Cleaner, seed_texts: list[str]) -> None:
    batches = score._batches(cleaner, seed_texts)
    assert sum(map(len, batches)) == sum(map(len, cleaner.predict_many(seed_texts)))


@needs_processes
@pytest.mark.slow
def test_latencies_are_measured(shipped: Cleaner, seed_texts: list[str]) -> None:
    measured = latency.measure(shipped, seed_texts, 1, calls=3)
    rows = {row.name: row for row in measured.rows}
    for size in ("2 kB", "10 kB", "50 kB"):
        assert 0 < rows[f"`clean`, {size}, p50"].value <= rows[f"`clean`, {size}, p99"].value
    assert all(row.value > 0 for row in measured.rows)
    assert rows["`detector.load()`"].bound == Bound(15, upper=True)


def test_pages_are_read_compressed_or_not(tmp_path: Path) -> None:
    (tmp_path / "b.html").write_bytes(b"b")
    (tmp_path / "a.html.gz").write_bytes(pages.gzip.compress(b"a"))
    (tmp_path / "c.txt").write_bytes(b"c")
    assert pages.read_pages(tmp_path) == [b"a", b"b"]
    with pytest.raises(DataError, match=r"no \.html"):
        pages.read_pages(tmp_path / "none")


def test_pages_per_second_of_ours_and_of_what_is_installed(cleaner: Cleaner) -> None:
    pytest.importorskip("trafilatura", reason="the extractors need the extra benchmark")
    measured = pages.measure(cleaner, [PAGE] * 2, 1)
    names = [name for name, (module, _) in pages.EXTRACTORS.items() if installed(module)]
    assert [row.name for row in measured.rows[2:]] == [f"{name}: HTML to text" for name in names]
    assert all(row.value > 0 for row in measured.rows)


@pytest.mark.parametrize("name", pages.EXTRACTORS)
def test_an_extractor_extracts(name: str) -> None:
    module, extract = pages.EXTRACTORS[name]
    pytest.importorskip(module, reason=f"{name} needs the extra benchmark")
    assert STORY in extract(PAGE)


# The command


def test_the_command_keeps_results_and_writes_tables(shipped: object, tiny_data: Path, tmp_path: Path) -> None:
    results, kept = tmp_path / "RESULTS.md", tmp_path / "speed.json"
    results.write_text("Before.\n<!-- speed:begin -->\nold\n<!-- speed:end -->\nAfter.\n")
    options = ("--parts", "steps", "--megabytes", str(MEGABYTES), "-o", str(kept), "--results", str(results))
    done = CliRunner().invoke(benchmark.app, ["speed", str(tiny_data), *options])
    assert done.exit_code == 0, done.output
    written = results.read_text("utf-8")
    assert written.startswith("Before.\n<!-- speed:begin -->\n")
    assert written.endswith("<!-- speed:end -->\nAfter.\n")
    assert "old" not in written
    assert speed_report.markdown(speed_report.read(kept)) in written


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--parts", "rates,colour"), "choose from"),
        (("--parts", ""), "choose from"),
        (("--parts", "versions"), "needs --against"),
        (("--against", "old"), "give --against"),
        (("--results", "a.md"), "both"),
    ],
)
def test_invalid_calls_are_refused(options: tuple[str, str], message: str, tiny_data: Path) -> None:
    done = CliRunner().invoke(benchmark.app, ["speed", str(tiny_data), *options])
    assert done.exit_code == 2
    assert message in done.output


def test_the_results_file_has_the_marks() -> None:
    text = (ROOT / "training" / "RESULTS.md").read_text("utf-8")
    assert text.count("<!-- speed:begin -->") == text.count("<!-- speed:end -->") == 1
