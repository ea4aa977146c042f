"""The measurements of speed, and how they are told: that they measure what they say, whatever the figures are."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import ROOT
from typer.testing import CliRunner

from detector.cleaner import Cleaner
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.inference.model import Model
from training import benchmark, growth, pages, report, speed, steps
from training.measured import Must, Part, Row, in_turns, installed, rate, ratio
from training.rivals import FastText, HashedLinear

MEGABYTES = 0.05
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


def part(**changes: object) -> Part:
    rows = (Row("ours", 2.5, "MB/s", None, (2.0, 2.5, 4.0)), Row("a|b", 1.0, "×", Must(2)))
    return replace(Part("Rates", "On a few lines.", rows, where="a machine"), **changes)  # type: ignore[arg-type]


# What is measured, and how it is told


@pytest.mark.parametrize(
    ("must", "value", "met", "told"),
    [
        (Must(2), 2.0, True, "≥ 2"),
        (Must(2), 1.99, False, "≥ 2"),
        (Must(300, most=True), 300.0, True, "≤ 300"),
        (Must(1.1, most=True), 1.11, False, "≤ 1.1"),
        (None, 5.0, None, "None"),
    ],
)
def test_a_figure_is_held_against_its_limit(must: Must | None, value: float, met: bool | None, told: str) -> None:
    assert Row("", value, "", must).met is met
    assert str(must) == told


def test_work_takes_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []
    seconds = in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 4
    assert {name: len(taken) for name, taken in seconds.items()} == {"a": 3, "b": 3}


def test_a_rate_is_that_of_the_median_run() -> None:
    row = rate("ours", 10, [1.0, 100.0, 2.0], "MB/s")
    assert row.value == 5
    assert row.runs == (10, 0.1, 5)


def test_a_ratio_is_that_of_the_medians() -> None:
    row = ratio("against", [4.0, 9.0, 5.0], [1.0, 3.0, 2.0], Must(2))
    assert row.value == 2.5
    assert row.runs == (4, 3, 2.5)
    assert row.met


def test_parts_are_kept_beside_those_of_earlier_runs(tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    first, other = part(), part(name="Start")
    assert report.keep(file, [first, other]) == [first, other]
    again = part(setting="Anew.")
    assert report.keep(file, [again]) == [again, other]
    assert report.read(file) == [again, other]


@pytest.mark.parametrize("content", ["", "[1]", '{"Rates": 1}', '{"Rates": {"rows": []}}'])
def test_a_file_of_something_else_is_not_written_over(content: str, tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    file.write_text(content)
    with pytest.raises(DataError, match=re.escape(str(file))):
        report.keep(file, [part()])
    assert file.read_text() == content


def test_a_table_says_what_had_to_be_and_whether_it_is() -> None:
    told = report.markdown([part()]).splitlines()
    assert told[:3] == ["### Rates", "", "On a few lines."]
    assert "| ours | 2.5 MB/s | 2 to 4 |  |  |" in told
    assert "| a\\|b | 1 × |  | ≥ 2 | **no** |" in told
    assert told[-1] == "a machine."


def test_shares_of_a_whole_are_bars() -> None:
    rows = (Row("long", 40.0, "ns a byte"), Row("short", 0.01, "ns a byte"), Row("none", 0.0, "ns a byte"))
    told = report.markdown([part(rows=rows, bars=True)]).splitlines()
    assert f"| long | {'▇' * 20} | 40 |" in told
    assert "| short | ▇ | 0.01 |" in told
    assert "| none |  | 0 |" in told


# In this process


def test_rates_of_ours_and_of_a_rival(cleaner: Cleaner, documents: list[LabelledDocument]) -> None:
    measured = speed.measure(cleaner, documents, [HashedLinear(documents)], MEGABYTES, 2)
    rows = {row.what: row for row in measured.rows}
    assert set(rows) >= {"predict_many", "clean_many", "HashingVectorizer", "predict_many, against HashingVectorizer"}
    assert all(len(row.runs) == 2 for row in measured.rows)
    expected = rows["predict_many"].value / rows["HashingVectorizer"].value
    assert rows["predict_many, against HashingVectorizer"].value == pytest.approx(expected)
    assert ("predict_many, numpy alone" in rows) == installed("numba")


def test_rates_against_fasttext_have_a_limit(cleaner: Cleaner, documents: list[LabelledDocument]) -> None:
    pytest.importorskip("fasttext", reason="the rival fastText needs the extra benchmark")
    measured = speed.measure(cleaner, documents, [FastText(documents)], MEGABYTES, 1)
    limits = {row.what: row.must for row in measured.rows if "against" in row.what}
    assert limits["predict_many, against fastText"] == Must(2)


def test_growth_is_measured_at_every_size(cleaner: Cleaner, seed_texts: list[str], tmp_path: Path) -> None:
    sizes = growth.Sizes((0.01, 0.02), (0.01,), (10, 20))
    measured = growth.measure(cleaner, seed_texts, 2, sizes, tmp_path)
    assert [row.what for row in measured.rows if row.must is None] == [
        "0.01 MB of documents", "0.02 MB of documents", "one document of 0.01 MB",
        "10 documents of a line", "20 documents of a line",
    ]  # fmt: skip
    judged = [row for row in measured.rows if row.must]
    costs = [row.value for row in measured.rows[:2]]
    assert judged[0].value == max(costs) / min(costs)
    assert judged[1].value == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("numba", [False, True])
def test_the_steps_make_up_the_whole(numba: bool, cleaner: Cleaner, seed_texts: list[str]) -> None:
    """Every step is met with: a function that is no longer called would cost nothing."""
    if numba:
        pytest.importorskip("numba", reason="the kernels need the extra speed")
    measured = steps.measure(cleaner, seed_texts, MEGABYTES, numba)
    whole = re.search(r"([\d.]+) ns a byte", measured.setting)
    assert whole
    assert sum(row.value for row in measured.rows) == pytest.approx(float(whole[1]), abs=0.1)
    assert [row.what for row in measured.rows if row.value <= 0] == []


def test_pages_are_read_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "b.html").write_bytes(b"b")
    (tmp_path / "a.html.gz").write_bytes(pages.gzip.compress(b"a"))
    (tmp_path / "c.txt").write_bytes(b"c")
    assert pages.read_pages(tmp_path) == [b"a", b"b"]
    with pytest.raises(DataError, match="holds no"):
        pages.read_pages(tmp_path / "none")


def test_pages_a_second_of_ours_and_of_what_is_installed(cleaner: Cleaner) -> None:
    pytest.importorskip("trafilatura", reason="the extractors need the extra benchmark")
    measured = pages.measure(cleaner, [PAGE] * 2, 1)
    names = [name for name, (module, _) in pages.EXTRACTORS.items() if installed(module)]
    assert [row.what for row in measured.rows[2:]] == [f"{name}: HTML to text" for name in names]
    assert all(row.value > 0 for row in measured.rows)


@pytest.mark.parametrize("name", pages.EXTRACTORS)
def test_an_extractor_extracts(name: str) -> None:
    module, extract = pages.EXTRACTORS[name]
    pytest.importorskip(module, reason=f"{name} needs the extra benchmark")
    assert STORY in extract(PAGE)


# The command


def test_the_command_keeps_figures_and_puts_tables_into_their_place(
    shipped: object, tiny_data: Path, tmp_path: Path
) -> None:
    results, kept = tmp_path / "RESULTS.md", tmp_path / "speed.json"
    results.write_text("Before.\n<!-- speed:begin -->\nold\n<!-- speed:end -->\nAfter.\n")
    options = ("--parts", "steps", "--megabytes", str(MEGABYTES), "-o", str(kept), "--results", str(results))
    done = CliRunner().invoke(benchmark.app, ["speed", str(tiny_data), *options])
    assert done.exit_code == 0, done.output
    written = results.read_text("utf-8")
    assert written.startswith("Before.\n<!-- speed:begin -->\n")
    assert written.endswith("<!-- speed:end -->\nAfter.\n")
    assert "old" not in written
    assert report.markdown(report.read(kept)) in written


@pytest.mark.parametrize(
    ("options", "told"),
    [(("--parts", "rates,colour"), "give some of"), (("--parts", ""), "give some of"), (("--results", "a.md"), "both")],
)
def test_calls_that_make_no_sense_are_refused(options: tuple[str, str], told: str, tiny_data: Path) -> None:
    done = CliRunner().invoke(benchmark.app, ["speed", str(tiny_data), *options])
    assert done.exit_code == 2
    assert told in done.output


def test_the_results_have_the_marks() -> None:
    text = (ROOT / "training" / "RESULTS.md").read_text("utf-8")
    assert text.count("<!-- speed:begin -->") == text.count("<!-- speed:end -->") == 1
