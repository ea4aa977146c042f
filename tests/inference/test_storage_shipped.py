"""The shipped model is loaded fast: its arrays are mapped, and its digest is computed in a thread. It stays as safe."""

from __future__ import annotations

import os
import shutil
import threading
import tracemalloc
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.cleaner import Cleaner
from detector.errors import ModelError
from detector.inference import checks
from detector.inference import shipped as module
from detector.inference.model import Model
from detector.inference.shipped import ARRAYS_FILE, METADATA_FILE, SHA256, begin_to_read, shipped_model
from detector.inference.storage import load_model

LARGE = 1 << 19  # bytes of arrays that are not compressed
DAMAGED = f"{ARRAYS_FILE}: damaged or changed.*install the package again"


@pytest.fixture
def folder(shipped: Cleaner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped model in its place."""
    assert shipped
    copy = Path(shutil.copytree(shipped_model(), tmp_path / "default"))
    monkeypatch.setattr(module, "shipped_folders", lambda: (copy, copy))
    monkeypatch.setattr(module, "_begun", [])
    return copy


def arrays_of(model: Model) -> Iterator[NDArray[Any]]:
    yield from (model.linear.weights, model.linear.scale, model.linear.bias, model.idf, model.calibration)
    yield from (model.vectors.vectors, model.vectors.buckets, model.vectors.fingerprints)
    yield from (model.networks.mean, model.networks.factor)
    for member in model.networks.members:
        for layer in member.layers:
            yield from (layer.weights, layer.bias)


def memory_of(array: NDArray[Any]) -> object:
    """What the numbers of an array are stored in."""
    base: Any = array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return base.obj if isinstance(base, memoryview) else base


def change(file: Path, at: int, content: bytes) -> None:
    """Replace bytes of a file by another file."""
    whole = bytearray(file.read_bytes())
    whole[at : at + len(content)] = content
    file.unlink()
    file.write_bytes(whole)


def test_the_shipped_model_passes_the_checks_that_are_not_made_when_it_is_loaded(shipped: Cleaner) -> None:
    checks.check_metadata(shipped.model.metadata)
    checks.check_model(shipped.model)
    assert shipped.model.metadata["sha256"] == SHA256[ARRAYS_FILE]


def test_the_shipped_model_is_also_loaded_from_its_folder(shipped: Cleaner) -> None:
    assert load_model(shipped_model()) == shipped.model


def test_large_arrays_of_bytes_are_not_copied(folder: Path) -> None:
    for model, kind in ((load_model(), mmap), (load_model(folder), bytes)):
        large = [array for array in arrays_of(model) if array.nbytes > LARGE and array.itemsize == 1]
        assert len(large) == 2
        assert all(isinstance(memory_of(array), kind) for array in large)
        assert memory_of(large[0]) is memory_of(large[1])


def test_all_arrays_are_read_only_and_aligned(folder: Path) -> None:
    for model in (load_model(), load_model(folder)):
        assert not any(array.flags.writeable for array in arrays_of(model))
        assert all(array.flags.aligned and array.flags.c_contiguous for array in arrays_of(model))


@pytest.mark.parametrize("mapped", [True, False])
def test_the_file_is_held_in_memory_once_at_most(mapped: bool, folder: Path) -> None:
    size = 0 if mapped else (folder / ARRAYS_FILE).stat().st_size
    tracemalloc.start()
    model = load_model(None if mapped else folder)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert model.kinds
    assert most < size + (6 << 20)


# Files that change


def test_a_file_that_is_replaced_does_not_change_a_loaded_model(folder: Path, shipped: Cleaner) -> None:
    model = load_model()
    other = folder / "other"
    other.write_bytes(b"something else")
    other.replace(folder / ARRAYS_FILE)
    assert model == shipped.model
    with pytest.raises(ModelError, match=DAMAGED):
        load_model()


@pytest.mark.parametrize(
    "content", [b"", b"\x80", b"cos\nsystem\n", b"\0" * 100], ids=["empty", "cut", "bomb", "zeros"]
)
def test_a_damaged_file_is_called_damaged_whatever_its_content(content: bytes, folder: Path) -> None:
    (folder / ARRAYS_FILE).write_bytes(content)
    with pytest.raises(ModelError, match=DAMAGED):
        load_model()


@pytest.mark.parametrize("at", [0, 1000, 5_000_000, 15_000_000, -1])
def test_a_changed_byte_is_noticed(at: int, folder: Path) -> None:
    place = at % (folder / ARRAYS_FILE).stat().st_size
    with open(folder / ARRAYS_FILE, "rb") as file:
        file.seek(place)
        before = file.read(1)
    change(folder / ARRAYS_FILE, place, bytes([before[0] ^ 1]))
    with pytest.raises(ModelError, match=DAMAGED):
        load_model()


# Reading that begins early


def test_a_model_that_is_read_early_is_the_same(folder: Path, shipped: Cleaner) -> None:
    begin_to_read()
    assert load_model() == shipped.model


def test_what_was_read_early_is_used_once(folder: Path) -> None:
    begin_to_read()
    assert load_model().kinds
    change(folder / ARRAYS_FILE, 1000, b"damage")
    with pytest.raises(ModelError, match=DAMAGED):
        load_model()


def test_damage_that_is_read_early_is_an_error_of_loading(folder: Path) -> None:
    change(folder / ARRAYS_FILE, 1000, b"damage")
    begin_to_read()
    with pytest.raises(ModelError, match=DAMAGED):
        load_model()


@pytest.mark.parametrize("name", [ARRAYS_FILE, METADATA_FILE])
def test_a_missing_file_is_an_error_of_loading(name: str, folder: Path) -> None:
    (folder / name).unlink()
    begin_to_read()
    with pytest.raises(ModelError, match=f"{name}: no such file"):
        load_model()


def test_without_threads_the_digest_is_computed_all_the_same(
    folder: Path, shipped: Cleaner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert load_model() == shipped.model
    change(folder / ARRAYS_FILE, 1000, b"damage")
    with pytest.raises(ModelError, match=DAMAGED):
        load_model()


def test_a_file_that_cannot_be_mapped_is_read(folder: Path, shipped: Cleaner, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(38, os.strerror(38))

    monkeypatch.setattr(module, "mmap", refuse)
    model = load_model()
    assert model == shipped.model
    assert isinstance(memory_of(model.linear.weights), bytes)
