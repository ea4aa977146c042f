"""The commands ``repeats learn``, ``repeats merge``, ``repeats show``, and ``clean --repeats``."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from command import Command, read_sidecar, tree

from detector.evidence.paragraph_keys import keys_of
from detector.evidence.repeats_file import read_repeats
from detector.repeats.counter import RepeatCounter

LETTER = "Support the Fellgate Herald from 2 a month."
STORIES = ["The bridge reopened.", "The ferry sails again.", "A mill burned down.", "The council met."]


def records(**fields: object) -> str:
    return "".join(json.dumps({"text": f"{story}\n{LETTER}", **fields}) + "\n" for story in STORIES)


def learn(command: Command, *arguments: str, code: int = 0) -> list[str]:
    """The lines that learning prints."""
    called = command("repeats", "learn", *arguments, model=False)
    assert (called.code, called.out) == (code, b""), called.err
    return called.err.splitlines()


def test_learn(command: Command) -> None:
    Path("in.jsonl").write_text(records() + '{"text": null}\n')
    assert learn(command, "in.jsonl", "-o", "x.repeats") == [
        "read: documents 4, null 1",
        "counted: different documents 4, sites 1, different paragraphs 5",
        "repeated: paragraphs 1",
    ]
    repeats = read_repeats("x.repeats")
    assert repeats.keys.tolist() == keys_of([LETTER]).tolist()
    assert (repeats.documents.tolist(), repeats.of.tolist()) == ([4], [4])
    assert sorted(tree(Path())) == ["in.jsonl", "x.repeats"]


def test_the_same_bytes_on_several_processes(command: Command) -> None:
    for number, story in enumerate(STORIES):
        Path(f"in/{number}").mkdir(parents=True)
        Path(f"in/{number}/a.txt").write_text(f"{story}\n{LETTER}\n")
        with gzip.open(f"in/{number}/b.jsonl.gz", "wt") as file:
            file.write(records())
    learn(command, "in", "-o", "one.repeats", "-q")
    learn(command, "in", "-o", "two.repeats", "-q", "--jobs", "2")
    assert Path("one.repeats").read_bytes() == Path("two.repeats").read_bytes()


BY = {
    "a field": (records(site="a") + records(site="b"), ("--by", "site"), 2),
    "a nested field": (records(meta={"site": "a"}) + records(meta={"site": 7}), ("--by", "meta.site"), 2),
    "a host": (
        records(url="https://www.Herald.example/1") + records(url="http://herald.example:80") + records(url="//b.org"),
        ("--by", "host"), 2,
    ),
    "a host in another field": (records(link="https://a.example/1"), ("--by", "host", "--url-field", "link"), 1),
    "none": (records(site="a") + records(site="b"), (), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", BY)
def test_by(name: str, command: Command) -> None:
    content, arguments, sites = BY[name]
    Path("in.jsonl").write_text(content)
    learn(command, "in.jsonl", "-o", "x.repeats", *arguments)
    assert read_repeats("x.repeats").totals.sites == sites


def test_by_folder(command: Command) -> None:
    for number, story in enumerate(STORIES):
        Path(f"in/{number % 2}").mkdir(parents=True, exist_ok=True)
        Path(f"in/{number % 2}/{number}.txt").write_text(f"{story}\n{LETTER}\n")
    learn(command, "in", "-o", "x.repeats", "--by", "folder")
    repeats = read_repeats("x.repeats")
    assert (repeats.totals.sites, repeats.documents.tolist(), repeats.sites.tolist()) == (2, [2], [2])


def test_by_the_host_of_a_crawl(command: Command) -> None:
    pages = [f"{story}\r\n{LETTER}".encode() for story in STORIES]
    header = "WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: <urn:uuid:{}>\r\nWARC-Target-URI: https://{}/\r\n"
    header += "Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n"
    heads = [header.format(n, ("a.example", "b.example")[n % 2], len(page)).encode() for n, page in enumerate(pages)]
    Path("in.wet").write_bytes(b"".join(head + page + b"\r\n\r\n" for head, page in zip(heads, pages, strict=True)))
    learn(command, "in.wet", "-o", "x.repeats", "--by", "host")
    assert read_repeats("x.repeats").totals.sites == 2


def test_by_a_column(command: Command) -> None:
    Path("in.csv").write_text("paper,text\n" + "".join(f'{n % 2},"{s}\n{LETTER}"\n' for n, s in enumerate(STORIES)))
    learn(command, "in.csv", "-o", "x.repeats", "--by", "paper")
    assert read_repeats("x.repeats").totals.sites == 2


def test_records_without_a_site_are_rejected(command: Command) -> None:
    Path("in.jsonl").write_text(records(site="a") + records() + records(site=None) + "no JSON\n")
    lines = learn(command, "in.jsonl", "-o", "x.repeats", "--by", "site", "--rejected", "bad.jsonl", code=1)
    assert (
        'in.jsonl:5: rejected: field "site", which tells its site, is missing, or neither a string nor a whole number'
        in lines
    )
    assert "read: documents 4, rejected 9" in lines
    assert [each["position"] for each in read_sidecar(Path("bad.jsonl"))][-1] == 4
    assert read_repeats("x.repeats").of.tolist() == [4]
    before = Path("x.repeats").read_bytes()
    lines = learn(command, "in.jsonl", "-o", "x.repeats", "--by", "site", "--max-rejected", "3", code=1)
    assert any("more than 3 records cannot be read (--max-rejected)" in line for line in lines)
    assert lines[-3:-1] == ["stopped: 4 records could not be read (--max-rejected 3)", "x.repeats: was not written"]
    assert Path("x.repeats").read_bytes() == before


SITELESS = {
    "in.jsonl": (b'\n\n{"text": "a"}\n', 3, '{"text": "a"}\n'),
    "in.csv": (b'site,text\n7,"a\nb"\n\n"http://","c\nd"\n', 5, '"http://","c\nd"\n'),
    "in.json": (b'[\n{"site": "a.example", "text": ""},\n{"text": "b"}]', 3, ""),
}


@pytest.mark.parametrize("name", SITELESS)
def test_rejected_records_are_kept_with_their_place(name: str, command: Command) -> None:
    content, line, raw = SITELESS[name]
    Path(name).write_bytes(content)
    by = ("--by", "host", "--url-field", "site")
    learn(command, name, "-o", "x.repeats", *by, "--rejected", "bad.jsonl", code=1)
    rejected = read_sidecar(Path("bad.jsonl"))[-1]
    assert (rejected["record"], rejected["raw"]) == (line, raw)


def test_a_failed_file(command: Command) -> None:
    Path("in").mkdir()
    Path("in/a.jsonl").write_text(records())
    Path("in/b.jsonl.gz").write_bytes(gzip.compress(records().encode())[:-9])
    lines = learn(command, "in", "-o", "x.repeats", code=1)
    assert any(line.startswith("failed: in/b.jsonl.gz: ") for line in lines)
    assert len(read_repeats("x.repeats")) == 1
    Path("in/a.jsonl").unlink()
    before = Path("x.repeats").read_bytes()
    learn(command, "in", "-o", "x.repeats", code=1)
    assert Path("x.repeats").read_bytes() == before  # nothing could be counted


def test_no_document(command: Command) -> None:
    Path("in.jsonl").write_text("\n")
    lines = learn(command, "in.jsonl", "-o", "x.repeats", code=3)
    assert lines[0].startswith("in.jsonl: no document found in it")
    assert len(read_repeats("x.repeats")) == 0


def test_pruning(command: Command) -> None:
    Path("in.jsonl").write_text(records() + json.dumps({"text": f"One more.\n{STORIES[0]}"}))
    for arguments, number in (((), 2), (("--min-documents", "3"), 1), (("--min-share", "0.5"), 1)):
        learn(command, "in.jsonl", "-o", "x.repeats", *arguments)
        assert len(read_repeats("x.repeats")) == number


def test_standard_input(command: Command) -> None:
    called = command("repeats", "learn", "-", "-o", "x.repeats", "--text-field", "text", stdin=records().encode(),
                     model=False)  # fmt: skip
    assert called.code == 0
    assert read_repeats("x.repeats").totals.documents == 4


def test_merge(command: Command) -> None:
    lines = records().splitlines(keepends=True)
    for number in (0, 1):
        Path(f"{number}.jsonl").write_text("".join(lines[number::2]))
        called = learn(command, f"{number}.jsonl", "-o", f"{number}.counts", "--partial")
        assert called == ["read: documents 2"]
    Path("in.jsonl").write_text(records())
    learn(command, "in.jsonl", "-o", "whole.repeats")
    called = command("repeats", "merge", "0.counts", "1.counts", "-o", "x.repeats", model=False)
    assert called.code == 0
    assert called.err.splitlines() == [
        "counted: different documents 4, sites 1, different paragraphs 5", "repeated: paragraphs 1",
    ]  # fmt: skip
    assert Path("x.repeats").read_bytes() == Path("whole.repeats").read_bytes()
    twice = ("0.counts", "1.counts", "0.counts", "whole.counts")
    learn(command, "in.jsonl", "-o", "whole.counts", "--partial", "-q")
    assert command("repeats", "merge", *twice, "-o", "x.repeats", model=False).code == 0
    assert Path("x.repeats").read_bytes() == Path("whole.repeats").read_bytes()


def test_show(command: Command) -> None:
    Path("in.jsonl").write_text(records())
    learn(command, "in.jsonl", "-o", "x.repeats")
    called = command("repeats", "show", "x.repeats", model=False)
    assert called.code == 0
    key = f"{keys_of([LETTER])[0]:016x}"
    assert called.out.decode().splitlines() == [
        "counted: different documents 4, sites 1, different paragraphs 5",
        "repeated: paragraphs 1",
        f"{key}  in 4 of 4 documents (100.0%), on 1 site, 4.00 log-odds against reporting",
    ]
    called = command("repeats", "show", "x.repeats", "--json", "--top", "1", model=False)
    values = json.loads(called.out)
    assert values["top"] == [{"key": key, "documents": 4, "of": 4, "sites": 1, "amount": 4.0}]
    assert values["different_documents"] == 4
    assert LETTER.encode() not in Path("x.repeats").read_bytes()


def test_log_json(command: Command) -> None:
    Path("in.jsonl").write_text(records())
    *_, summary = learn(command, "in.jsonl", "-o", "x.repeats", "--log-json")
    values = json.loads(summary)
    assert values["event"] == "summary"
    assert {name: values[name] for name in ("documents", "sites", "paragraphs", "repeated")} == {
        "documents": 4, "sites": 1, "paragraphs": 5, "repeated": 1,
    }  # fmt: skip


WRONG = {
    "no output": (("learn", "in.jsonl"), "name it with --output"),
    "an input": (("learn", "in.jsonl", "-o", "in.jsonl"), "is an input"),
    "a folder": (("learn", "in.jsonl", "-o", "."), "is a folder"),
    "a URL": (("learn", "in.jsonl", "-o", "s3://a/b"), "is a URL"),
    "no field in text": (("learn", "in.txt", "-o", "x", "--by", "site"), "has no fields; use --by folder"),
    "no folder of standard input": (("learn", "-", "-o", "x", "--by", "folder"), "is in no folder"),
    "a URL field for nothing": (("learn", "in.jsonl", "-o", "x", "--url-field", "url"), "is for --by host"),
    "in the input folder": (("learn", ".", "-o", "x.jsonl"), "lies in the input folder"),
    "a missing file": (("learn", "none", "-o", "x"), "no such file"),
    "too few documents": (("learn", "in.jsonl", "-o", "x", "--min-documents", "1"), "--min-documents"),
    "nothing to merge": (("merge", "-o", "x"), "no files to merge"),
    "a part as the result": (("merge", "in.jsonl", "-o", "in.jsonl"), "is an input"),
    "a missing part": (("merge", "none", "-o", "x"), "no such file"),
    "nothing to show": (("show", "none"), "no such file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name: str, command: Command) -> None:
    arguments, message = WRONG[name]
    Path("in.jsonl").write_text(records())
    Path("in.txt").write_text("The bridge reopened.\n")
    called = command("repeats", *arguments, model=False)
    assert (called.code, called.out) == (2, b"")
    assert message in " ".join(called.err.split())
    assert sorted(tree(Path())) == ["in.jsonl", "in.txt"]


def test_what_is_no_file_of_counts(command: Command) -> None:
    Path("in.jsonl").write_text(records())
    for arguments in (("show", "in.jsonl"), ("merge", "in.jsonl", "-o", "x")):
        called = command("repeats", *arguments, model=False)
        assert called.code == 1
        assert "in.jsonl: is no file of repeated paragraphs, or damaged" in called.err
    with RepeatCounter() as counter:
        counter.write_partial("x.counts")
    called = command("repeats", "show", "x.counts", model=False)
    assert (called.code, "'detector repeats merge'" in called.err) == (1, True)


def test_another_run_is_writing(command: Command) -> None:
    from detector.util.atomic import working_in

    Path("in.jsonl").write_text(records())
    with working_in(Path(".x.repeats.detector-counts")):
        lines = learn(command, "in.jsonl", "-o", "x.repeats", code=1)
    assert "another run is writing" in lines[0]
    learn(command, "in.jsonl", "-o", "x.repeats", "-q")
    assert sorted(tree(Path())) == ["in.jsonl", "x.repeats"]


def test_leftovers_of_a_killed_run_are_removed(command: Command) -> None:
    Path("in.jsonl").write_text(records())
    left = Path(".x.repeats.detector-counts/.detector-unfinished/detector-repeats-1")
    left.mkdir(parents=True)
    (left / "a.run").write_bytes(b"x")
    learn(command, "in.jsonl", "-o", "x.repeats", "-q")
    assert sorted(tree(Path())) == ["in.jsonl", "x.repeats"]


def test_clean_with_counts(command: Command) -> None:
    """Counts change results, so that a result without them is out of date; no output replaces their file."""
    stories = [
        f"{story} It took {number} years.\nReaders like you made this.\n" for number, story in enumerate(STORIES)
    ]
    for number, story in enumerate(stories):
        Path("in").mkdir(exist_ok=True)
        Path(f"in/{number}.txt").write_text(story)
    learn(command, "in", "-o", "x.repeats", "-q")
    plain = ("predict", "in/0.txt", "-q")
    before = json.loads(command(*plain).out)["paragraphs"][1]["scores"]["reporting"]
    after = json.loads(command(*plain, "--repeats", "x.repeats").out)["paragraphs"][1]["scores"]["reporting"]
    assert after < before
    twice = command(*plain, "--repeats", "x.repeats", "--repeats", "x.repeats")
    assert json.loads(twice.out)["paragraphs"][1]["scores"]["reporting"] == after
    for arguments, done in (((), 4), ((), 0), (("--repeats", "x.repeats"), 4), (("--repeats", "x.repeats"), 0)):
        assert command("clean", "in", "-o", "out", *arguments, "--max-removed", "1").code in (0, 3)
        assert json.loads(Path("out/_summary.json").read_text())["done_now"] == done
    called = command("clean", "in/0.txt", "-o", "x.repeats", "--repeats", "x.repeats")
    assert (called.code, "is an input" in called.err) == (2, True)
