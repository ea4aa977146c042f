"""The inputs: every format, documents that have labels, and what cannot be read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detector.cleaner import Cleaner
from detector.corpus.inputs import Selection
from detector.corpus.messages import Message
from detector.corpus.one_file import Run
from detector.corpus.options import Options
from detector.corpus.plan import plan_decisions
from detector.errors import DataError
from detector.labelling.reading import Reading, read_all

Read = Callable[..., Reading]


@pytest.fixture
def messages() -> list[Message]:
    return []


@pytest.fixture
def read(tiny_cleaner: Cleaner, messages: list[Message]) -> Read:
    def call(*paths: Path, format_name: str | None = None) -> Reading:
        plan = plan_decisions([str(path) for path in paths], Selection(format_name=format_name), {"--output": None})
        return read_all(plan, Run(tiny_cleaner), Options(), messages.append)

    return call


def texts(reading: Reading) -> list[list[str]]:
    return [reading.documents.texts(document) for document in reading.documents]


def jsonl(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_texts_and_labelled_documents_of_several_files(tmp_path: Path, read: Read) -> None:
    plain = tmp_path / "a.txt"
    plain.write_text("Rain fell.\r\n\r\n  Share this story \n")
    records = jsonl(tmp_path / "b.jsonl", {"id": "b1", "text": "The dam holds.", "site": "dam.example", "lang": "en"})
    paragraphs = [{"text": "The mill burned.", "label": "reporting", "by": "read"}, {"text": "Give!"}]
    labelled = jsonl(tmp_path / "c.jsonl", {"id": "c1", "site": "mill.example", "gold": "x", "paragraphs": paragraphs})
    reading = read(plain, records, labelled)
    assert texts(reading) == [["Rain fell.", "  Share this story "], ["The dam holds."], ["The mill burned.", "Give!"]]
    a, b, c = reading.documents
    assert (a.id, a.title) == (str(plain), "Rain fell.")
    assert (b.id, b.site, b.lang) == ("b1", "dam.example", "en")
    assert (c.id, c.site, c.given[0].label, c.given[0].by, list(c.given)) == (
        "c1", "mill.example", "reporting", "read", [0],
    )  # fmt: skip
    assert reading.documents.gold(c) == "x"
    assert reading.line() == "3 documents with 5 paragraphs, 1 came with labels"


def test_the_title_is_that_of_the_record_or_the_first_paragraph(tmp_path: Path, read: Read) -> None:
    records = ({"text": "Rain fell.\nIt was wet."}, {"text": "It is dry.", "title": " The dam "},
               {"text": "Read on", "title": " "}, {"text": "Log in", "title": 7})  # fmt: skip
    titles = [each.title for each in read(jsonl(tmp_path / "a.jsonl", *records)).documents]
    assert titles == ["Rain fell.", "The dam", "Read on", "Log in"]


def test_what_is_not_a_document_is_counted(tmp_path: Path, read: Read, messages: list[Message]) -> None:
    path = jsonl(tmp_path / "a.jsonl", {"text": "Rain fell."}, {"text": None}, {"text": " "}, {"text": "Rain fell."})
    with open(path, "a", encoding="utf-8") as file:
        file.write("no record\n")
    reading = read(path)
    assert reading.line() == ("1 document with 1 paragraph, 1 is there twice, 1 is empty, 1 is null, 1 cannot be read")
    assert not reading.summary.ok
    assert [message.event for message in messages] == ["rejected"]


def test_a_labelled_record_that_is_wrong_is_counted(tmp_path: Path, read: Read, messages: list[Message]) -> None:
    good, wrong = {"id": "a", "paragraphs": [{"text": "Rain fell."}]}, {"id": "b", "paragraphs": [{"text": 1}]}
    reading = read(jsonl(tmp_path / "a.jsonl", good, wrong, {"id": "c", "paragraphs": []}))
    assert (len(reading.documents), reading.empty, reading.summary.rejected, reading.summary.ok) == (1, 1, 1, False)
    assert "a.jsonl:2" in messages[0].line


def test_a_compressed_file(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "a.jsonl.gz"
    record = {"id": "a", "paragraphs": [{"text": "Rain fell.", "label": "reporting"}]}
    path.write_bytes(gzip.compress(json.dumps(record).encode() + b"\n"))
    assert read(path).labelled == 1


ARTICLE = {"id": "t", "text": "Rain fell.\nGive!\nHome", "title": "Rain"}
KEYS = {"r": ("reporting", None), "b": ("reporting", "body"), "a": ("appeal", None), "n": ("navigation", None)}


def given(keys: str, **fields: Any) -> dict[str, Any]:
    """The article with the labels of `KEYS`; ``-`` is for none."""
    labels = [KEYS.get(key, (None, None)) for key in keys]
    lines = ARTICLE["text"].split("\n")
    paragraphs = [
        {"text": text, "label": label, "kind": kind} for text, (label, kind) in zip(lines, labels, strict=True)
    ]
    return {"id": keys, **fields, "paragraphs": paragraphs}


@pytest.mark.parametrize("turned", [False, True])
def test_labels_of_a_text_that_is_also_there_without_labels(tmp_path: Path, read: Read, turned: bool) -> None:
    old = jsonl(tmp_path / "old.jsonl", given("r-n", site="rain.example", gold="Rain fell."))
    inputs = [jsonl(tmp_path / "a.jsonl", ARTICLE), old]
    reading = read(*(reversed(inputs) if turned else inputs))
    (found,) = reading.documents
    assert (found.id, found.site, reading.documents.gold(found)) == ("r-n", "rain.example", "Rain fell.")
    assert {n: each.label for n, each in found.given.items()} == {0: "reporting", 2: "navigation"}
    assert texts(reading) == [["Rain fell.", "Give!", "Home"]]
    assert reading.line() == "1 document with 3 paragraphs, 1 came with labels, 1 is there twice"


TWICE = [
    ("r--", "-a-", "ra-", 0),
    ("ra-", "ra-", "ra-", 0),
    ("ra-", "ba-", "ba-", 0),  # a label with a kind says more than the label alone
    ("b--", "r--", "b--", 0),
    ("ra-", "a-n", "ran", 1),
    ("aar", "rra", "aar", 3),
]


@pytest.mark.parametrize(("first", "second", "both", "conflicts"), TWICE)
def test_a_text_that_is_labelled_twice(
    tmp_path: Path, read: Read, messages: list[Message], first: str, second: str, both: str, conflicts: int
) -> None:
    paths = [jsonl(tmp_path / f"{n}.jsonl", given(keys)) for n, keys in enumerate((first, second))]
    reading = read(*paths)
    (found,) = reading.documents
    assert found.id == first
    expected = {n: KEYS[key] for n, key in enumerate(both) if key in KEYS}
    assert {n: (each.label, each.kind) for n, each in found.given.items()} == expected
    assert list(found.given) == sorted(found.given)
    assert (reading.labelled, reading.fields()["conflicts"]) == (1, conflicts)
    assert [message.event for message in messages] == ["conflict"] * bool(conflicts)
    assert all(f"conflict: {paths[1]}: {conflicts} paragraph" in message.line for message in messages)


def test_a_label_that_a_person_gave_goes_before_the_same_of_a_program(tmp_path: Path, read: Read) -> None:
    paths = []
    for source in ("auto", "Ada"):
        paragraph = {"text": "Rain fell.", "label": "reporting", "by": source}
        paths.append(jsonl(tmp_path / f"{source}.jsonl", {"id": source, "paragraphs": [paragraph]}))
    (found,) = read(*paths).documents
    assert (found.id, found.given[0].by) == ("auto", "Ada")


def test_a_file_that_cannot_be_read_stops_no_others(tmp_path: Path, read: Read, messages: list[Message]) -> None:
    (tmp_path / "a.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    (tmp_path / "b.txt").write_text("Rain fell.")
    reading = read(tmp_path / "a.txt", tmp_path / "b.txt")
    assert len(reading.documents) == 1
    assert len(reading.summary.failed) == 1
    assert messages[0].level == "error"


def test_a_long_text_is_one_document(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Rain fell on the dam all day.\n" * 20_000)  # several sections
    assert [len(each) for each in texts(read(path))] == [20_000]


def test_without_a_document_there_is_nothing_to_label(tmp_path: Path, read: Read) -> None:
    with pytest.raises(DataError, match="no document to label"):
        read(jsonl(tmp_path / "a.jsonl", {"text": None}))


def test_what_cleaning_would_do_is_not_told(tmp_path: Path, read: Read, messages: list[Message]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Subscribe to our newsletter!\nShare this story\n" * 3)
    assert len(read(path).documents) == 1
    assert messages == []


def test_the_text_of_pages(tmp_path: Path, read: Read) -> None:
    pytest.importorskip("resiliparse", reason="the extra html; .ci/integrations runs this")
    path = tmp_path / "a.html"
    path.write_text("<p>Rain fell.</p><p>Share this story</p>")
    assert texts(read(path)) == [["Rain fell.", "Share this story"]]
