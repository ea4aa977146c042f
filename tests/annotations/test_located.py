"""Labelled documents with the places where they were found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from annotated import BARE, FERRY

import detector.labelled
from detector.annotations.located import read_located
from detector.errors import DataError, UsageError

FORMATS = {
    "jsonl": ("a.jsonl:1", "a.jsonl:2"),
    "doccano": ("a.jsonl:1", "a.jsonl:2"),
    "prodigy": ("a.jsonl:1", "a.jsonl:2"),
    "csv": ("a.jsonl:2", "a.jsonl:6"),
    "tsv": ("a.jsonl:2", "a.jsonl:6"),
    "lines": ("a.jsonl:1", "a.jsonl:6"),
    "dolma": ("labels.jsonl.gz:1", "labels.jsonl.gz:2"),
    "cleaneval": ("bare.txt", "ferry-1.txt"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_place_of_a_document(name: str, tmp_path: Path) -> None:
    detector.labelled.write([FERRY, BARE], tmp_path / "a.jsonl", name)
    found = list(read_located([tmp_path / "a.jsonl"], any_labels=True))
    assert [each.document for each in found] == list(detector.labelled.read(tmp_path / "a.jsonl"))
    assert tuple(Path(each.where).name for each in found) == FORMATS[name]
    assert [each.record is None for each in found] == [name != "jsonl"] * 2


def test_the_record_has_all_fields_and_the_mapped_labels(tmp_path: Path) -> None:
    record = {"id": "x", "url": "u", "paragraphs": [{"text": "Give!", "label": "spam", "more": 1}]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps([record]))
    (found,) = read_located([path], any_labels=True)
    assert found.record == record
    (found,) = read_located([path], mapping={"spam": "donation"})
    assert found.record == record | {
        "paragraphs": [{"text": "Give!", "label": "appeal", "kind": "donation", "more": 1}]
    }


def test_errors(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\nGive!,spam\n")
    with pytest.raises(DataError, match=r'unknown labels: "spam" \(1, first at .*a\.csv:2\)'):
        list(read_located([path]))
    path.write_text("text,label\n")
    with pytest.raises(DataError, match=r"a\.csv: no documents"):
        list(read_located([path], "csv"))
    with pytest.raises(UsageError, match="missing: no such file"):
        list(read_located([tmp_path / "missing"]))
