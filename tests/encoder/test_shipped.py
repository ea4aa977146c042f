"""The accurate model of the package: its files are those that its digests name, and it decides."""

from __future__ import annotations

import json

import golden
import golden_accurate
import numpy as np
import pytest

import detector
from detector.encoder import shipped, storage
from detector.encoder.shipped import SHA256, load_shipped, shipped_folder
from detector.encoder.storage import FILES, load
from detector.errors import ModelError
from detector.inference.storage import load_model

MOST_BYTES = 40_000_000
TEXTS = [
    "The council voted on Tuesday to open the bridge, the mayor said.\nSupport our newsroom today!\nRead more",
    "Ferry tickets will cost more from May.\n\nSubscribe to our newsletter",
]


@pytest.fixture
def has_one() -> None:
    if shipped_folder() is None:
        pytest.skip("models/accurate is not there: make it first (training/teacher)")


def test_without_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "shipped_folder", lambda: None)
    with pytest.raises(ModelError, match="this installation has no accurate model; install a wheel"):
        load_shipped.__wrapped__()


@pytest.mark.usefixtures("has_one")
def test_the_files_are_those_that_are_named() -> None:
    folder = shipped_folder()
    assert folder is not None
    stored = load(folder)  # tries the tokenizer and the graph, too
    assert stored.metadata["sha256"] == {name: SHA256[name] for name in FILES}
    assert stored.encoder == load_shipped().encoder
    storage._check_metadata(stored.metadata)
    assert sum((folder / name).stat().st_size for name in FILES) <= MOST_BYTES


@pytest.mark.usefixtures("has_one")
def test_it_belongs_to_the_default_model() -> None:
    stored, small = load_shipped(), load_model()
    assert stored.encoder.kind_labels == small.kind_labels
    assert set(stored.model(small).thresholds) == set(small.thresholds)
    assert 0 < stored.effort < 1


@pytest.mark.usefixtures("has_one")
def test_it_decides() -> None:
    whole, small = detector.load("accurate", effort=1), detector.load()
    for text in TEXTS:
        prediction = whole.predict(text)
        assert (prediction.kind_scores != small.predict(text).kind_scores).any(axis=1).all()
        np.testing.assert_allclose(prediction.label_scores.sum(axis=1), 1, atol=1e-5)
        none = detector.load("accurate", effort=0).predict(text)
        assert none.kind_scores.tolist() == small.predict(text).kind_scores.tolist()


@pytest.mark.usefixtures("has_one")
def test_the_golden_decisions() -> None:
    """Processors and versions of ONNX Runtime round products differently; decisions that are not close stay."""
    expected = json.loads(golden_accurate.GOLDEN.read_text("utf-8"))
    assert list(expected) == list(golden.documents())
    found = golden_accurate.decisions(expected)
    assert [name for name, of in expected.items() if golden_accurate.differ(found[name], of)] == []
    assert "".join(expected.values()).count(golden_accurate.OPEN) <= 0.02 * sum(map(len, expected.values()))
    small = detector.load()
    changed = [
        name for name, text in golden.documents().items()
        if golden_accurate.differ(golden_accurate.digits(small.predict(text).keep), expected[name])
    ]  # fmt: skip
    assert changed
