"""Labelling with the accurate model: it makes the suggestions; the small model decides on the order, and is trained."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from labelling import TEXTS, Opened, opened

from detector.cleaner import Cleaner
from detector.encoder.engine import Engine
from detector.inference.model import Model
from detector.inference.storage import load_model, save
from detector.labelling.suggestions import Suggester


@pytest.fixture
def found(accurate: Cleaner, tmp_path: Path) -> Opened:
    return opened(tmp_path, replace(accurate, effort=1.0), order="teach")


def test_suggestions_are_those_of_the_accurate_model(found: Opened, accurate: Cleaner, tiny_model: Model) -> None:
    labelling = found.labelling
    shown = labelling.session.suggester.suggest("a", TEXTS[0])
    expected = replace(accurate, effort=1.0).predict("\n".join(TEXTS[0])).paragraphs
    assert [each.keep for each in shown] == [paragraph.keep for paragraph in expected]
    assert [each.choice.kind for each in shown] == [paragraph.kind for paragraph in expected]
    model = labelling.state()["model"]
    assert model["name"] == "the accurate model, effort 1"
    digests = {Suggester(cleaner).digest for cleaner in (accurate, replace(accurate, effort=1.0), Cleaner(tiny_model))}
    assert len(digests) == 3
    assert model["sha256"] in digests
    labelling.close()


def test_documents_are_ordered_without_reading_all_of_them_with_the_encoder(
    accurate: Cleaner, tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = next(Suggester(Cleaner(tiny_model)).measure(TEXTS))
    monkeypatch.setattr(Engine, "__call__", None)
    measured = next(Suggester(replace(accurate, effort=1.0)).measure(TEXTS))
    assert np.array_equal(measured.doubt, small.doubt)
    assert np.array_equal(measured.disagreement, small.disagreement)


def test_a_model_that_was_trained_has_no_encoder(found: Opened, tiny_model: Model, tmp_path: Path) -> None:
    another = tmp_path / "another"
    save(replace(tiny_model, calibration=2 * tiny_model.calibration), another, tiny_model.metadata)
    trained = load_model(another)
    labelling, retraining = found.labelling, found.labelling.retraining
    shutil.copytree(another, retraining.new)
    retraining._note("ready", {
        "message": "It is better.", "before": {}, "after": {}, "better": True, "digest": trained.metadata["sha256"],
    })  # fmt: skip
    assert retraining._base is None  # the default model
    retraining.accept()
    assert labelling.session.suggester.cleaner == Cleaner(trained)
    assert labelling.state()["model"] == {
        "name": "the model that comes with the package, trained on these labels", "sha256": trained.metadata["sha256"],
    }  # fmt: skip
    retraining.reject()
    assert labelling.session.suggester.cleaner.encoder is not None
    labelling.close()
