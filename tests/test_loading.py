"""Loading a cleaner by the name of the accurate model, in the library and in the adapters that take a model."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accurate import EFFORT, THRESHOLDS, shipping
from sklearn.base import clone

import detector
from detector import loading
from detector.cleaner import Cleaner
from detector.encoder import shipped
from detector.encoder.model import Encoder
from detector.errors import ModelError, UsageError
from detector.inference.model import Model
from detector.sklearn import BoilerplateRemover


def test_it_is_the_small_model_with_an_encoder(accurate: Cleaner, tiny_model: Model, encoder: Encoder) -> None:
    assert accurate == Cleaner(replace(tiny_model, thresholds=THRESHOLDS), encoder=encoder, effort=EFFORT)
    assert detector.load("accurate", effort=0.1, threshold="strict") == replace(
        accurate, effort=0.1, threshold="strict"
    )
    assert detector.load().model == tiny_model


def test_without_effort_it_decides_as_the_small_model(
    accurate: Cleaner, tiny_model: Model, seed_texts: list[str]
) -> None:
    none = detector.load("accurate", effort=0, threshold=0.4)
    small = Cleaner(tiny_model, threshold=0.4)
    assert [each.text for each in none.clean_many(seed_texts)] == [each.text for each in small.clean_many(seed_texts)]


@pytest.mark.parametrize("model", [None, "tiny", Path("accurate"), "./accurate"])
def test_an_effort_is_for_the_accurate_model_only(
    model: str | Path | None, accurate: Cleaner, tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("tiny", "accurate"):
        shutil.copytree(tiny_model_dir, name)
    assert detector.load(model).encoder is None
    with pytest.raises(UsageError, match=r"effort 0\.5 is for the accurate model"):
        detector.load(model, effort=0.5)


@pytest.mark.parametrize("effort", [-0.1, 1.1, float("nan"), "0.5", True])
def test_an_effort_that_is_refused(effort: Any, accurate: Cleaner) -> None:
    with pytest.raises(UsageError, match="give a number from 0"):
        detector.load("accurate", effort=effort)


def test_where_it_is_missing_or_of_another_model(accurate_dir: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    with shipping(None, tiny_model_dir), pytest.raises(ModelError, match="has no accurate model"):
        detector.load("accurate")
    other = Path(shutil.copytree(tiny_model_dir, tmp_path / "other"))
    metadata = (other / "metadata.json").read_text()
    (other / "metadata.json").write_text(metadata.replace('"sha256": "', '"sha256": "0'))
    with shipping(accurate_dir, other), pytest.raises(ModelError, match="belongs to the small model"):
        detector.load("accurate")


@pytest.mark.parametrize("name", ["encoder.onnx", "document.onnx", "tokenizer.json", "encoder.joblib", "metadata.json"])
def test_a_damaged_file_is_refused(name: str, accurate_dir: Path, tiny_model_dir: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(accurate_dir, tmp_path / "accurate"))
    with shipping(copy, tiny_model_dir):
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(content + b"\n")
        with pytest.raises(ModelError, match=f"{name}: damaged or changed"):
            detector.load("accurate")


@pytest.mark.parametrize("name", shipped.SHA256)
def test_the_digests_are_those_of_the_files_that_are_shipped(name: str) -> None:
    folder = shipped.shipped_folder()
    if folder is None:
        pytest.skip("models/accurate is missing: make it first (training/teacher/ship.py)")
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert shipped.SHA256[name] == digest, f"detector/encoder/shipped.py: set the digest of {name} to {digest}"


@pytest.mark.parametrize("settings", [{}, {"effort": 0.0}, {"effort": 1.0, "threshold": "strict"}])
def test_the_transformer_of_scikit_learn(settings: dict[str, Any], accurate: Cleaner, seed_texts: list[str]) -> None:
    remover = clone(BoilerplateRemover("accurate", **settings))
    expected = [each.text for each in replace(accurate, **settings).clean_many(seed_texts[:12])]
    assert remover.transform(seed_texts[:12]).tolist() == expected
    assert pickle.loads(pickle.dumps(remover)).transform(np.array(seed_texts[:12])).tolist() == expected


@pytest.mark.parametrize("given", [lambda model: model, lambda model: None])
def test_the_transformer_with_another_model_has_no_effort(
    given: Callable[[Model], Model | None], accurate: Cleaner, tiny_model: Model
) -> None:
    assert BoilerplateRemover(given(tiny_model)).transform(["Rain fell.\n"]).tolist() == ["Rain fell.\n"]
    with pytest.raises(UsageError, match=r"effort 0\.5 is for the accurate model"):
        BoilerplateRemover(given(tiny_model), effort=0.5).fit([])


@pytest.mark.parametrize("settings", [{}, {"effort": 0.0}, {"effort": 1.0, "threshold": "strict"}])
def test_settings_of_workers(settings: dict[str, Any], accurate: Cleaner, seed_texts: list[str]) -> None:
    pa = pytest.importorskip("pyarrow", reason="not in this environment; make test runs this")
    from detector.arrow import Settings

    given: Settings = pickle.loads(pickle.dumps(Settings("accurate", **settings)))
    assert hash(given) == hash(Settings("accurate", **settings))
    assert given.cleaner == replace(accurate, **settings)
    expected = [each.text for each in replace(accurate, **settings).clean_many(seed_texts[:12])]
    assert given.clean(pa.table({"text": seed_texts[:12]})).column("text").to_pylist() == expected
    with pytest.raises(UsageError, match=r"effort 0\.5 is for the accurate model"):
        _ = Settings(effort=0.5).cleaner


def test_settings_with_a_folder_of_the_name(
    accurate: Cleaner, tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow", reason="not in this environment; make test runs this")
    from detector.arrow import Settings

    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_model_dir, "accurate")
    assert Settings(Path("accurate")).cleaner.encoder is None
    assert Settings("accurate").cleaner.encoder == accurate.encoder


def test_cleaning_without_a_cleaner_loads_the_model_once(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[object] = []

    def load_named(model: object, effort: object) -> loading.Loaded:
        loaded.append((model, effort))
        return loading.Loaded(tiny_model)

    monkeypatch.setattr(loading, "load_named", load_named)
    loading.default_cleaner.cache_clear()
    try:
        for text in ("Give now!", "Give now!"):
            assert detector.clean(text) == Cleaner(tiny_model).clean(text)
    finally:
        loading.default_cleaner.cache_clear()
    assert loaded == [(None, None)]
