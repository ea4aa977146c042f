"""The command ``labels convert``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Command, read_sidecar, tree

import detector.labelled
from detector.cli import labels_options
from detector.labelled import formats

TEXT = "By Noor\nSnow fell on Sunday.\nGive now!"
GOOD = {"id": "a", "text": TEXT, "label": [[0, 7, "METADATA"], [8, 28, "reporting"], [20, 38, "spam"]], "url": "x"}
BAD = {"id": "b", "text": TEXT, "label": [[0, 99, "reporting"]]}


def lines(*records: object) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


def test_the_choices_are_all_formats() -> None:
    assert tuple(labels_options.LabelFormat) == formats()


def test_convert(command: Command) -> None:
    Path("in.jsonl").write_text(lines(GOOD))
    called = command("labels", "convert", "in.jsonl", "out.jsonl", "--map", "spam=appeal", model=False)
    assert (called.code, called.out) == (0, b"")
    assert called.err.splitlines() == [
        "jsonl: documents 1, paragraphs 3, without a label 0",
        "spans 3: of whole paragraphs 2, over several paragraphs 1; paragraphs with several labels or labelled in part "
        "1",
        'left out: values of the field "url" 1',
    ]
    (document,) = detector.labelled.read("out.jsonl")
    assert [each.label for each in document.paragraphs] == ["navigation", "reporting", "appeal"]


def test_unknown_labels(command: Command) -> None:
    Path("in.jsonl").write_text(lines(GOOD))
    called = command("labels", "convert", "in.jsonl", "out.jsonl", model=False)
    assert called.code == 1
    assert 'unknown labels: "spam" (1, first at in.jsonl:1: "label" 3)' in called.err
    assert list(tree(Path())) == ["in.jsonl"]
    assert command("labels", "convert", "in.jsonl", "out.jsonl", "--any-labels", "--quiet", model=False).err == ""


def test_bad_records(command: Command) -> None:
    Path("in.jsonl").write_text(lines(GOOD, BAD))
    call = ("labels", "convert", "in.jsonl", "out.jsonl", "--map", "spam=")
    called = command(*call, model=False)
    assert called.code == 1
    assert called.err.startswith('detector: in.jsonl:2: "label" 1: the span 0 to 99 is outside of the text')
    called = command(*call, "--rejected", "bad.jsonl", model=False)
    assert called.code == 3
    assert called.err.splitlines()[-1] == "rejected: records that could not be read 1"
    (rejected,) = read_sidecar(Path("bad.jsonl"))
    assert (rejected["place"], rejected["record"]) == ("in.jsonl:2", BAD)
    assert [document.id for document in detector.labelled.read("out.jsonl")] == ["a"]


DAMAGED = ["no JSON", "2024-03-01 no JSON", "[INFO] no JSON", '{"id": "torn", "te', '{"id": "torn",', 'orn"}, "n": 1}']
DAMAGED += ["x" * 70_000, '{"id": "torn", "text": "' + "x" * 70_000]


@pytest.mark.parametrize("named", [(), ("--from", "doccano")], ids=["", "named"])
@pytest.mark.parametrize("first", DAMAGED, ids=lambda line: line[:24])
def test_a_damaged_first_line_is_kept_aside(first: str, named: tuple[str, ...], command: Command) -> None:
    Path("in.jsonl").write_text(f"{first}\n{lines(GOOD, GOOD)}")
    call = ("labels", "convert", "in.jsonl", "out.jsonl", "--map", "spam=", *named)
    called = command(*call, model=False)
    assert called.code == 1
    assert called.err.startswith("detector: in.jsonl:1: not JSON")
    called = command(*call, "--rejected", "bad.jsonl", model=False)
    assert called.code == 3
    (rejected,) = read_sidecar(Path("bad.jsonl"))
    assert (rejected["place"], rejected["record"]) == ("in.jsonl:1", first)
    assert [document.id for document in detector.labelled.read("out.jsonl")] == ["a", "a"]


def test_standard_input_and_output(command: Command) -> None:
    given = lines(GOOD).encode()
    called = command(
        "labels", "convert", "-", "-", "--to", "prodigy", "--map", "spam=appeal", "--unlabelled", "menu", stdin=given,
        model=False,
    )  # fmt: skip
    assert called.code == 0
    task = json.loads(called.out)
    assert task["text"] == TEXT
    assert [span["label"] for span in task["spans"]] == ["navigation/metadata", "reporting", "appeal"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("in.jsonl", "in.jsonl"), "OUT: is an input"),
        (("in.jsonl", "./in.jsonl", "--to", "prodigy"), "OUT: is an input"),
        (("in.jsonl", "out.jsonl", "--rejected", "out.jsonl"), "--rejected: is also written for OUT"),
        (("in.jsonl", "out.jsonl", "--rejected", "in.jsonl"), "--rejected: is an input"),
        (("in.jsonl", "out.xml"), "out.xml: its extension names no format; name it with --to"),
        ((".", "out.jsonl"), "OUT: lies in the input folder ."),
        ((".", "."), "OUT: lies in the input folder ."),
        (("missing.jsonl", "out.jsonl"), "missing.jsonl: no such file or folder"),
        (("in.jsonl", "-", "--to", "csv", "--rejected", "-"), "--rejected -: standard output is OUT already"),
        (("in.jsonl", "-", "--to", "brat", "--map", "spam="), "-: standard output is no folder"),
        (("in.jsonl", "out.jsonl", "--map", "spam"), "--map spam: not of the form name=label"),
        (("in.jsonl", "out.jsonl", "--map", "spam=bad"), "bad: no label or kind of the label guide"),
        (("in.jsonl", "out.jsonl", "--map", "x=menu", "--map", "x="), "--map x=: x is mapped to menu as well"),
        (("in.jsonl", "out.jsonl", "--from", "xml"), "Invalid value for '--from'"),
    ],
)
def test_invalid_calls(command: Command, arguments: tuple[str, ...], message: str) -> None:
    Path("in.jsonl").write_text(lines(GOOD))
    called = command("labels", "convert", *arguments, model=False)
    assert called.code == 2
    assert message in called.err
    assert tree(Path()) == {"in.jsonl": lines(GOOD).encode()}


@pytest.mark.parametrize(
    ("source", "read_with"), [("a.ann", "a.txt"), ("gold/a.txt", "input/a.txt"), ("a-cleaned.txt", "a.html")]
)
def test_what_is_read_with_a_file_is_not_replaced(source: str, read_with: str, command: Command) -> None:
    for path, text in ((source, "<p>Snow fell."), (read_with, "Snow fell.")):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(text)
    before = tree(Path())
    called = command("labels", "convert", source, read_with, "--to", "lines", model=False)
    assert called.code == 2
    assert "OUT: is an input" in called.err
    assert tree(Path()) == before


def test_an_output_beside_the_input_is_replaced(command: Command) -> None:
    Path("in.jsonl").write_text(lines(GOOD))
    for _ in range(2):
        assert (
            command("labels", "convert", "in.jsonl", "in.txt", "--to", "lines", "--map", "spam=", model=False).code == 0
        )


def test_log_as_json(command: Command) -> None:
    Path("in.jsonl").write_text(lines({**GOOD, "site": "s"}))
    call = ("labels", "convert", "in.jsonl", "out", "--to", "brat", "--map", "spam=appeal", "--log-json")
    summary = json.loads(command(*call, model=False).err)
    assert (summary["event"], summary["format"], summary["documents"], summary["spans"]) == ("summary", "brat", 1, 3)
    assert (summary["lost"], summary["left_out"]) == ({"site": 1}, {'values of the field "url"': 1})


def test_evaluate_and_train_read_any_format(command: Command, tiny_data: Path) -> None:
    documents = list(detector.labelled.read(tiny_data))
    detector.labelled.write(documents, "tasks.json", "label-studio")
    figures = [json.loads(command("evaluate", path, "--json").out) for path in (tiny_data, "tasks.json")]
    assert figures[0] == figures[1]
    called = command("evaluate", "tasks.json", "--from", "doccano")
    assert called.code == 1
    assert 'tasks.json:2: "data" is ' in called.err
