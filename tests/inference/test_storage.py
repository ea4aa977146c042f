"""A model is loaded as it was saved, and any other content of its files raises a `ModelError`."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import tree
from model_files import change_metadata, message
from numpy.typing import NDArray
from scoring import scores_of

from detector.errors import ModelError, UsageError
from detector.features.version import FEATURE_VERSION
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.fit.card import card
from detector.inference import storage
from detector.inference.files import check_folder
from detector.inference.model import Model
from detector.inference.network import Ensemble
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, load_model, read_metadata, save

FORMAT = 4


# Saving and loading


def arrays_of(networks: Ensemble) -> list[NDArray[np.float32]]:
    layers = [layer for member in networks.members for layer in member.layers]
    return [networks.mean, networks.factor, *(array for layer in layers for array in (layer.weights, layer.bias))]


def test_a_loaded_model_equals_the_saved_one(tiny_model: Model, seed_texts: list[str], tmp_path: Path) -> None:
    save(tiny_model, tmp_path / "new" / "model", {"made": "here", "note": "größer"})
    loaded = load_model(tmp_path / "new" / "model")
    for name in ("labels", "kinds", "kind_labels", "thresholds"):
        assert getattr(loaded, name) == getattr(tiny_model, name)
    assert (loaded.metadata["made"], loaded.metadata["note"]) == ("here", "größer")
    for name in ("vectors", "buckets", "fingerprints"):
        before, after = getattr(tiny_model.vectors, name), getattr(loaded.vectors, name)
        assert (before.dtype, before.tolist()) == (after.dtype, after.tolist())
    for before, after in zip(arrays_of(tiny_model.networks), arrays_of(loaded.networks), strict=True):
        assert (before.dtype, before.tolist()) == (after.dtype, after.tolist())
    by_name = load_model(str(tmp_path / "new" / "model"))
    before, after = scores_of(tiny_model, seed_texts), scores_of(by_name, seed_texts)
    assert np.array_equal(before.labels, after.labels)
    assert np.array_equal(before.kinds, after.kinds)


def test_a_model_without_vectors_and_networks_is_loaded(
    tiny_model: Model, seed_texts: list[str], tmp_path: Path
) -> None:
    plain = replace(tiny_model, vectors=WordVectors.none(), networks=Ensemble.none())
    save(plain, tmp_path, {})
    loaded = load_model(tmp_path)
    assert (loaded.vectors.vectors.shape, loaded.networks.members) == ((0, DIMENSIONS), ())
    assert np.array_equal(scores_of(loaded, seed_texts).labels, scores_of(plain, seed_texts).labels)


def test_the_same_model_is_saved_as_the_same_bytes(tiny_model: Model, tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(tiny_model, tmp_path / name, tiny_model.metadata)
    for file in (ARRAYS_FILE, METADATA_FILE):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_saving_a_changed_model_with_its_old_metadata(tiny_model: Model, tmp_path: Path) -> None:
    networks = replace(tiny_model.networks, members=tiny_model.networks.members[:1])
    changed = replace(tiny_model, networks=networks, thresholds={"balanced": 0.25})
    save(changed, tmp_path, changed.metadata)
    loaded = load_model(tmp_path)
    assert (len(loaded.networks.members), loaded.thresholds) == (1, {"balanced": 0.25})


def test_metadata_describes_the_model(tiny_model_dir: Path) -> None:
    metadata = read_metadata(tiny_model_dir)
    assert metadata["format"] == FORMAT
    assert metadata["features"] == FEATURE_VERSION
    assert metadata["sha256"] == hashlib.sha256((tiny_model_dir / ARRAYS_FILE).read_bytes()).hexdigest()
    assert metadata["labels"] == ["reporting", "appeal", "navigation"]
    assert set(metadata["thresholds"]) == {"gentle", "balanced", "strict"}
    assert {"python", "numpy", "scikit-learn", "detector"} <= set(metadata["versions"])
    assert metadata["data"]["documents"] == 54
    assert len(metadata["data"]["sha256"]) == 64
    assert metadata["config"]["seed"] == 0
    assert metadata["figures"]["held-out"]


def test_the_card_is_written(tiny_model_dir: Path) -> None:
    card = (tiny_model_dir / "README.md").read_text("utf-8")
    assert card.startswith("# Model card")
    assert "54 documents" in card


@pytest.mark.parametrize(
    ("origins", "said"),
    [
        (("page",), None),
        (("page", "readability", "extracted"), "is over the other rows except `page`."),
        (
            ("page", "clean", "readability", "seed", "extracted"),
            "is over the other rows except `page`, including `clean` and `seed`.",
        ),
    ],
)
def test_the_card_says_what_the_row_of_extracted_texts_holds(
    origins: tuple[str, ...], said: str | None, tiny_model: Model
) -> None:
    figures = {"held-out": {origin: {"lost": 0.0} for origin in origins}}
    written = card(replace(tiny_model, metadata={"figures": figures}))
    assert said in written if said else "The row" not in written


def test_the_card_of_a_model_with_languages_warns_of_few_sites(tiny_model: Model) -> None:
    row = {"sites": 1, "documents": 2, "lost": 0.0, "removed": None}
    languages = {"real": {"sv": row}, "invented": {"ig": row}}
    written = card(replace(tiny_model, metadata={"languages": languages}))
    assert "Figures from few sites are unreliable." in written
    assert "| Igbo |  |  |  | 2 | 0.0000 |  |" in written


WRONG_METADATA: list[tuple[dict[str, Any], str]] = [
    ({"note": "x" * (1 << 20)}, "its metadata have 1,049,... bytes; 1,048,576 are the most"),
    ({"note": {1, 2}}, "its metadata are not values of JSON"),
    ({"note": json.loads("[" * 30 + "]" * 30)}, "values are nested more than 20 levels deep"),
]


@pytest.mark.parametrize(("metadata", "words"), WRONG_METADATA, ids=range(len(WRONG_METADATA)))
def test_metadata_that_could_not_be_loaded_again_leave_the_model_there_as_it_is(
    tiny_model: Model, model_copy: Path, metadata: dict[str, Any], words: str
) -> None:
    before = tree(model_copy)
    with pytest.raises(ModelError, match=f"is not written, because it could not be loaded: {words}"):
        save(replace(tiny_model, networks=Ensemble.none()), model_copy, metadata)
    assert tree(model_copy) == before


def test_if_one_file_cannot_be_written_none_is_replaced(tiny_model: Model, model_copy: Path) -> None:
    (model_copy / "notes").mkdir()
    before = tree(model_copy)
    with pytest.raises(ModelError, match="cannot be written there"):
        save(replace(tiny_model, networks=Ensemble.none()), model_copy, {}, {"README.md": b"new", "notes": b"new"})
    assert tree(model_copy) == before


def test_lone_surrogates_in_metadata(tiny_model: Model, tmp_path: Path) -> None:
    metadata = {"figures": {"held-out": {"page\ud83d": {}}}, "note": "größer\udc80"}
    save(tiny_model, tmp_path, metadata)
    loaded = load_model(tmp_path).metadata
    assert {name: loaded[name] for name in metadata} == metadata
    assert "größer\\udc80" in (tmp_path / METADATA_FILE).read_text("utf-8")


def test_a_folder_that_cannot_be_written(tiny_model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written there"):
        save(tiny_model, tmp_path / "file" / "model", {})


def test_saving_leaves_no_other_files(tiny_model: Model, tmp_path: Path) -> None:
    save(tiny_model, tmp_path, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [METADATA_FILE, ARRAYS_FILE]
    assert not stat.S_IMODE((tmp_path / ARRAYS_FILE).stat().st_mode) & 0o111


# What is no place for a model

NOT_OURS: list[tuple[dict[str, str], str]] = [
    ({"README.md": "Notes."}, "README.md"),
    ({"model.joblib": ""}, "model.joblib"),
    ({"metadata.json": '{"name": "ferries", "format": 4}'}, "metadata.json"),
    ({"metadata.json": '{"sha256": "0", "format": 4}'}, "metadata.json"),
    ({"metadata.json": f'{{"sha256": "{"0" * 64}"}}'}, "metadata.json"),
    ({"metadata.json": f'{{"sha256": ["{"0" * 64}"], "format": 1}}'}, "metadata.json"),
    ({"metadata.json": "{", "README.md": "Notes."}, "metadata.json"),
    ({"metadata.json": "[4]"}, "metadata.json"),
]


@pytest.mark.parametrize(("files", "named"), NOT_OURS)
def test_other_files_are_not_replaced(tmp_path: Path, files: dict[str, str], named: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=f"has a {named} and is no model; choose another folder"):
        check_folder(tmp_path, (ARRAYS_FILE, METADATA_FILE, "README.md"))


def test_other_files_of_other_names_are_in_nobody_s_way(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Notes.")
    check_folder(tmp_path, (ARRAYS_FILE, METADATA_FILE))
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_a_model_of_any_version_may_be_replaced(model_copy: Path) -> None:
    change_metadata(model_copy, format=FORMAT - 1, features=0)
    check_folder(model_copy, (ARRAYS_FILE, METADATA_FILE, "README.md"))


def test_trying_to_write_leaves_nothing_behind(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "model", [ARRAYS_FILE])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("file", UsageError, "file: is a file; choose another folder"),
        ("file/model", ModelError, "a model cannot be written there .*; choose another folder"),
        ("new/\0/model", ModelError, "a model cannot be written there"),
        ("new/" + "x" * 300, ModelError, "a model cannot be written there"),
    ],
)
def test_what_can_be_no_folder(tmp_path: Path, name: str, error: type[Exception], words: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(error, match=words):
        check_folder(tmp_path / name, [ARRAYS_FILE])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# Versions


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": FORMAT + 1}, ["format 5", "reads 4", "update the detector"]),
        ({"format": FORMAT - 1}, ["format 3", "reads 4", "train it again"]),
        ({"format": None}, ["format None", "train it again"]),
        ({"format": "one"}, ["format 'one'", "train it again"]),
        ({"features": FEATURE_VERSION + 1}, [f"features of version {FEATURE_VERSION + 1}", "train it again"]),
        ({"features": None}, ["features of version None"]),
        ({"sha256": "0" * 64}, ["digest", METADATA_FILE, "copy the folder again"]),
        ({"sha256": None}, ["digest"]),
        ({"labels": None}, ["not a model of format 4"]),
        ({"labels": []}, ["not a model of format 4"]),
        ({"labels": ["reporting", "appeal"]}, ["do not fit"]),
        ({"labels": ["appeal", "reporting", "navigation"]}, ["the first of", "'reporting'"]),
        ({"kinds": ["body"]}, ["do not fit"]),
        ({"thresholds": []}, ["not a model of format 4"]),
        ({"thresholds": {"balanced": "high"}}, ["not a model of format 4"]),
        ({"thresholds": {"balanced": 7}}, ["the threshold balanced is not a number from 0 to 1"]),
    ],
)
def test_metadata_that_does_not_fit(model_copy: Path, changes: dict[str, Any], words: list[str]) -> None:
    change_metadata(model_copy, **changes)
    said = message(model_copy)
    assert str(model_copy) in said
    for word in words:
        assert word in said


def test_an_older_format_is_named_before_the_file_is_read(model_copy: Path) -> None:
    change_metadata(model_copy, format=FORMAT - 1)
    (model_copy / ARRAYS_FILE).write_bytes(b"something quite different")
    assert "train it again with this version" in message(model_copy)


def test_a_newer_format_is_named_before_the_file_is_read(model_copy: Path) -> None:
    change_metadata(model_copy, format=FORMAT + 1)
    (model_copy / ARRAYS_FILE).write_bytes(b"something quite different")
    assert "update the detector" in message(model_copy)


@pytest.mark.parametrize("missing", ["format", "features", "sha256", "labels", "kinds", "thresholds"])
def test_metadata_without_a_field(model_copy: Path, missing: str) -> None:
    file = model_copy / METADATA_FILE
    metadata = json.loads(file.read_text("utf-8"))
    del metadata[missing]
    file.write_text(json.dumps(metadata))
    assert str(model_copy) in message(model_copy)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as JSON"),
        (b'{"format": 1', "cannot be read as JSON"),
        (b"\xff\xfe\x00", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b"[1, 2]", "contains a list, not an object"),
        (b"null", "contains a NoneType, not an object"),
        (b"{}", "format None"),
    ],
)
def test_invalid_metadata(model_copy: Path, content: bytes, words: str) -> None:
    (model_copy / METADATA_FILE).write_bytes(content)
    said = message(model_copy)
    assert words in said
    assert METADATA_FILE in said or words.startswith("format")


# Missing files


@pytest.mark.parametrize("name", [ARRAYS_FILE, METADATA_FILE])
def test_a_missing_file(model_copy: Path, name: str) -> None:
    (model_copy / name).unlink()
    said = message(model_copy)
    assert str(model_copy / name) in said
    assert f"a model is a folder with {ARRAYS_FILE} and {METADATA_FILE}" in said


@pytest.mark.parametrize("name", [ARRAYS_FILE, METADATA_FILE])
def test_a_folder_in_place_of_a_file(model_copy: Path, name: str) -> None:
    (model_copy / name).unlink()
    (model_copy / name).mkdir()
    assert name in message(model_copy)


def test_a_missing_folder(tmp_path: Path) -> None:
    for name in (tmp_path / "nowhere", "a\0b"):
        with pytest.raises(UsageError, match="no such file or folder"):
            load_model(name)
    (tmp_path / "file").write_text("text")
    assert "not a folder" in message(tmp_path / "file")


@pytest.mark.parametrize("folder", [5, b"model", ["model"], 0.5])
def test_a_folder_that_is_no_path(folder: Any) -> None:
    with pytest.raises(UsageError, match="give the path of a folder"):
        load_model(folder)


def test_the_shipped_model_is_small_and_described(shipped: object) -> None:
    assert shipped
    folder = storage.shipped_model()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 16_000_000
    assert {path.name for path in folder.iterdir()} >= {ARRAYS_FILE, METADATA_FILE, "README.md"}
