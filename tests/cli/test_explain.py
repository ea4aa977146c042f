"""The command ``explain``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Command

from detector.loading import load

ARTICLE = "The ferry returned on Monday.\n\nDonate now!\nSubscribe to our newsletter today!\n"


def lines_of(out: bytes) -> list[dict]:
    return [json.loads(line) for line in out.decode().splitlines()]


def test_json_has_every_reason_and_they_sum_to_the_score(command: Command, text: str, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(text)
    called = command("explain", "one.txt", "--json")
    assert called.code == 0
    (line,) = lines_of(called.out)
    prediction = load(command.model).predict(text)
    assert (line["file"], line["id"]) == ("one.txt", "one.txt")
    assert [p["text"] for p in line["paragraphs"]] == [p.text for p in prediction.paragraphs]
    for entry, paragraph in zip(line["paragraphs"], prediction.paragraphs, strict=True):
        assert text[entry["start"] : entry["end"]] == entry["text"]
        assert entry["keep"] == paragraph.keep
        assert sum(reason["log_odds"] for reason in entry["reasons"]) == pytest.approx(entry["log_odds"], abs=1e-4)
        assert [r["text"] for r in entry["reasons"]] == [r.text for r in paragraph.why.reasons]


@pytest.mark.parametrize("only", ["removed", "kept", "doubt"])
def test_only_some_paragraphs(only: str, command: Command, text: str, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(text)
    (whole,) = lines_of(command("explain", "one.txt", "--json").out)
    (some,) = lines_of(command("explain", "one.txt", "--json", "--only", only).out)
    chosen = {
        "removed": lambda p: not p["keep"], "kept": lambda p: p["keep"],
        "doubt": lambda p: abs(p["log_odds"] - p["threshold"]) < 1,
    }[only]  # fmt: skip
    assert some["paragraphs"] == [p for p in whole["paragraphs"] if chosen(p)]


def test_records_of_every_format_have_a_line(command: Command, tmp_path: Path) -> None:
    records = [{"body": ARTICLE, "id": 7}, {"body": ""}, {"body": None}, {"body": "One line."}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    called = command("explain", "in.jsonl", "--text-field", "body", "--json")
    assert called.code == 0
    assert lines_of(called.out)[0]["id"] == "7"
    assert [len(line["paragraphs"]) for line in lines_of(called.out)] == [3, 0, 1]


def test_standard_input(command: Command) -> None:
    (line,) = lines_of(command("explain", "-", "--json", stdin=ARTICLE.encode()).out)
    assert [p["text"] for p in line["paragraphs"]] == [each for each in ARTICLE.splitlines() if each]


def test_a_text_in_sections_is_one_line(command: Command, tmp_path: Path) -> None:
    text = "The ferry returned on Monday, and a few passengers waited.\n" * 9000
    (tmp_path / "long.txt").write_text(text)
    called = command("explain", "long.txt", "--json", "--only", "removed", "--threshold", "0")
    (line,) = lines_of(called.out)
    assert line["paragraphs"] == []


def test_the_table_is_plain_where_it_is_piped(command: Command, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(ARTICLE)
    called = command("explain", "one.txt", "--top", "2", "--max-removed", "1", "--threshold", "strict")
    out = called.out.decode()
    assert called.code == 0
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert "kept" in out
    assert "removed" in out
    assert "Donate now!" in out
    assert out.count("+") + out.count("-") >= 6


def test_the_table_of_what_is_removed_has_one_column(command: Command, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(ARTICLE)
    out = command("explain", "one.txt", "--only", "kept", "--threshold", "0").out.decode()
    assert out.startswith("one.txt: threshold -")
    assert out.count("threshold") == 1
    assert "removed" not in out.splitlines()[2]
    assert "The ferry returned on Monday." in out


def test_one_line_where_there_is_nothing_to_show(command: Command, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(ARTICLE)
    (tmp_path / "two.txt").write_text("\n")
    called = command("explain", "one.txt", "two.txt", "--only", "removed", "--threshold", "0")
    assert called.out.decode().splitlines() == ["one.txt: no paragraph is removed", "two.txt: no paragraph is removed"]


def test_a_file_that_cannot_be_read_is_told(command: Command, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(ARTICLE)
    (tmp_path / "two.jsonl").write_text("no JSON\n")
    called = command("explain", "one.txt", "two.jsonl", "--json")
    assert called.code == 1
    assert "two.jsonl" in called.err
    assert [line["file"] for line in lines_of(called.out)] == ["one.txt"]


@pytest.mark.parametrize("arguments", [["--json", "--top", "5"], ["--top", "0"], ["--only", "all"], ["missing.txt"]])
def test_wrong_calls(arguments: list[str], command: Command, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(ARTICLE)
    assert command("explain", "one.txt", *arguments).code == 2


def test_phrases_are_reasons(command: Command, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(ARTICLE)
    (tmp_path / "phrases.tsv").write_text("ferry\treporting\t2\n")
    (line,) = lines_of(command("explain", "one.txt", "--json", "--phrases", "phrases.tsv").out)
    groups = [{reason["group"] for reason in paragraph["reasons"]} for paragraph in line["paragraphs"]]
    assert ["phrase" in each for each in groups] == [True, False, False]
    out = command("explain", "one.txt", "--phrases", "phrases.tsv", "--top", "50").out.decode()
    assert 'phrase "ferry"' in out
