"""The program that trains the shipped model, from labelled documents to a model, with a teacher and without one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from tiny import ROOT, TINY_CONFIG, TINY_VECTORS

from detector.fit.data import label_names
from detector.fit.fit import with_augmented
from detector.inference.model import Model
from detector.inference.storage import load_model
from detector.util.arrays import Floats
from training import train as training
from training.corrections import read_corrected
from training.soft_labels import soft_labels
from training.teacher.examples import out_of_fold_scores

CONFIG = training.SHIPPED
ONE_NETWORK = replace(TINY_CONFIG, networks=(3,))


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits that take seconds."""
    monkeypatch.setattr(training, "WITHOUT_TEACHER", TINY_CONFIG)
    monkeypatch.setattr(training, "SHIPPED", ONE_NETWORK)
    monkeypatch.setattr(training, "word_vectors", lambda *_: TINY_VECTORS)


def trained(data: Path, folder: Path, teacher: Path | None) -> tuple[Model, Floats]:
    """The model, and the out-of-fold probabilities of the kinds."""
    training.main([data], folder / "model", words=folder, teacher=teacher, held_out=folder / "held.npz")
    return load_model(folder / "model"), out_of_fold_scores(folder / "held.npz")


def soft_file(data: Path, folder: Path, kind: str) -> Path:
    """Soft labels that call every line a kind."""
    documents = list(read_corrected([data]))
    kinds = label_names(documents)[1]
    says = np.zeros((sum(len(d.paragraphs) for d in documents), len(kinds)), dtype=np.float32)
    says[:, kinds.index(kind)] = 1
    file = folder / "soft.npz"
    soft_labels(documents, {(fold,): says for fold in range(TINY_CONFIG.folds)}, TINY_CONFIG.folds).write(file)
    return file


def test_the_shipped_model_has_the_configuration_of_the_program() -> None:
    metadata = load_model().metadata
    assert metadata["config"] == json.loads(json.dumps(asdict(CONFIG)))
    assert metadata["soft_labels"] == hashlib.sha256((ROOT / "training" / "soft_labels.npz").read_bytes()).hexdigest()


def test_a_student_has_a_configuration_of_its_own_and_learns_from_its_teacher(
    tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "taught").mkdir()
    plain, plain_scores = trained(tiny_data, tmp_path / "plain", None)
    student, student_scores = trained(
        tiny_data, tmp_path / "taught", soft_file(tiny_data, tmp_path / "taught", "donation")
    )
    assert len(plain.networks.members) == len(TINY_CONFIG.networks)
    assert len(student.networks.members) == len(ONE_NETWORK.networks)
    paragraphs = [p for d in with_augmented(list(read_corrected([tiny_data])), TINY_CONFIG) for p in d.paragraphs]
    assert plain_scores.shape == student_scores.shape == (len(paragraphs), len(student.kinds))
    donation = student.kinds.index("donation")
    assert student_scores[:, donation].mean() > plain_scores[:, donation].mean()
    assert "soft_labels" not in plain.metadata
    assert (
        student.metadata["soft_labels"] == hashlib.sha256((tmp_path / "taught" / "soft.npz").read_bytes()).hexdigest()
    )
    plain_card, taught_card = (
        (tmp_path / name / "model" / "README.md").read_text("utf-8") for name in ("plain", "taught")
    )
    for words in ("a little too good", "large language models"):
        assert words in taught_card
        assert words not in plain_card
    said = capsys.readouterr().out
    assert said.count("LetterCounts(") == said.count("detector/inference/shipped.py") == 2
