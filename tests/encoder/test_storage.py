"""An encoder is saved and loaded unchanged; anything else in its folder is one clear error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from encoder_files import change_arrays, change_metadata, message, write
from graphs import FOREIGN, random_graph, simple_graph
from model_files import bombs, forbidden_opcodes, with_number
from tiny_encoder import WIDTH, tiny_encoder
from tokenizers import Tokenizer, models

from detector.encoder import storage
from detector.encoder.model import Encoder
from detector.encoder.storage import ARRAYS_FILE, DOCUMENT_FILE, FILES, GRAPH_FILE, TOKENIZER_FILE, load, save
from detector.errors import ModelError, UsageError
from detector.inference.model import Model
from detector.inference.plain_pickle import pack
from detector.inference.storage import METADATA_FILE

Change = Callable[[dict[str, Any]], object]


def metadata_for(model: Model, **more: Any) -> dict[str, Any]:
    return {"small": model.metadata["sha256"], "thresholds": {"balanced": 0.25}, "effort": 0.25, **more}


@pytest.fixture(scope="module")
def saved(encoder: Encoder, tiny_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoders") / "saved"
    save(encoder, folder, metadata_for(tiny_model, tokens=12))
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy of the saved encoder, to be damaged."""
    return Path(shutil.copytree(saved, tmp_path / "encoder"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# Saving


def test_what_is_loaded_is_what_was_saved(saved: Path, encoder: Encoder, tiny_model: Model) -> None:
    stored = load(saved)
    assert stored.encoder == encoder
    assert stored.effort == 0.25
    assert stored.metadata["tokens"] == 12
    assert stored.model(tiny_model).thresholds == {"balanced": 0.25}
    assert replace(stored.model(tiny_model), thresholds=tiny_model.thresholds) == tiny_model
    assert sorted(contents(saved)) == sorted((*FILES, METADATA_FILE))


def test_equal_encoders_make_equal_bytes(saved: Path, encoder: Encoder, tiny_model: Model, tmp_path: Path) -> None:
    save(tiny_encoder(tiny_model), tmp_path / "a", metadata_for(tiny_model, tokens=12))
    stored = load(saved)
    save(stored.encoder, tmp_path / "b", stored.metadata)
    assert contents(saved) == contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_metadata_of_another_encoder_do_not_count(saved: Path, tiny_model: Model, tmp_path: Path) -> None:
    other = replace(tiny_encoder(tiny_model, seed=1), doubts=np.array([[0.0, 0.5], [1.0, 0.0]]))
    save(other, tmp_path / "other", load(saved).metadata)
    assert load(tmp_path / "other").encoder == other


def test_an_encoder_replaces_another(folder: Path, tiny_model: Model) -> None:
    other = tiny_encoder(tiny_model, seed=1)
    save(other, folder, metadata_for(tiny_model))
    assert load(folder).encoder == other
    assert len(contents(folder)) == len(FILES) + 1


NOT_SAVED: dict[str, Callable[[Encoder], Encoder]] = {
    "positions has the shape": lambda e: replace(e, embedding=replace(e.embedding, positions=e.embedding.described)),
    "in float64": lambda e: replace(e, calibration=e.calibration.astype(np.float64)),
    "a number that is not between": lambda e: replace(e, calibration=np.full_like(e.calibration, np.nan)),
    "not all labels are there": lambda e: replace(e, kind_labels=tuple(label + 1 for label in e.kind_labels)),
    '"doubts" do not': lambda e: replace(e, doubts=e.doubts[:-1]),
}  # fmt: skip


@pytest.mark.parametrize("part", NOT_SAVED)
def test_what_could_not_be_loaded_is_not_saved(part: str, encoder: Encoder, tiny_model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"new: the encoder is not written, because it could not be .*{part}"):
        save(NOT_SAVED[part](encoder), tmp_path / "new", metadata_for(tiny_model))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written(encoder: Encoder, tiny_model: Model, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="the model cannot be written there"):
        save(encoder, tmp_path / "file" / "new", metadata_for(tiny_model))


# Another small model


def test_an_encoder_of_another_small_model(saved: Path, tiny_model: Model) -> None:
    other = replace(tiny_model, metadata={**tiny_model.metadata, "sha256": "0" * 64})
    with pytest.raises(ModelError, match=r"belongs to the small model \w{12}, and this one is 0{12}; install the"):
        load(saved).model(other)
    with pytest.raises(ModelError, match="and this one is None"):
        load(saved).model(replace(tiny_model, metadata={}))


# Files


@pytest.mark.parametrize("name", [*FILES, METADATA_FILE])
def test_a_missing_file(name: str, folder: Path) -> None:
    (folder / name).unlink()
    assert f"it has no file {name}" in message(folder)


def test_no_folder(tmp_path: Path) -> None:
    assert "no encoder is there" in message(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"")
    assert "no encoder is there" in message(tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    (folder / GRAPH_FILE).unlink()
    os.mkfifo(folder / GRAPH_FILE)
    assert "no file encoder.onnx" in message(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file(name: str, folder: Path) -> None:
    whole = (folder / name).read_bytes()
    for at in (0, len(whole) // 3, len(whole) - 1):
        (folder / name).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert f"{folder / name}: damaged or changed: its SHA-256 digest is another" in message(folder)
        (folder / name).write_bytes(whole[:at])
        assert f"{folder / name}: damaged or changed" in message(folder)


@pytest.mark.parametrize("name", FILES)
def test_files_of_two_encoders(name: str, folder: Path, tiny_model: Model, tmp_path: Path) -> None:
    other = tiny_encoder(tiny_model, seed=1)
    save(replace(other, tokenizer=replace(other.tokenizer, content=other.tokenizer.content + "\n")), tmp_path / "other",
         metadata_for(tiny_model))  # fmt: skip
    shutil.copy(tmp_path / "other" / name, folder)
    assert f"{folder / name}: damaged or changed" in message(folder)


def test_the_digests_that_are_given_count(folder: Path) -> None:
    digests = load(folder).metadata["sha256"]
    assert load(folder, digests).encoder == load(folder).encoder
    write(folder, GRAPH_FILE, random_graph())  # with its digest in the metadata
    with pytest.raises(ModelError, match=r"encoder\.onnx: damaged or changed"):
        load(folder, digests)


@pytest.mark.parametrize("name", FILES)
def test_an_oversized_file(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_MAX_BYTES", (folder / name).stat().st_size - 1)
    assert "larger than any model" in message(folder)


# Metadata

METADATA: dict[str, Change] = {
    '"format" is 2, and this version reads 1': lambda m: m.update(format=2),
    '"small" is not': lambda m: m.update(small=None),
    "KeyError('thresholds')": lambda m: m.pop("thresholds"),
    "the threshold balanced is not a number from 0 to 1": lambda m: m.update(thresholds={"balanced": 2}),
    "'list' object": lambda m: m.update(thresholds=["balanced"]),
    '"effort" is 1.5': lambda m: m.update(effort=1.5),
    '"effort" is True': lambda m: m.update(effort=True),
    "\"effort\" is '0.5'": lambda m: m.update(effort="0.5"),
    '"effort" is nan': lambda m: m.update(effort=float("nan")),
    "KeyError('doubts')": lambda m: m.pop("doubts"),
    "KeyError('sha256')": lambda m: m.pop("sha256"),
    "KeyError('encoder.onnx')": lambda m: m["sha256"].pop(GRAPH_FILE),
    "TypeError": lambda m: m.update(sha256="0" * 64),
}


@pytest.mark.parametrize("part", METADATA)
def test_metadata_of_something_else(part: str, folder: Path) -> None:
    change_metadata(folder, METADATA[part])
    said = message(folder)
    assert said.startswith(f"{folder / METADATA_FILE}: not that of an encoder (")
    assert part in said


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_metadata_that_are_no_object(content: bytes, folder: Path) -> None:
    (folder / METADATA_FILE).write_bytes(content)
    assert str(folder / METADATA_FILE) in message(folder)


DOUBTS: list[Any] = [
    [], [[0, 1]], [[0, 1], [1, 0, 0]], [[0, 1], [1, 0.1]], [[0, 1], [0.9, 0]], [[0.1, 1], [1, 0]],
    [[0, 1], [0.5, 0.2], [0.5, 0.1], [1, 0]], [[0, 0.5], [0.5, 0.6], [1, 0]], [[1, 0], [0, 1]], [[0, 2], [1, 0]],
    [[-1, 1], [1, 0]], [[0, float("nan")], [1, 0]], [["a", 1], [1, 0]], None, 1, {"0": 1},
]  # fmt: skip


@pytest.mark.parametrize("doubts", DOUBTS)
def test_doubts_with_which_more_effort_would_not_read_more(doubts: Any, folder: Path) -> None:
    change_metadata(folder, lambda metadata: metadata.update(doubts=doubts))
    assert str(folder / METADATA_FILE) in message(folder)


# Arrays


def another(shape: tuple[int, ...], dtype: type = np.float32) -> dict[str, Any]:
    return pack(np.zeros(shape, dtype=dtype))


ARRAYS: dict[str, Change] = {
    "KeyError('embedding')": lambda p: p.pop("embedding"),
    "KeyError('calibration')": lambda p: p.pop("calibration"),
    "TypeError": lambda p: p.update(embedding=1),
    "an array does not have the fields": lambda p: p.update(calibration=[1]),
    "calibration has the shape (3, 3)": lambda p: p.update(calibration=another((3, 3))),
    "its words are no table of int8": lambda p: p["embedding"].update(words=another((40, WIDTH))),
    "its table of words has the shape (0, 16)": lambda p: p["embedding"].update(words=another((0, WIDTH), np.int8)),
    "described has the shape": lambda p: p["embedding"].update(described=another((5, WIDTH))),
    "positions has the shape (256, 8)": lambda p: p["embedding"].update(positions=another((256, 8))),
    "bias has a number that is not between": lambda p: with_number(p["embedding"]["bias"], float("nan")),
    "calibration has a number that is not between": lambda p: with_number(p["calibration"], float("inf")),
    "the labels of the kinds are not whole numbers": lambda p: p["kind_labels"].append("a"),
    "of which not all labels are there": lambda p: p["kind_labels"].append(9),
    "it has 0 kinds": lambda p: p.update(kind_labels=[]),
}


@pytest.mark.parametrize("part", ARRAYS)
def test_arrays_of_something_else(part: str, folder: Path) -> None:
    change_arrays(folder, ARRAYS[part])
    said = message(folder)
    assert said.startswith(f"{folder / ARRAYS_FILE}: not that of an encoder (")
    assert part in said


@pytest.mark.parametrize("name", forbidden_opcodes())
def test_an_opcode_that_no_encoder_needs(name: str, folder: Path) -> None:
    write(folder, ARRAYS_FILE, forbidden_opcodes()[name])
    said = message(folder)
    assert f"{folder / ARRAYS_FILE}: refused as unsafe: its pickle has the opcode {name}" in said
    assert "nothing in it was run" in said


@pytest.mark.parametrize("name", bombs())
def test_a_pickle_that_would_grow(name: str, folder: Path) -> None:
    write(folder, ARRAYS_FILE, bombs()[name])
    assert str(folder / ARRAYS_FILE) in message(folder)


# The tokenizer and the graph


def of_many_tokens() -> bytes:
    pieces = [(f"piece{number}", -1.0) for number in range(1000)]
    return str(Tokenizer(models.Unigram(pieces, 0)).to_str()).encode()


@pytest.mark.parametrize("content", [b"", b"{}", b"no JSON", b"\xff\xfe", b"[" * 10_000, of_many_tokens()])
def test_what_is_no_tokenizer(content: bytes, folder: Path) -> None:
    write(folder, TOKENIZER_FILE, content)
    assert message(folder).startswith(f"{folder / TOKENIZER_FILE}: not that of an encoder (")


GRAPHS = {
    **FOREIGN, "nothing": b"", "no graph": b"no graph", "half of it": random_graph()[:5000],
    "another inner width": random_graph(2 * WIDTH), "no operator": simple_graph("NoSuchOperator"),
}  # fmt: skip


@pytest.mark.parametrize("file", [GRAPH_FILE, DOCUMENT_FILE])
@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_no_graph_of_an_encoder(name: str, file: str, folder: Path) -> None:
    write(folder, file, GRAPHS[name])
    assert message(folder).startswith(f"{folder / file}: not that of an encoder (")


@pytest.mark.parametrize(("file", "other"), [(GRAPH_FILE, DOCUMENT_FILE), (DOCUMENT_FILE, GRAPH_FILE)])
def test_the_graph_of_the_other_file(file: str, other: str, folder: Path) -> None:
    write(folder, file, (folder / other).read_bytes())
    assert message(folder).startswith(f"{folder / file}: not that of an encoder (")


@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
def test_without_a_library(library: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = load(folder).metadata["sha256"]
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UsageError, match=rf"needs {library}.*pip install 'boilerplate-detector\[accurate\]'"):
        load(folder)
    assert load(folder, digests).effort == 0.25  # the files of the package need not be tried
