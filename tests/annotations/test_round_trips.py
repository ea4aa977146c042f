"""Every format of labelled documents: what is written is read again."""

from __future__ import annotations

import tempfile
from pathlib import Path

from annotated import BARE, EMPTY, FERRY, held, labelled_documents
from hypothesis import assume, given
from hypothesis import strategies as st

import detector.labelled
from detector.annotations.registry import annotation_format
from detector.evaluation.labelled import LabelledDocument

SPAN_FORMATS = ("jsonl", "doccano", "prodigy", "label-studio", "brat")
JSON_FORMATS = SPAN_FORMATS[:-1]


def round_trip(documents: list[LabelledDocument], name: str, path: Path, any_labels: bool) -> list[LabelledDocument]:
    detector.labelled.write(documents, path, name)
    return list(detector.labelled.read(path, name if not documents else None, any_labels=any_labels))


def test_a_document_in_each_format(tmp_path: Path) -> None:
    documents = [BARE, EMPTY, FERRY]  # in the order of their ids, in which a folder is read
    for name in SPAN_FORMATS:
        expected = [held(document, annotation_format(name).holds) for document in documents]
        assert round_trip(documents, name, tmp_path / name, any_labels=False) == expected


@given(st.sampled_from(JSON_FORMATS), st.data(), st.sampled_from(["", ".gz"]))
def test_any_documents(name: str, data: st.DataObject, extension: str) -> None:
    with_bytes = name in ("jsonl", "prodigy")  # in ASCII, two lone surrogates cannot be told from one character
    documents = data.draw(labelled_documents(any_labels=True, utf8=not with_bytes)) or [BARE]
    with tempfile.TemporaryDirectory() as folder:
        found = round_trip(documents, name, Path(folder) / f"x{extension}", any_labels=True)
    assert found == [held(document, annotation_format(name).holds) for document in documents]


@given(labelled_documents(any_labels=True))
def test_any_documents_in_a_folder_of_brat(documents: list[LabelledDocument]) -> None:
    assume(not any(document.text.startswith("\ufeff") for document in documents))  # taken for a byte-order mark
    documents = documents or [BARE]
    with tempfile.TemporaryDirectory() as folder:
        found = round_trip(documents, "brat", Path(folder) / "brat", any_labels=True)
    expected = [held(document, annotation_format("brat").holds) for document in documents]
    assert sorted(found, key=lambda document: document.id) == sorted(expected, key=lambda document: document.id)
