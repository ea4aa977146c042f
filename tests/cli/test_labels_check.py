"""The commands ``labels check`` and ``labels split``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import Called, Command, tree

STORY = " ".join(first + second for first in "bcdfgklm" for second in ("an", "en", "in", "on", "un"))


def record(name: str, *paragraphs: tuple[str, str | None], **fields: Any) -> dict[str, Any]:
    return {"id": name, **fields, "paragraphs": [{"text": text, "label": label} for text, label in paragraphs]}


CLEAN = [
    record(f"d{n}", (f"Rain {n}.", "reporting"), (f"Give {n}!", "appeal"), site=f"s{n}", url=f"u{n}") for n in range(20)
]


@pytest.fixture
def labels(
    tiny_model_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Called]:
    """The commands of the group ``labels``, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    command = Command(tiny_model_dir, capfdbinary, monkeypatch)
    return lambda *words, **settings: command("labels", *words, **{"model": False, **settings})


def write(name: str, *records: dict[str, Any]) -> None:
    data = "".join(json.dumps(each) + "\n" for each in records).encode()
    Path(name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def ids(path: str) -> set[str]:
    return {json.loads(line)["id"] for line in Path(path).read_bytes().splitlines()}


def test_nothing_is_found(labels: Callable[..., Called]) -> None:
    write("a.jsonl", *CLEAN)
    called = labels("check", "a.jsonl")
    assert called.code == 0
    out = called.out.decode()
    assert "20 documents, 40 paragraphs" in out
    assert "… and 10 more" in out  # sites
    assert out.endswith("nothing was found\n")


def test_what_is_found_has_file_line_document_and_paragraph(labels: Callable[..., Called]) -> None:
    odd = record("odd", ("rain  3.", "navigation"), ("\x1b[\u202e…", "appeal"), site="x")
    write("a.jsonl.gz", *CLEAN, odd)
    called = labels("check", "a.jsonl.gz", "--top", "0")
    assert called.code == 3
    found = called.out.decode().split("\n\n")
    assert found[1] == (
        "conflict: 1 (the same text with different labels)\n"
        "  1 navigation, 1 reporting: rain 3.\n"
        "    a.jsonl.gz:4: d3, paragraph 1\n"
        "    a.jsonl.gz:21: odd, paragraph 1"
    )
    assert found[2] == (
        "empty: 1 (paragraphs without a letter or digit)\n"
        "  appeal: \\x1b[\\u202e…\n    a.jsonl.gz:21: odd, paragraph 2\n"
    )
    assert "\x1b" not in called.out.decode()


def test_the_report_as_json(labels: Callable[..., Called]) -> None:
    copies = [record(f"c{n}", (STORY, "reporting"), ("Give!", "appeal"), site=f"copy-{n}") for n in range(3)]
    write("a.jsonl", *CLEAN, *copies, record("bare", ("Hm.", None)))
    called = labels("check", "a.jsonl", "--json", "--top=1")
    assert called.code == 3
    report = json.loads(called.out)
    assert report["documents"] == 24
    assert report["labels"] == {"reporting": 23, "appeal": 23, "(none)": 1}
    assert report["sites"]["copy-1"] == 1
    assert {check: count for check, count in report["found"].items() if count} == {"near-duplicates": 1, "no label": 1}
    assert report["findings"][1] == {
        "check": "no label", "what": "1 paragraphs", "text": "",
        "places": [{"where": "a.jsonl:24", "id": "bare", "paragraph": None}],
    }  # fmt: skip
    assert len(report["findings"][0]["places"]) == 3


def test_near_duplicates_by_similarity(labels: Callable[..., Called]) -> None:
    other = STORY.replace("ken kin", "other words")
    write(
        "a.jsonl", *(record(n, (text, "reporting"), (n, "appeal"), site=n) for n, text in (("a", STORY), ("b", other)))
    )
    assert labels("check", "a.jsonl").code == 3
    assert labels("check", "a.jsonl", "--similarity", "0.95").code == 0
    assert labels("check", "a.jsonl", "--similarity", "0").code == 2


@pytest.mark.parametrize("top", [1, 0])
def test_a_model_that_disagrees(labels: Callable[..., Called], tiny_data: Path, top: int) -> None:
    documents = [json.loads(line) for line in tiny_data.read_text("utf-8").splitlines()[:6]]
    for paragraph in (p for document in documents for p in document["paragraphs"]):
        paragraph["label"], paragraph["kind"] = "navigation" if paragraph["label"] == "reporting" else "spam", None
    write("a.jsonl", *documents)
    called = labels("check", "a.jsonl", "--json", "--top", str(top), model=True)
    assert called.code == 3
    assert "trained on" in called.err
    assert "does not have these labels: spam (" in called.err
    report = json.loads(called.out)
    found = [each for each in report["findings"] if each["check"] == "disagreement"]
    assert 0 < len(found) <= report["found"]["disagreement"]
    assert len(found) == (top or report["found"]["disagreement"])
    assert found[0]["what"].startswith("navigation 0.")
    assert found[0]["places"][0]["paragraph"]


def test_any_format_is_read(labels: Callable[..., Called]) -> None:
    Path("a.csv").write_text("id,text,label\nx,Rain.,weather\nx,Give!,appeal\n")
    called = labels("check", "a.csv", "--json")
    assert called.code == 0
    assert json.loads(called.out)["labels"] == {"weather": 1, "appeal": 1}
    called = labels("check", "a.csv", "--json", "--map", "weather=reporting", "--from", "csv")
    assert json.loads(called.out)["labels"] == {"reporting": 1, "appeal": 1}
    Path("a.csv").write_text("id,text,label\nx,Rain.,weather\nx,—,appeal\nx,Rain.,appeal\n")
    out = labels("check", "a.csv").out.decode()
    assert "a.csv:2: x, paragraph 1" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("check", "missing.jsonl"), 2, "missing.jsonl: no such file or folder"),
        (("check",), 2, "Missing argument 'DATA'"),
        (("check", "bad.jsonl"), 1, "bad.jsonl:2: not JSON"),
        (("check", "a.jsonl", "--model", "nowhere"), 2, "nowhere: no such file or folder"),
        (("split", "-", "-o", "x"), 2, "the input is read twice"),
        (("split", "/dev/null", "-o", "x"), 2, "the input is read twice"),
        (("split", ".", "-o", "x"), 2, "x: is inside of ., where its files would be read again"),
        (("split", "a.jsonl"), 2, "Missing option"),
        (("split", "a.jsonl", "-o", "x", "--parts", "a=2"), 2, "a share is more than 0 and less than 1"),
        (("split", "a.jsonl", "-o", "full"), 1, "full: exists, and is not an empty folder"),
        (("split", "a.jsonl", "-o", "x", "--keep", "full"), 2, "full/dev.jsonl, full/test.jsonl is missing"),
        (
            ("split", "a.jsonl", "-o", "x", "--keep", "earlier", "--parts", "train=0.9,dev=0.1"), 2,
            "--keep earlier: also has test.jsonl: sites of a part of the earlier split would go to other parts. Give "
            "each part a share in --parts, as in train=…,dev=…,test=…; move files",
        ),
        (("split", "a.jsonl", "-o", "x", "--by", "lang"), 1, "1 language, for 3 parts"),
        (("split", "bad.jsonl", "-o", "x"), 1, "bad.jsonl:2: not JSON"),
    ],
)  # fmt: skip
def test_errors(words: tuple[str, ...], code: int, message: str, labels: Callable[..., Called]) -> None:
    write("a.jsonl", *CLEAN)
    Path("bad.jsonl").write_bytes(Path("a.jsonl").read_bytes().splitlines(keepends=True)[0] + b"{\n")
    Path("full").mkdir()
    Path("full/file").touch()
    Path("earlier").mkdir()
    for part in ("train", "dev", "test"):
        Path("earlier", f"{part}.jsonl").touch()
    called = labels(*words)
    assert called.code == code
    assert message in called.err
    assert not Path("x").exists()


def test_a_split_has_every_record_once_with_all_its_fields(labels: Callable[..., Called]) -> None:
    write("a.jsonl", *CLEAN[:12])
    write("b.jsonl.gz", *CLEAN[12:])
    called = labels("split", "a.jsonl", "b.jsonl.gz", "-o", "parts")
    assert called.code == 0
    assert sorted(tree(Path("parts"))) == ["dev.jsonl", "test.jsonl", "train.jsonl"]
    written = [json.loads(line) for data in tree(Path("parts")).values() for line in data.splitlines()]
    assert sorted(written, key=lambda each: int(each["id"][1:])) == CLEAN
    assert len(ids("parts/train.jsonl")) == 16
    assert "80.0%" in called.out.decode()


def test_splits_are_stable(labels: Callable[..., Called]) -> None:
    write("a.jsonl", *CLEAN)
    for name, seed in (("one", "3"), ("two", "3"), ("three", "4")):
        assert labels("split", "a.jsonl", "-o", name, "--seed", seed).code == 0
    assert tree(Path("one")) == tree(Path("two")) != tree(Path("three"))
    write("more.jsonl", *CLEAN, *(record(f"n{n}", ("Rain.", "reporting"), site=f"new{n}") for n in range(20)))
    assert labels("split", "more.jsonl", "-o", "four", "--keep", "one", "--seed", "9").code == 0
    for part in ("train", "dev", "test"):
        assert ids(f"one/{part}.jsonl") == {each for each in ids(f"four/{part}.jsonl") if each.startswith("d")}


@pytest.mark.parametrize(("separate", "parts"), [(False, {"test"}), (True, {"train", "dev", "test"})])
def test_copies_of_kept_documents_go_where_those_are(
    labels: Callable[..., Called], separate: bool, parts: set[str]
) -> None:
    copies = [record(f"c{n}", (STORY, "reporting"), site=f"copy-{n}") for n in range(9)]
    write("a.jsonl", *CLEAN)
    assert labels("split", "a.jsonl", "-o", "one").code == 0
    with open("one/test.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(record("kept", (STORY, "reporting"), site="kept")) + "\n")
    write("more.jsonl", *copies)
    options = ["--separate-near-duplicates", "--parts", "train=0.4,dev=0.3,test=0.3"] if separate else []
    assert labels("split", "more.jsonl", "-o", "two", "--keep", "one", *options).code == 0
    assert {part for part in ("train", "dev", "test") if ids(f"two/{part}.jsonl")} == parts
    assert set().union(*(ids(f"two/{part}.jsonl") for part in parts)) == {each["id"] for each in copies}


def test_near_duplicates_stay_together(labels: Callable[..., Called]) -> None:
    copies = [record(f"c{n}", (STORY, "reporting"), site=f"copy-{n}") for n in range(6)]
    write("a.jsonl", *CLEAN, *copies)
    parts = "a=0.5,b=0.5"
    names = {each["id"] for each in copies}
    assert labels("split", "a.jsonl", "-o", "x", "--parts", parts).code == 0
    assert names <= ids("x/a.jsonl") or names <= ids("x/b.jsonl")
    assert labels("split", "a.jsonl", "-o", "y", "--parts", parts, "--separate-near-duplicates").code == 0
    assert names & ids("y/a.jsonl")
    assert names & ids("y/b.jsonl")


def test_documents_without_a_site(labels: Callable[..., Called]) -> None:
    write("a.jsonl", *({**each, "site": None} for each in CLEAN[:7]), *CLEAN[7:])
    assert "7 documents have no site: each counts as a site of its own" in labels("split", "a.jsonl", "-o", "x").err
    assert not labels("split", "a.jsonl", "-o", "y", "--by", "document").err


def test_one_site(labels: Callable[..., Called]) -> None:
    write("a.jsonl", *(each | {"site": "one"} for each in CLEAN))
    called = labels("split", "a.jsonl", "-o", "x")
    assert called.code == 1
    assert "1 site, for 3 parts: no site is split; add documents of other sites" in called.err
    called = labels("split", "a.jsonl", "-o", "x", "--by", "document", "--json")
    assert called.code == 0
    parts = json.loads(called.out)
    assert sum(part["documents"] for part in parts.values()) == 20
    assert parts["train"]["units"] == parts["train"]["documents"]


def test_a_split_of_another_format_with_other_names_of_labels(labels: Callable[..., Called]) -> None:
    rows = "".join(f"d{n},s{n},Rain {n}.,weather\n" for n in range(9))
    Path("a.csv").write_text(f"id,site,text,label\n{rows}")
    assert labels("split", "a.csv", "-o", "x", "--map", "weather=body", "--parts", "a=0.7,b=0.3").code == 0
    first = json.loads(Path("x/a.jsonl").read_bytes().splitlines()[0])
    assert first["paragraphs"][0]["label"] == "reporting"
    write("b.jsonl", *(each | {"id": f"e{n}"} for n, each in enumerate(CLEAN)))
    assert labels("split", "b.jsonl", "-o", "y", "--map", "reporting=note").code == 0
    first = json.loads(Path("y/train.jsonl").read_bytes().splitlines()[0])
    assert first["url"]
    assert first["paragraphs"][0] == {"text": first["paragraphs"][0]["text"], "label": "reporting", "kind": "note"}
