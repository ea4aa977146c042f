"""The command ``adapt``: what it prints, writes and refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command import Command
from model_files import change_metadata

import detector.labelled
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.general import general_texts
from detector.inference.storage import load_model, shipped_model

PLACES = ("Harrow Bay", "Tolmin", "Askrigg", "Ludden", "Vorne", "Selby Head", "Orrin", "Cape Mull")
LINES = (
    ("Ferry returns to {} after the winter", "reporting", "heading"),
    ("The ferry to {} sails again from Monday, the harbour office said.", "reporting", None),
    ("LANTERN CIRCLE >> {} edition >> join the lantern keepers", "appeal", "subscription"),
    ("Repairs to the pier at {} took nine weeks and cost 40,000 crowns.", "reporting", "body"),
    ("Tide tables of {}", None, None),
    ("LANTERN CIRCLE >> keepers of {} light one more lamp", "appeal", "donation"),
)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """The labels of a publisher, as 'detector label' writes them."""
    documents = [
        LabelledDocument(place, "lantern.example", None, None, None, tuple(
            LabelledParagraph(text.format(place), label, kind, label and "kerstin") for text, label, kind in LINES
        ))
        for place in PLACES
    ]  # fmt: skip
    path = tmp_path / "labels.jsonl"
    detector.labelled.write(documents, path)
    return path


@pytest.fixture(autouse=True)
def few_general_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of the general texts are enough for a tiny model."""
    few = general_texts()[:30]
    monkeypatch.setattr("detector.fit.general.general_texts", lambda: few)


def test_a_better_model_is_written_and_described(
    command: Command, labels: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    called = command("adapt", tiny_model_dir, labels, "-o", "mine", model=False)
    out = called.out.decode()
    assert (called.code, "The new model is better on held-out paragraphs." in out) == (0, True)
    assert "It is in mine." in out
    assert "The default threshold rises from " in out
    assert "40 labelled paragraphs in 8 documents; held-out figures by whole documents" in called.err
    assert "no paragraph is labelled navigation" in out
    (entry,) = load_model(tmp_path / "mine").metadata["adapted"]
    assert entry["paragraphs"] == {"reporting": 24, "appeal": 16, "navigation": 0}
    info = command("info", "mine", model=False)
    assert (info.code, b"adapted: " in info.out) == (0, True)
    assert "## Adapted" in (tmp_path / "mine" / "README.md").read_text("utf-8")
    (tmp_path / "ferry.txt").write_text("\n".join(text.format("Vessby") for text, _, _ in LINES), encoding="utf-8")
    assert command("clean", "ferry.txt", "--model", "mine", model=False).code == 0


def test_figures_on_labels_that_the_model_has_learnt_from_are_not_called_held_out(
    command: Command, labels: Path, tiny_model_dir: Path
) -> None:
    assert command("adapt", tiny_model_dir, labels, "-o", "mine", model=False).code == 0
    called = command("adapt", "mine", labels, "-o", "again", "--force", model=False)
    out = called.out.decode()
    assert (called.code, "40 labelled paragraphs in 8 documents; cross-validation by" in called.err) == (0, True)
    assert "better on labelled paragraphs" in out
    assert "held-out paragraphs" not in out
    assert "the model has learnt from 8 of the 8 documents in an earlier adaptation" in out
    values = json.loads(command("adapt", "mine", labels, "-o", "again", "--force", "--json", model=False).out)
    assert values["learnt"] == 8


def test_a_model_that_is_no_better_is_written_by_force_alone(
    command: Command, labels: Path, tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.fit.adapt.is_better", lambda *_: False)
    called = command("adapt", tiny_model_dir, labels, "-o", "mine", model=False)
    assert called.code == 1
    assert "The new model is not better on held-out paragraphs, or not beyond chance." in called.out.decode()
    assert "It is not written: label more paragraphs, or take it all the same with --force." in called.out.decode()
    assert not (tmp_path / "mine").exists()
    forced = command("adapt", tiny_model_dir, labels, "-o", "mine", "--force", "--json", model=False)
    found = json.loads(forced.out)
    assert (forced.code, found["better"], found["written"]) == (0, False, "mine")
    assert found["thresholds"]["after"] == load_model(tmp_path / "mine").thresholds
    assert set(found["fell"]) <= set(found["before"])
    assert load_model(tmp_path / "mine").metadata["adapted"]


def test_labels_of_other_names_are_mapped(command: Command, labels: Path, tiny_model_dir: Path) -> None:
    labels.write_text(labels.read_text("utf-8").replace('"appeal"', '"spam"'), encoding="utf-8")
    called = command("adapt", tiny_model_dir, labels, "-o", "mine", model=False)
    assert called.code == 1
    assert "has the labels reporting, appeal, navigation, and not spam (16): map these names" in called.err
    assert command("adapt", tiny_model_dir, labels, "-o", "mine", "--map", "spam=appeal", model=False).code == 0


def test_a_folder_of_other_files_is_refused_before_anything_is_learnt(
    command: Command, labels: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("Notes.", encoding="utf-8")
    called = command("adapt", tiny_model_dir, labels, "-o", tmp_path, model=False)
    assert (called.code, called.out) == (2, b"")
    assert "is no model; choose another folder" in called.err


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.jsonl/model"])
def test_an_output_that_can_be_no_folder_is_refused_before_anything_is_learnt(
    name: str, command: Command, labels: Path, tiny_model_dir: Path
) -> None:
    called = command("adapt", tiny_model_dir, labels, "-o", name, model=False)
    assert (called.code in (1, 2), called.out, called.err.count("\n")) == (True, b"", 1)
    assert "choose another folder" in called.err


def test_a_model_with_metadata_of_another_form_is_adapted(command: Command, labels: Path, model_copy: Path) -> None:
    change_metadata(model_copy, versions=[1], figures=[1], adapted=[{}])
    called = command("adapt", model_copy, labels, "-o", "mine", "--force", model=False)
    assert (called.code, load_model("mine").metadata["versions"]) == (0, [1])
    assert "## Adapted" in Path("mine/README.md").read_text("utf-8")


def test_default_is_the_shipped_model_unless_a_folder_has_that_name(
    command: Command, labels: Path, tiny_model_dir: Path, tmp_path: Path
) -> None:
    if not (shipped_model() / "model.joblib").is_file():
        pytest.skip("models/default holds no model: train it first (training/train.py)")
    assert command("adapt", "default", labels, "-o", "mine", "--force", model=False).code == 0
    assert load_model(tmp_path / "mine").metadata["adapted"][0]["from"] == load_model().metadata["sha256"]
    shutil.copytree(tiny_model_dir, tmp_path / "default")
    assert command("adapt", "default", labels, "-o", "mine", "--force", model=False).code == 0
    source = load_model(tiny_model_dir).metadata["sha256"]
    assert [each["from"] for each in load_model(tmp_path / "mine").metadata["adapted"]] == [source]


@pytest.mark.parametrize("twice", [False, True])
def test_a_forgotten_model_is_told(twice: bool, command: Command, labels: Path) -> None:
    called = command("adapt", labels, *([labels] if twice else []), "-o", "new", model=False)
    assert called.code == 2
    assert "MODEL comes first" in called.err
    assert not Path("new").exists()
