"""Labelled documents are read as they were written; invalid ones are errors that name file and line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import DataError, UsageError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents
from detector.util.batching import batches

FULL = {
    "id": "ferry-1", "site": "courier.example", "lang": "en", "origin": "page", "gold": "The ferry.", "more": [1],
    "paragraphs": [
        {"text": "The ferry left.", "label": "reporting", "kind": "body", "by": "read"},
        {"text": "  Gib jetzt, für uns! 😀 ", "label": "appeal", "kind": None, "by": "auto"},
        {"text": "Ad", "label": None},
    ],
}  # fmt: skip


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_a_document_with_all_fields(tmp_path: Path) -> None:
    (document,) = read_documents([write(tmp_path / "a.jsonl", FULL)])
    assert document == LabelledDocument(
        "ferry-1", "courier.example", "page", "en", "The ferry.",
        (
            LabelledParagraph("The ferry left.", "reporting", "body", "read"),
            LabelledParagraph("  Gib jetzt, für uns! 😀 ", "appeal", None, "auto"),
            LabelledParagraph("Ad", None, None, None),
        ),
    )  # fmt: skip
    assert document.text == "The ferry left.\n  Gib jetzt, für uns! 😀 \nAd"


def test_a_document_with_only_the_required_fields(tmp_path: Path) -> None:
    (document,) = read_documents([write(tmp_path / "a.jsonl", {"id": "x", "paragraphs": []})])
    assert document == LabelledDocument("x", "x", None, None, None, ())  # its id is its site
    assert document.text == ""


@pytest.mark.parametrize(
    ("by", "read"), [(None, True), ("read", True), ("kerstin", True), ("auto", False), ("gold", False)]
)
def test_every_source_but_those_that_are_automatic_is_a_reader(by: str | None, read: bool) -> None:
    assert LabelledParagraph("The ferry left.", "reporting", None, by).by_reader is read


def test_blank_lines_are_skipped_but_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\n{"id": "x", "paragraphs": []}\r\n\r\n  \n{"id": 5}\n')
    found = read_documents([path])
    assert next(found).id == "x"
    with pytest.raises(DataError, match=r"a\.jsonl:5: "):
        next(found)


def test_gzip_is_recognised_by_the_extension(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(FULL).encode()))
    assert [document.id for document in read_documents([str(path)])] == ["ferry-1"]


def test_a_folder_is_read_as_its_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.jsonl", "a.jsonl", "sub/c.jsonl"):
        write(tmp_path / name, {"id": name, "paragraphs": []})
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(b'{"id": "d.jsonl.gz", "paragraphs": []}'))
    (tmp_path / "README.md").write_text("not data")
    ids = [document.id for document in read_documents([tmp_path, tmp_path / "a.jsonl"])]
    assert ids == ["a.jsonl", "b.jsonl", "d.jsonl.gz", "sub/c.jsonl", "a.jsonl"]


def test_files_are_read_lazily(tmp_path: Path) -> None:
    found = read_documents([write(tmp_path / "a.jsonl", FULL, FULL), tmp_path / "missing.jsonl"])
    assert next(found).id == "ferry-1"
    assert next(found).id == "ferry-1"
    with pytest.raises(UsageError, match=r"missing.jsonl: no such file or folder"):
        next(found)


def paragraph(**fields: Any) -> str:
    return json.dumps({"id": "x", "paragraphs": [{"text": "fine", "label": "reporting"}, fields]})


WRONG = [
    ("{", "a.jsonl:1: not JSON"),
    ("\ufeff{}", "a.jsonl:1: not JSON"),
    ("[" * 100_000, "a.jsonl:1: not JSON"),
    ("[1]", "a.jsonl:1: a document must be a JSON object, not a list"),
    ('"text"', "a document must be a JSON object, not a str"),
    ("{}", 'a.jsonl:1: the document has no "id"'),
    ('{"id": 5, "paragraphs": []}', '"id" is 5, not a string'),
    ('{"id": "x"}', 'a.jsonl:1: "paragraphs" is missing or not a list'),
    ('{"id": "x", "paragraphs": {}}', '"paragraphs" is missing or not a list'),
    ('{"id": "x", "site": 1, "paragraphs": []}', '"site" is 1'),
    ('{"id": "x", "paragraphs": ["text"]}', "a.jsonl:1: paragraph 1: a paragraph must be a JSON object, not a str"),
    (paragraph(label="reporting"), 'a.jsonl:1: paragraph 2: "text" is missing or blank'),
    (paragraph(text=" \t\u3000", label="reporting"), 'paragraph 2: "text" is missing or blank'),
    (paragraph(text="two\nlines", label="reporting"), 'paragraph 2: "text" contains a line break'),
    (paragraph(text="two\rlines", label="reporting"), 'paragraph 2: "text" contains a line break'),
    (paragraph(text=["a"]), "paragraph 2: \"text\" is ['a'], not a string"),
    (paragraph(text="a", label=1), 'paragraph 2: "label" is 1'),
    (paragraph(text="a", kind=True), 'paragraph 2: "kind" is True'),
]


@pytest.mark.parametrize(("line", "words"), WRONG, ids=range(len(WRONG)))
def test_invalid_documents(line: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        list(read_documents([tmp_path / "a.jsonl"]))
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "a.jsonl"))


PACKED = gzip.compress(("\n".join([json.dumps(FULL)] * 50)).encode())
DAMAGED = {
    "not.jsonl.gz": b'{"id": "x", "paragraphs": []}',
    "short.jsonl.gz": PACKED[: len(PACKED) // 2],
    "flipped.jsonl.gz": PACKED[:40] + bytes(byte ^ 0xFF for byte in PACKED[40:60]) + PACKED[60:],
    "sum.jsonl.gz": PACKED[:-6] + b"\0\1\2\3\4\5",
    "latin.jsonl": '{"id": "é"}'.encode("latin-1"),
    "zeros.jsonl": b"\xff\xfe\0\0",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(DAMAGED[name])
    with pytest.raises(DataError, match=name):
        list(read_documents([tmp_path / name]))


def test_a_folder_without_data(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match=r"the folder contains no \.jsonl or \.ndjson file, compressed or not"):
        list(read_documents([tmp_path]))


def documents(sizes: list[int]) -> list[LabelledDocument]:
    return [
        LabelledDocument(str(n), "s", None, None, None, (LabelledParagraph("x" * size, "reporting"),) if size else ())
        for n, size in enumerate(sizes)
    ]


@given(st.lists(st.integers(0, 30), max_size=20), st.integers(1, 50))
def test_batches_are_the_documents_in_order(sizes: list[int], size: int) -> None:
    given_documents = documents(sizes)
    parts = list(batches(given_documents, lambda document: len(document.text), size))
    assert [document for part in parts for document in part] == given_documents
    for number, part in enumerate(parts):
        lengths = [len(document.text) for document in part]
        assert sum(lengths[:-1]) < size
        assert sum(lengths) >= size or number == len(parts) - 1
