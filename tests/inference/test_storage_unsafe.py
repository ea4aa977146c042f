"""A file that contains more than plain values is refused, and none of its code is run."""

from __future__ import annotations

import gzip
import math
import os
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from model_files import error_of, message, write_arrays
from tiny import TINY_VECTORS

from detector.inference import storage
from detector.inference.network import LAYERS, layer_shapes
from detector.inference.storage import ARRAYS_FILE


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.trace}'",)


def test_the_bomb_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "trace")))
    assert (tmp_path / "trace").exists()


def dumped(value: object, tmp_path: Path, compress: Any) -> bytes:
    joblib.dump(value, tmp_path / "dumped", compress=compress)
    return (tmp_path / "dumped").read_bytes()


def with_deep(payload: bytes, value: object) -> dict[str, Any]:
    """The tiny model's dictionary with another object in place of one array's bytes."""
    content: dict[str, Any] = pickle.loads(payload)
    content["networks"]["members"][1][0]["weights"]["bytes"] = value
    return content


BOMBS: dict[str, Callable[[Bomb, bytes, Path], bytes]] = {
    **{
        f"protocol {number}": lambda bomb, _, __, number=number: pickle.dumps(bomb, number)
        for number in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "in a list": lambda bomb, _, __: pickle.dumps([1, 2, [bomb]]),
    "deep in an array": lambda bomb, payload, __: pickle.dumps(with_deep(payload, bomb), 4),
    "by joblib": lambda bomb, payload, path: dumped(with_deep(payload, bomb), path, 0),
    "in an array of objects": lambda bomb, _, path: dumped({"idf": np.array([bomb], dtype=object)}, path, 0),
    "after the model": lambda bomb, payload, __: payload[:-1] + pickle.dumps(bomb, 0),
    "packed": lambda bomb, _, __: zlib.compress(pickle.dumps(bomb)),
    "packed by joblib": lambda bomb, _, path: dumped(bomb, path, ("zlib", 3)),
    "packed by gzip": lambda bomb, _, __: gzip.compress(pickle.dumps(bomb)),
    "packed in an array": lambda bomb, payload, __: pickle.dumps(
        with_deep(payload, zlib.compress(pickle.dumps(bomb))), 4
    ),
}
SAID = {
    "packed": "damaged",
    "packed by joblib": "damaged",
    "packed by gzip": "damaged",
    "packed in an array": "not a model",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("its_digest", [True, False])
def test_a_pickle_that_would_run_a_command_has_not_run_it(
    name: str, its_digest: bool, model_copy: Path, payload: bytes, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    content = BOMBS[name](Bomb(trace), payload, tmp_path)
    write_arrays(model_copy, content) if its_digest else (model_copy / ARRAYS_FILE).write_bytes(content)
    said = message(model_copy)
    assert not trace.exists()
    if its_digest:
        assert SAID.get(name, "refused as unsafe") in said
        assert name in SAID or "nothing in it was run" in said
    else:
        assert "damaged or changed" in said


def test_the_error_names_the_refused_object(model_copy: Path, tmp_path: Path) -> None:
    write_arrays(model_copy, pickle.dumps(Bomb(tmp_path / "trace"), 4))
    assert f"{os.system.__module__}.system" in message(model_copy)


REFUSED = {
    "array": {"idf": np.zeros(3)},
    "empty array": np.zeros(0),
    "set": {1, 2},
    "complex": 1j,
    "path": Path("a"),
    "ordered": np.dtype("int8"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("protocol", [2, 4])
def test_other_objects_are_refused(name: str, protocol: int, model_copy: Path) -> None:
    write_arrays(model_copy, pickle.dumps(REFUSED[name], protocol))
    assert "refused as unsafe" in message(model_copy)


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3)])
def test_arrays_dumped_by_joblib_are_refused(compress: Any, model_copy: Path, tmp_path: Path) -> None:
    write_arrays(model_copy, dumped({"idf": np.arange(100)}, tmp_path, compress))
    said = message(model_copy)
    assert ("damaged" if compress else "refused as unsafe") in said


@pytest.mark.parametrize("value", [[], "model", 5, {}, {"linear": {}}, {"linear": [], "networks": None}, [{}]])
def test_plain_values_that_are_not_a_model(value: object, model_copy: Path) -> None:
    write_arrays(model_copy, pickle.dumps(value, 4))
    said = message(model_copy)
    assert any(word in said for word in ("not a model", "not a model of format", "unsafe"))


def members(content: dict[str, Any]) -> list[Any]:
    found: list[Any] = content["networks"]["members"]
    return found


def zeros(array: dict[str, Any], *shape: int, size: int = 4) -> None:
    """Replace an array's numbers with zeros in the given shape, of ``size`` bytes each."""
    array.update(shape=list(shape), bytes=bytes(size * math.prod(shape)), compressed=0)


def as_int8(array: dict[str, Any]) -> None:
    """Replace an array with 8-bit zeros in the same shape."""
    zeros(array, *array["shape"], size=1)
    array.update(dtype="int8")


def replace_layers(layers: list[Any], hidden: int = 8, pool: int = 3) -> None:
    """Replace layers with consistent ones of the given numbers of units."""
    inputs, kinds = layers[0]["weights"]["shape"][0], layers[-1]["weights"]["shape"][1]
    for layer, shape in zip(layers, layer_shapes(inputs, kinds, hidden, pool), strict=True):
        zeros(layer["weights"], *shape)
        zeros(layer["bias"], shape[1])


def test_layers_with_other_numbers_of_units_fit(model_copy: Path, payload: bytes) -> None:
    content = pickle.loads(payload)
    replace_layers(members(content)[0])
    replace_layers(members(content)[1], hidden=1, pool=1)
    write_arrays(model_copy, pickle.dumps(content, 4))
    assert error_of(model_copy) is None


WRONG_PARTS: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("dtype", lambda p: p["idf"].update(dtype="object")),
    ("dtype", lambda p: p["idf"].update(dtype="float64")),
    ("truncated, or too many", lambda p: p["idf"].update(shape=[7])),
    ("the shape of an array", lambda p: p["idf"].update(shape=[1, -1])),
    ("do not fit", lambda p: p["kind_labels"].append(0)),
    ("do not fit", lambda p: p["kind_labels"].__setitem__(0, 9)),
    ("do not fit", lambda p: p["linear"].update(scale=p["calibration"])),
    ("do not fit", lambda p: p["linear"].update(weights=p["idf"])),
    ("not a model", lambda p: p.pop("calibration")),
    ("layers", lambda p: members(p)[1].pop()),
    ("do not fit", lambda p: members(p)[0].reverse()),
    ("do not fit", lambda p: members(p)[0][2].update(bias=p["linear"]["bias"])),
    ("do not fit", lambda p: members(p)[0][0].update(weights=p["calibration"])),
    ("the shape of an array", lambda p: members(p)[0][0]["bias"].update(shape=[1, -1])),
    ("layers", lambda p: members(p).append([])),
    *(("do not fit", lambda p, at=at: as_int8(members(p)[0][at]["weights"])) for at in (0, 1, 3, LAYERS - 1)),
    ("do not fit", lambda p: as_int8(members(p)[1][0]["bias"])),
    ("do not fit", lambda p: replace_layers(members(p)[0], hidden=0)),
    ("do not fit", lambda p: replace_layers(members(p)[1], pool=0)),
    ("do not fit", lambda p: p["networks"].update(mean=p["linear"]["bias"])),
    ("do not fit", lambda p: p["networks"].update(factor=p["linear"]["bias"])),
    ("do not fit", lambda p: as_int8(p["networks"]["mean"])),
    ("do not fit", lambda p: as_int8(p["networks"]["factor"])),
    ("not a model", lambda p: p["networks"].pop("mean")),
    ("not a model", lambda p: p["networks"].pop("members")),
    ("not a model", lambda p: members(p)[1][0].pop("bias")),
    ("not a model", lambda p: p.update(networks=[{"weights": [], "biases": []}])),
    ("not a model", lambda p: p["networks"].update(members=[[p["calibration"]]])),
    ("do not fit", lambda p: as_int8(p["linear"]["scale"])),
    ("do not fit", lambda p: as_int8(p["linear"]["bias"])),
    ("do not fit", lambda p: as_int8(p["calibration"])),
    ("do not fit", lambda p: p["linear"]["weights"].update(dtype="uint8")),
    ("do not fit", lambda p: p["idf"].update(dtype="int8")),
    ("do not fit", lambda p: p["vectors"]["vectors"].update(dtype="uint8")),
    ("do not fit", lambda p: p["vectors"]["buckets"].update(dtype="float32")),
    ("do not fit", lambda p: p["vectors"]["fingerprints"].update(dtype="float32")),
    ("do not fit", lambda p: p["vectors"].update(fingerprints=p["idf"])),
    ("do not fit", lambda p: p["vectors"].update(vectors=p["calibration"])),
    (
        "is not below",
        lambda p: p["vectors"]["buckets"].update(bytes=zlib.compress(b"\xff" * 4 * len(TINY_VECTORS.buckets))),
    ),
    ("not a model", lambda p: p["vectors"].pop("vectors")),
    ("not a model", lambda p: p.pop("vectors")),
    ("not a model", lambda p: p["calibration"].update(bytes="text")),
    ("not a model", lambda p: p["calibration"].pop("compressed")),
    ("not a model", lambda p: p["calibration"].update(compressed=0)),
    ("damaged", lambda p: p["calibration"].update(bytes=b"no such thing")),
    ("truncated", lambda p: p["calibration"].update(bytes=p["calibration"]["bytes"][:-1])),
    ("too many", lambda p: p["calibration"].update(bytes=zlib.compress(bytes(1 << 24)))),
    ("truncated", lambda p: p["calibration"].update(bytes=zlib.compress(bytes(4)))),
]


@pytest.mark.parametrize(("words", "change"), WRONG_PARTS)
def test_a_model_whose_parts_do_not_fit(
    words: str, change: Callable[[dict[str, Any]], object], model_copy: Path, payload: bytes
) -> None:
    content = pickle.loads(payload)
    change(content)
    write_arrays(model_copy, pickle.dumps(content, 4))
    assert words in message(model_copy)


def test_a_file_that_is_too_large(model_copy: Path, payload: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_MAX_ARRAYS", len(payload) - 1)
    assert "larger than any model" in message(model_copy)
    monkeypatch.setattr(storage, "_MAX_ARRAYS", len(payload))
    assert error_of(model_copy) is None
