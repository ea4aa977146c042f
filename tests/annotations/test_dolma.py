"""The documents and attributes of the Dolma toolkit."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from annotated import BARE, EMPTY, FERRY, held, labelled_documents
from hypothesis import given

import detector.labelled
from detector.annotations.dolma import DOLMA
from detector.annotations.registry import recognised
from detector.annotations.source import Source
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

TEXT = "Die Fähre 🚢 fuhr.\nGib jetzt 😀 für uns!\nEnde."
DOCUMENT = {"id": "a1", "source": "paper.example", "text": TEXT}
# Of `DOCUMENT`, after all its paragraphs were seen before, as dolma 1.2.1 writes it (findings/dolma-last-span.sh)
DEDUPLICATED = {"attributes": {"dup": [[0, 18, 1], [18, 39, 1], [39, 45, 1]]}, "id": "a1"}


def data_set(folder: Path, documents: list[Any], attributes: dict[str, list[Any]], name: str = "a.jsonl.gz") -> Path:
    for inside, records in (
        ("documents", documents),
        *((f"attributes/{name}", each) for name, each in attributes.items()),
    ):
        path = folder / inside / "2031" / name
        path.parent.mkdir(parents=True)
        data = "".join(json.dumps(record) + "\n" for record in records).encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def spans(**attributes: Any) -> dict[str, Any]:
    return {"id": "a1", "attributes": attributes}


def read(folder: Path, **settings: Any) -> list[LabelledDocument]:
    return list(detector.labelled.read(folder, **settings))


def test_documents(tmp_path: Path) -> None:
    documents = [FERRY, BARE, EMPTY]
    detector.labelled.write(documents, tmp_path / "set", "dolma")
    assert recognised(Source(tmp_path / "set")) is DOLMA
    assert read(tmp_path / "set") == [held(each, DOLMA.holds) for each in documents]


@given(labelled_documents(any_labels=True, utf8=False))
def test_any_documents(documents: list[LabelledDocument]) -> None:
    documents = documents or [BARE]
    with tempfile.TemporaryDirectory() as folder:
        detector.labelled.write(documents, Path(folder) / "set", "dolma")
        found = read(Path(folder) / "set", any_labels=True)
    assert found == [held(each, DOLMA.holds) for each in documents]


def test_what_the_tool_reads(tmp_path: Path) -> None:
    """As the mixer of dolma 1.2.1 takes it: it replaced ``text[18:38]`` of such a file by ``span_replacement``."""
    paragraphs = [
        LabelledParagraph(text, *label)
        for text, label in zip(TEXT.split("\n"), [("reporting", "body"), ("appeal", "donation"), (None,)], strict=True)
    ]
    detector.labelled.write(
        [LabelledDocument("a1", "paper.example", None, "de", None, tuple(paragraphs))], tmp_path / "x", "dolma"
    )
    (documents,) = gzip.decompress((tmp_path / "x/documents/labels.jsonl.gz").read_bytes()).splitlines()
    (attributes,) = gzip.decompress((tmp_path / "x/attributes/labels/labels.jsonl.gz").read_bytes()).splitlines()
    assert json.loads(documents) == {**DOCUMENT, "metadata": {"lang": "de"}}
    assert json.loads(attributes) == {
        "id": "a1",
        "source": "paper.example",
        "attributes": {
            "labels__labels__reporting/body": [[0, 17, 1.0]],
            "labels__labels__appeal/donation": [[18, 38, 1.0]],
        },
    }


@pytest.mark.parametrize("name", ["a.jsonl.gz", "b.json.gz", "c.jsonl"])
def test_what_the_tool_writes(name: str, tmp_path: Path) -> None:
    data_set(tmp_path / "x", [DOCUMENT], {"dups": [DEDUPLICATED]}, name)
    (found,) = read(tmp_path / "x", mapping={"dup": "navigation"})
    assert (found.id, found.site) == ("a1", "paper.example")
    assert [each.text for each in found.paragraphs] == TEXT.split("\n")
    assert [each.label for each in found.paragraphs] == ["navigation"] * 3


def test_attributes_of_several_taggers(tmp_path: Path) -> None:
    first = spans(exp__tagger__reporting=[[0, 17, 0.9], [18, 38, 0.55]], exp__tagger__length=[[0, 44, 44]])
    second = spans(exp__other__appeal=[[18, 38, 0.6], [39, 44, 0.4]])
    counts = detector.labelled.Counts()
    data_set(tmp_path / "x", [DOCUMENT], {"one": [first], "two": [second]})
    (found,) = read(tmp_path / "x", mapping={"exp__tagger__length": ""}, counts=counts)
    assert [each.label for each in found.paragraphs] == ["reporting", "appeal", None]
    assert counts.left_out == {"spans with a score below 0.5": 1}


BAD = {
    r'unknown labels: "length" \(1, first at .*a\.jsonl\.gz:1: "exp__tagger__length"': [
        spans(exp__tagger__length=[[0, 9, 1]])
    ],
    r'one/2031/a\.jsonl\.gz:1: "id" is \'b\', but the document at .*documents/2031/a\.jsonl\.gz:1 is \'a1\'': [
        {"id": "b", "attributes": {}}
    ],
    r"attributes/one/2031/a\.jsonl\.gz: ends before the document at .*documents/2031/a\.jsonl\.gz:1": [],
    r"has fewer documents than its attributes": [spans(), spans()],
    r'a\.jsonl\.gz:1: "attributes" must be a JSON object, not None': [{"id": "a1"}],
    r'a\.jsonl\.gz:1: "body" is 5, not a list of spans': [spans(body=5)],
    r'a\.jsonl\.gz:1: "body" has \[1\], which is no span \[start, end, score\]': [spans(body=[[1]])],
    r'a\.jsonl\.gz:1: "body" has \[0, 2\.5, 1\], which is no span': [spans(body=[[0, 2.5, 1]])],
    r'a\.jsonl\.gz:1: "body": the span 9 to 46 is outside of the text': [spans(body=[[9, 46, 1]])],
    r'a\.jsonl\.gz:1: "body": the span 9 to 9 is empty': [spans(body=[[9, 9, 1]])],
}  # fmt: skip


@pytest.mark.parametrize("words", BAD)
def test_bad_attributes(words: str, tmp_path: Path) -> None:
    data_set(tmp_path / "x", [DOCUMENT], {"one": BAD[words]})
    with pytest.raises(DataError, match=words):
        read(tmp_path / "x")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"id": "a1"}, r'documents/2031/a\.jsonl\.gz:1: "text" is missing'),
        ([1], r"documents/2031/a\.jsonl\.gz:1: a document must be a JSON object, not 1"),
    ],
)
def test_bad_documents(document: Any, words: str, tmp_path: Path) -> None:
    data_set(tmp_path / "x", [document], {"one": [spans()]})
    with pytest.raises(DataError, match=words):
        read(tmp_path / "x")


def test_a_bad_document_is_kept_aside(tmp_path: Path) -> None:
    rejected: list[detector.labelled.Rejected] = []
    data_set(tmp_path / "x", [{"id": "a1"}, DOCUMENT], {"one": [spans(), spans(body=[[0, 17, 1]])]})
    (found,) = read(tmp_path / "x", rejected=rejected.append)
    assert found.paragraphs[0].kind == "body"
    assert [each.raw for each in rejected] == [{"id": "a1"}]


def test_a_file_without_attributes(tmp_path: Path) -> None:
    data_set(tmp_path / "x", [DOCUMENT], {})
    (tmp_path / "x/attributes/one").mkdir(parents=True)
    with pytest.raises(
        DataError, match=r"a\.jsonl\.gz: no attributes; they are expected in .*x/attributes/NAME/2031/a"
    ):
        read(tmp_path / "x")


def test_a_label_that_an_attribute_cannot_name(tmp_path: Path) -> None:
    document = LabelledDocument("x", "x", None, None, None, (LabelledParagraph("a", "my__label"),))
    with pytest.raises(DataError, match='document "x": the label "my__label" contains "__"'):
        detector.labelled.write([document], tmp_path / "x", "dolma")
    assert list(tmp_path.iterdir()) == []
