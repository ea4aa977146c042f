"""The comparison from HTML: that it compares what it says, on pages of its own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detector.errors import DataError
from training import html_pages

STORY = (
    "The ferry to the island was late again, as it has been on all of the days since the old pier was taken down, and "
    "those who wait for it on the quay have begun to bring chairs, tea and a pack of cards, the harbour said on Monday."
)
MENU = ("Home", "Sport", "Contact us", "© 2031 The Quay. All rights reserved.")
PAGE = f"<ul>{''.join(f'<li><a href=/>{line}</a>' for line in MENU)}</ul><article>{f'<p>{STORY}</p>' * 5}</article>"
GOLD = "\n".join([STORY] * 5)


def record(number: int, origin: str, lines: list[str], source: str = "wcxb") -> dict[str, object]:
    label = {line: "reporting" if line == STORY else "navigation" for line in lines}
    paragraphs = [{"text": line, "label": label[line], "kind": None, "by": "read"} for line in lines]
    gold = {"gold": GOLD} if origin == "page" else {}
    return {
        "id": f"p{number}", "site": f"{number}.example", "lang": "en", "source": source, "origin": origin, **gold,
        "paragraphs": paragraphs,
    }  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> dict[str, Path]:
    """Two held-out pages and one of the training data as HTML, and a page without HTML."""
    (tmp_path / "html").mkdir()
    for number in (1, 2, 3):
        (tmp_path / "html" / f"p{number}.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    page, extracted = [*MENU, *[STORY] * 5], [MENU[3], *[STORY] * 5]
    held_out = [
        record(number, origin, lines, source)
        for number, source in ((1, "wcxb"), (2, "wcxb"), (4, "wcxb-forum"), (5, "wcxb-product"))
        for origin, lines in (("page", page), ("trafilatura", extracted))
    ]
    for name, records in {"dev": held_out, "train": [record(3, "page", page)]}.items():
        lines = "".join(json.dumps(each) + "\n" for each in records)
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    return {name: tmp_path / name for name in ("html", "dev.jsonl.gz", "train.jsonl.gz", "results.md")}


def cells(table: str, name: str) -> list[str]:
    return next(
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith(f"| {name}")
    )


def test_the_tables_compare_the_same_pages(data: dict[str, Path]) -> None:
    results = data["results.md"]
    results.write_text("<!-- html:begin -->\nold\n<!-- html:end -->\n", encoding="utf-8")
    options = ["--html", data["html"], "--trained", data["train.jsonl.gz"], "--runs", "2", "--results", results]
    ran = CliRunner().invoke(html_pages.app, [str(data["dev.jsonl.gz"]), *map(str, options)], catch_exceptions=False)
    assert ran.exit_code == 0
    assert ran.output.strip() in results.read_text(encoding="utf-8")
    assert cells(ran.output, " |")[1:4:2] == ["word F1, 2 pages of dev", "1 pages trained on"]
    page = html_pages.word_f1("\n".join([*MENU, GOLD]), GOLD)
    assert cells(ran.output, "the page's text")[1] == f"{page:.3f} ({page:.3f} to {page:.3f})"
    assert cells(ran.output, "detector: the page's text, cleaned")[1:4] == ["1.000 (1.000 to 1.000)", "", "1.000"]
    assert cells(ran.output, "trafilatura ")[5] == "1"
    assert cells(ran.output, "stored texts")[1:] == [
        "pages", "word F1", "detector", "detector minus it", "articles", "no articles",
    ]  # fmt: skip
    extracted = html_pages.word_f1("\n".join([MENU[3], GOLD]), GOLD)
    ahead = f"{1 - extracted:.3f} ({1 - extracted:.3f} to {1 - extracted:.3f})"
    assert cells(ran.output, "trafilatura |")[1:] == [
        "4", f"{extracted:.3f}", "1.000", f"{ahead}; 4", f"{ahead}; 2", f"{ahead}; 2",
    ]  # fmt: skip


def test_a_folder_without_these_pages(data: dict[str, Path]) -> None:
    (data["html"] / "p1.html.gz").unlink()
    (data["html"] / "p2.html.gz").unlink()
    with pytest.raises(DataError, match=r"html: no \.html\.gz file"):
        CliRunner().invoke(
            html_pages.app, [str(data["dev.jsonl.gz"]), "--html", str(data["html"])], catch_exceptions=False
        )


@pytest.mark.parametrize(
    ("text", "gold", "expected"), [("a b", "A c", 0.5), ("a a", "a", 2 / 3), ("", "a", 0), ("A, b!", "a b", 1)]
)
def test_word_f1(text: str, gold: str, expected: float) -> None:
    assert html_pages.word_f1(text, gold) == pytest.approx(expected)
