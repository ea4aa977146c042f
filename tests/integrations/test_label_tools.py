"""Labelled documents and the tools that they come from: what these write is read, and what is written they read."""

from __future__ import annotations

import json
import os
import subprocess
import zlib
from pathlib import Path

import pytest
from annotated import BARE, EMPTY, FERRY, held, labelled_documents
from hypothesis import given, settings

import detector.labelled
from detector.annotations.registry import annotation_format
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

WHY = ".ci/integrations runs this"
DOCUMENTS = [FERRY, BARE]
CONFIG = """<View>
  <Labels name="label" toName="text">
    <Label value="reporting"/><Label value="reporting/body"/><Label value="appeal/donation"/><Label value="navigation"/>
  </Labels>
  <Text name="text" value="$text"/>
</View>"""


def kept(name: str, documents: list[LabelledDocument]) -> list[LabelledDocument]:
    return [held(document, annotation_format(name).holds) for document in documents]


@given(labelled_documents(any_labels=True))
@settings(max_examples=30)
def test_docbin_round_trip(tmp_path_factory: pytest.TempPathFactory, documents: list[LabelledDocument]) -> None:
    pytest.importorskip("spacy", reason=WHY)
    path = tmp_path_factory.mktemp("docbin") / "x.spacy"
    detector.labelled.write([*documents, EMPTY], path)
    assert list(detector.labelled.read(path, any_labels=True)) == [*documents, EMPTY]


def test_docbin_of_spacy_itself(tmp_path: Path) -> None:
    """Spans of any group, entities where there is none, and the group that the component sets."""
    spacy = pytest.importorskip("spacy", reason=WHY)
    nlp = spacy.blank("en")
    text = "Snow fell on Sunday.\n\nSubscribe to our newsletter!\n"
    spans, ents, component, plain = (nlp(text) for _ in range(4))
    spans.spans["sc"] = [spans.char_span(0, 20, label="REPORTING"), spans.char_span(22, 49, label="newsletter")]
    ents.ents = [ents.char_span(22, 50, label="spam")]
    group = [component.char_span(22, 50, label="appeal")]
    component.spans["boilerplate"] = spacy.tokens.SpanGroup(component, spans=group, attrs={"kinds": ["newsletter"]})
    component.spans["other"] = [component[:2]]
    path = tmp_path / "x.spacy"
    spacy.tokens.DocBin(docs=[spans, ents, component, plain], store_user_data=True).to_disk(path)
    counts = detector.labelled.Counts()
    found = list(detector.labelled.read(path, mapping={"spam": "appeal/social"}, unlabelled="reporting", counts=counts))
    assert [document.id for document in found] == ["x-1", "x-2", "x-3", "x-4"]
    assert [[(each.label, each.kind) for each in document.paragraphs] for document in found] == [
        [("reporting", None), ("appeal", "newsletter")],
        [("reporting", None), ("appeal", "social")],
        [("reporting", None), ("appeal", "newsletter")],
        [("reporting", None), ("reporting", None)],
    ]
    assert (counts.spans, counts.exact, counts.divided) == (4, 3, 1)  # one span ends before the exclamation mark


def test_docbin_is_read_by_spacy(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy", reason=WHY)
    path = tmp_path / "x.spacy"
    detector.labelled.write([FERRY], path)
    (doc,) = spacy.tokens.DocBin().from_disk(path).get_docs(spacy.blank("de").vocab)
    assert doc.text == FERRY.text
    group = doc.spans["boilerplate"]
    assert [(span.text.strip(), span.label_) for span in group] == [
        (each.text.strip(), each.label) for each in FERRY.paragraphs if each.label
    ]
    assert group.attrs["kinds"] == ["body", "donation", None]


def test_several_span_groups_are_an_error(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy", reason=WHY)
    doc = spacy.blank("en")("Snow fell.")
    doc.spans["a"], doc.spans["b"] = [doc[:1]], [doc[1:]]
    path = tmp_path / "x.spacy"
    spacy.tokens.DocBin(docs=[doc]).to_disk(path)
    with pytest.raises(detector.labelled.DataError, match=r"x\.spacy: document 1: several span groups: a, b"):
        list(detector.labelled.read(path))


def test_damaged_docbin(tmp_path: Path) -> None:
    pytest.importorskip("spacy", reason=WHY)
    path = tmp_path / "x.spacy"
    detector.labelled.write([FERRY], path)
    given = path.read_bytes()
    content = zlib.decompress(given)
    for damaged in (given[:-9], *map(zlib.compress, (content[:-9], b"\x90", b"\x81\x90\x00"))):
        path.write_bytes(damaged)
        with pytest.raises(detector.labelled.DataError, match=r"x\.spacy: no DocBin that this spaCy can read"):
            list(detector.labelled.read(path, "spacy"))
    path.write_bytes(zlib.compress(content.replace(b"navigation", b"navigatiom")))  # labels are kept as hashes
    with pytest.raises(detector.labelled.DataError, match=r"x\.spacy: document 1: its spans are damaged"):
        list(detector.labelled.read(path))


def test_label_studio_validates_and_converts_what_is_written(tmp_path: Path) -> None:
    """Its SDK finds no mistake in the tasks, and its converter, which a server runs, reads them."""
    pytest.importorskip("label_studio_sdk", reason=WHY)
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.label_interface import LabelInterface

    path = tmp_path / "tasks.json"
    detector.labelled.write(DOCUMENTS, path, "label-studio")
    tasks = json.loads(path.read_text(encoding="utf-8"))
    interface = LabelInterface(CONFIG)
    for task in tasks:
        assert interface.validate_annotation(task["annotations"][0])
    Converter(CONFIG, str(tmp_path)).convert(str(path), str(tmp_path / "json"), "JSON", is_dir=False)
    assert list(detector.labelled.read(tmp_path / "json" / "result.json")) == kept("label-studio", DOCUMENTS)
    Converter(CONFIG, str(tmp_path)).convert(str(path), str(tmp_path / "min"), "JSON_MIN", is_dir=False)
    assert list(detector.labelled.read(tmp_path / "min" / "result.json")) == kept("label-studio", DOCUMENTS)


def test_predictions_of_the_sdk_are_read_as_annotations(tmp_path: Path) -> None:
    """Regions that the SDK makes itself."""
    pytest.importorskip("label_studio_sdk", reason=WHY)
    from label_studio_sdk.label_interface import LabelInterface

    text = BARE.text + "\nGive now! 😀"
    control = LabelInterface(CONFIG).get_control("label")
    regions = [control.label(["reporting"], start=0, end=9), control.label(["appeal/donation"], start=10, end=21)]
    result = [json.loads(json.dumps(region._dict())) for region in regions]
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": 7, "data": {"text": text}, "annotations": [{"result": result}]}]))
    (document,) = detector.labelled.read(path)
    assert document.paragraphs == (
        LabelledParagraph("One line.", "reporting"), LabelledParagraph("Give now! 😀", "appeal", "donation"),
    )  # fmt: skip
    assert document.id == "7"


def test_doccano_imports_and_exports(tmp_path: Path) -> None:
    """With doccano's own code, in its own environment, which DOCCANO_PYTHON names: it pins older libraries."""
    python = os.environ.get("DOCCANO_PYTHON")
    if not python:
        pytest.skip("DOCCANO_PYTHON names no Python with doccano")
    script = Path(__file__).with_name("doccano_project.py")
    detector.labelled.write(DOCUMENTS, tmp_path / "in.jsonl", "doccano")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    called = subprocess.run(
        [python, script, tmp_path / "doccano", tmp_path / "in.jsonl", tmp_path / "out.jsonl"],
        check=False, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert called.returncode == 0, called.stderr
    assert list(detector.labelled.read(tmp_path / "out.jsonl")) == kept("doccano", DOCUMENTS)
