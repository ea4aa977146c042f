"""The command ``report``: what it reads, where it writes, and what it ends with."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
from command import Command, start
from report_content import arrays, settings, texts, unpacked

from detector.cleaner import Cleaner
from detector.inference.model import Model

ROWS: list[dict[str, object]] = [
    {"id": "one", "text": "First.\nSubscribe now!"}, {"text": "Second."}, {"text": None}, {"id": 3, "text": "Third."},
]  # fmt: skip


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def rows() -> str:
    """The name of a file of records in the current folder of `command`."""
    Path("rows.jsonl").write_text(lines(ROWS), encoding="utf-8")
    return "rows.jsonl"


def read(name: str = "report.html") -> str:
    return Path(name).read_text(encoding="utf-8")


def test_a_page_on_all_documents(command: Command, rows: str) -> None:
    called = command("report", rows, "-o", "report.html", "--reasons", 0)
    assert (called.code, called.out) == (0, b"")
    assert "report.html: 3 documents, " in called.err
    assert " of 4 paragraphs would be removed" in called.err
    assert texts(read()) == [["First.", "Subscribe now!"], ["Second."], ["Third."]]
    found = settings(read())
    assert found["documents"] == [[0, "one"], [0, "2"], [0, "3"]]
    assert found["files"] == ["rows.jsonl"]
    assert (found["counts"]["read"], found["counts"]["nulls"]) == (3, 1)
    assert "<title>detector: rows.jsonl</title>" in read()
    assert not unpacked(read(), "reasons")


def test_the_same_documents_make_the_same_page(command: Command, rows: str) -> None:
    """No time is in it, and it does not depend on the number of processes."""
    command("report", rows, "-o", "report.html")
    first = Path("report.html").read_bytes()
    command("report", rows, "-o", "report.html", "--jobs", 2)
    assert Path("report.html").read_bytes() == first


def test_nothing_in_the_page_tells_of_the_machine(command: Command, rows: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("A text.\n")
    Path(rows).rename(tmp_path / "in" / "b.jsonl")
    command("report", tmp_path / "in", "-o", tmp_path / "report.html", "--reasons", 0)
    page = read()
    assert str(tmp_path) not in page
    assert tmp_path.name not in page
    assert settings(page)["files"] == ["a.txt", "b.jsonl"]
    assert settings(page)["model"]["name"] == "tiny"


def test_standard_input_and_output(command: Command) -> None:
    called = command("report", "-", "--text-field", "body", "--reasons", 0, stdin=b'{"body": "A text."}\n')
    assert called.code == 0
    assert called.out.startswith(b"<!doctype html>")
    assert texts(called.out.decode()) == [["A text."]]
    assert settings(called.out.decode())["files"] == ["standard input"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals for this")
def test_a_page_is_not_written_to_a_terminal(command: Command, rows: str) -> None:
    terminal, stdout = os.openpty()
    try:
        process = start("report", rows, "--model", command.model, stdout=stdout)
        _, error = process.communicate(timeout=60)
    finally:
        os.close(stdout)
        os.close(terminal)
    assert process.returncode == 2
    assert b"--output report.html" in error


@pytest.mark.parametrize("name", ["rows.jsonl", "../{}/rows.jsonl"])
def test_no_input_is_replaced(name: str, command: Command, rows: str, tmp_path: Path) -> None:
    called = command("report", rows, "-o", name.format(tmp_path.name))
    assert called.code == 2
    assert "is an input" in called.err
    assert Path(rows).read_text() == lines(ROWS)


def test_nor_is_a_page_put_where_the_next_run_would_read_it(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("A text.\n")
    called = command("report", "in", "-o", "in/report.html")
    assert called.code == 2
    assert "lies in the input folder" in called.err
    assert not (tmp_path / "in" / "report.html").exists()


def test_a_folder_is_no_page(command: Command, rows: str, tmp_path: Path) -> None:
    called = command("report", rows, "-o", tmp_path)
    assert called.code == 2
    assert "is a folder; name a file" in called.err


@pytest.mark.parametrize("given", [("--limit", 0), ("--reasons", -1), ("--threshold", 2), ("--policy", "odd")])
def test_values_that_make_no_sense(given: tuple[object, ...], command: Command, rows: str) -> None:
    assert command("report", rows, "-o", "report.html", *given).code == 2
    assert not Path("report.html").exists()


def test_rejected_records_are_counted_and_kept(command: Command) -> None:
    Path("rows.jsonl").write_text(lines(ROWS[:2]) + "{bad\n")
    called = command("report", "rows.jsonl", "-o", "report.html", "--rejected", "bad.jsonl", "--reasons", 0)
    assert called.code == 1
    assert settings(read())["counts"]["rejected"] == 1
    assert len(texts(read())) == 2
    assert json.loads(Path("bad.jsonl").read_text())["raw"] == "{bad\n"


def test_an_earlier_page_stays_if_nothing_can_be_read(command: Command) -> None:
    Path("report.html").write_text("earlier")
    Path("a.jsonl.gz").write_bytes(b"no gzip")
    called = command("report", "a.jsonl.gz", "-o", "report.html")
    assert called.code == 1
    assert read() == "earlier"
    assert sorted(path.name for path in Path().iterdir() if path.suffix == ".tmp") == []


def test_a_failed_file_is_counted(command: Command, rows: str) -> None:
    Path("a.jsonl.gz").write_bytes(b"no gzip")
    assert command("report", "a.jsonl.gz", rows, "-o", "report.html", "--reasons", 0).code == 1
    assert settings(read())["counts"]["failed"] == 1
    assert len(texts(read())) == 3


def test_an_empty_input_is_to_be_checked(command: Command) -> None:
    Path("a.txt").write_text("")
    assert command("report", "a.txt", "-o", "report.html").code in (0, 3)
    assert texts(read()) in ([], [[]])


def test_the_first_documents_or_a_sample(command: Command) -> None:
    with gzip.open("many.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(lines([{"id": str(number), "text": f"The text of number {number}."} for number in range(100)]))
    called = command("report", "many.jsonl.gz", "-o", "report.html", "--limit", 10, "--reasons", 0)
    assert "left out 90 of 100 documents" in called.err
    found = settings(read())
    assert [name for _, name in found["documents"]] == [str(number) for number in range(10)]
    assert (found["counts"]["read"], found["counts"]["sample"]) == (100, False)
    samples = []
    for name in ("one.html", "two.html"):
        command("report", "many.jsonl.gz", "-o", name, "--limit", 10, "--sample", "--reasons", 0)
        samples.append(settings(read(name))["documents"])
    assert samples[0] == samples[1] != found["documents"]
    assert settings(read("one.html"))["counts"]["sample"]


def test_settings_of_the_cleaner(command: Command, text: str, tiny_model: Model) -> None:
    Path("a.txt").write_text(text, encoding="utf-8")
    given = ("--threshold", "strict", "--policy", "text", "--max-removed", 1, "--paragraphs", "blank")
    command("report", "a.txt", "-o", "report.html", *given, "--reasons", 0, "--title", "A <title>")
    found = settings(read())
    assert found["guard"]["cutoff"] == tiny_model.thresholds["strict"]
    assert found["guard"]["maxRemoved"] == 1
    assert found["model"]["keep"] == ["reporting", "metadata", "about"]
    assert found["title"] == "A <title>"
    prediction = Cleaner(tiny_model, paragraphs="blank").predict(text)
    assert texts(read()) == [[paragraph.text for paragraph in prediction.paragraphs]]


def test_phrases_are_evidence(command: Command, text: str) -> None:
    pytest.importorskip("ahocorasick_rs", reason="phrases need the extra phrases")
    Path("a.txt").write_text(text, encoding="utf-8")
    word = max(text.split(), key=len).strip('".,')
    Path("phrases.tsv").write_text(f"{word}\tappeal\t9\n", encoding="utf-8")
    scores = []
    for given in ((), ("--phrases", "phrases.tsv")):
        assert command("report", "a.txt", "-o", "report.html", *given, "--reasons", 0).code == 0
        scores.append(arrays(read())["score"].tolist())
    assert scores[0] != scores[1]
    assert settings(read())["evidence"] == ["phrases of phrases.tsv"]
    assert command("report", "a.txt", "-o", "phrases.tsv", "--phrases", "phrases.tsv").code == 2


def test_a_page_at_a_url(command: Command, rows: str) -> None:
    fsspec = pytest.importorskip("fsspec", reason="URLs need the extra remote")
    assert command("report", rows, "-o", "memory://pages/report.html", "--reasons", 0).code == 0
    page = fsspec.filesystem("memory").cat_file("/pages/report.html").decode()
    assert len(texts(page)) == 3


def test_reasons(command: Command, rows: str) -> None:
    assert command("report", rows, "-o", "report.html", "--reasons", 2).code == 0
    (chunk,) = unpacked(read(), "reasons")
    paragraphs = [row for document in json.loads(chunk)["documents"] for row in document]
    assert [len(row) for row in paragraphs] == [1 + 2 * 3] * 4
