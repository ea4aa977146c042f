"""A model's files truncated, changed or mixed up: always a `ModelError`, and never another error."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from model_files import error_of, message, small_model, write_arrays
from scoring import scores_of

from detector.errors import DetectorError, ModelError
from detector.inference import checks, storage
from detector.inference.model import Model
from detector.inference.network import Ensemble
from detector.inference.plain_pickle import unpickle
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, load_model, read_metadata, save


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_model_that_cannot_be_written_leaves_the_one_that_is_there(
    failing: str, model_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(model_copy)
    before = {path.name: path.read_bytes() for path in model_copy.iterdir()}
    changed = replace(model, thresholds={**model.thresholds, "strict": 0.99})
    real = getattr(os, failing)
    calls = list[object]()

    def fails(*given: object) -> None:
        calls.append(given)
        if len(calls) == 1:
            raise OSError(errno.EIO, "the disk is broken")
        real(*given)

    monkeypatch.setattr(os, failing, fails)
    with pytest.raises(DetectorError, match="cannot be written"):
        save(changed, model_copy, model.metadata)
    assert {path.name: path.read_bytes() for path in model_copy.iterdir()} == before


def test_a_truncated_file(model_copy: Path) -> None:
    whole = (model_copy / ARRAYS_FILE).read_bytes()
    for size in (0, 1, 2, 10, 100, len(whole) // 2, len(whole) - 5, len(whole) - 1):
        (model_copy / ARRAYS_FILE).write_bytes(whole[:size])
        assert "damaged" in message(model_copy)


def test_a_flipped_byte_anywhere(model_copy: Path) -> None:
    whole = (model_copy / ARRAYS_FILE).read_bytes()
    offsets = {*range(12), *range(len(whole) - 12, len(whole)), *range(0, len(whole), len(whole) // 80)}
    for number, offset in enumerate(sorted(offsets)):
        damaged = bytearray(whole)
        damaged[offset] ^= 1 << number % 8
        (model_copy / ARRAYS_FILE).write_bytes(damaged)
        said = message(model_copy)
        assert any(word in said for word in ("damaged", "refused as unsafe", "digest"))


def test_a_flipped_byte_in_metadata_is_never_another_error(model_copy: Path) -> None:
    whole = (model_copy / METADATA_FILE).read_bytes()
    for offset in range(0, len(whole), len(whole) // 120):
        for bit in (1, 0x20, 0x80):
            damaged = bytearray(whole)
            damaged[offset] ^= bit
            (model_copy / METADATA_FILE).write_bytes(damaged)
            assert str(model_copy) in (error_of(model_copy) or str(model_copy))


def test_bytes_after_the_end(model_copy: Path) -> None:
    with open(model_copy / ARRAYS_FILE, "ab") as file:
        file.write(b"more")
    assert "digest" in message(model_copy)


def structure(payload: bytes) -> Iterator[int]:
    """Offsets of the pickle that are not inside its two large arrays."""
    for size, name in (
        (400, b"kind_labels"),
        (200, b"scale"),
        (200, b"idf"),
        (400, b"vectors"),
        (200, b"networks"),
        (200, b"factor"),
        (200, b"members"),
        (200, b"calibration"),
    ):
        at = payload.index(name)
        yield from range(max(at - 20, 0), min(at + size, len(payload)), 9)
    yield from range(len(payload) - 60, len(payload))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_a_changed_pickle_with_its_own_digest_is_never_another_error(model_copy: Path, payload: bytes) -> None:
    random = np.random.default_rng(0)
    loaded = 0
    for offset in structure(payload):
        changed = bytearray(payload)
        changed[offset] = int(random.integers(256))
        write_arrays(model_copy, bytes(changed))
        said = error_of(model_copy)
        loaded += said is None  # a number of an array, for example
        assert said is None or str(model_copy) in said
    assert loaded < sum(1 for _ in structure(payload))


EVERY = 997  # bytes
FIRST = 4096  # bytes whose bits are flipped


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The folder of `small_model`."""
    save(small_model(), tmp_path / "small", {})
    return tmp_path / "small"


def test_a_file_that_is_cut_at_every_997th_byte(model_copy: Path, payload: bytes) -> None:
    file = model_copy / ARRAYS_FILE
    for number, size in enumerate(range(0, len(payload), EVERY)):
        with pytest.raises(ModelError, match="damaged"):  # where the digest was made again
            unpickle(payload[:size], file)
        if number % 50 == 1:
            os.truncate(file, len(payload) - size)
            assert "damaged" in message(model_copy)


@pytest.mark.slow
def test_a_flipped_bit_of_every_byte_is_noticed(small: Path) -> None:
    whole = (small / ARRAYS_FILE).read_bytes()
    for at in range(len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        (small / ARRAYS_FILE).write_bytes(flipped)
        assert "damaged or changed" in message(small)


@pytest.mark.slow
def test_every_flipped_bit_of_a_small_file_with_its_own_digest(small: Path) -> None:
    """What reaches the parser is refused, or is a model that predicts probabilities."""
    whole = (small / ARRAYS_FILE).read_bytes()
    assert len(whole) < FIRST
    loaded = 0
    for at, bit in product(range(len(whole)), range(8)):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << bit
        try:
            content = unpickle(bytes(flipped), small / ARRAYS_FILE)
            model = storage._model(content, read_metadata(small))
            checks.check_model(model)
        except (ModelError, *storage.NOT_A_MODEL):
            continue
        loaded += 1
        if loaded % 20:
            continue
        assert np.isfinite(scores_of(model, ["The ferry left.", "Give now!"]).kinds).all()
    assert 0 < loaded < 2 * len(whole)  # bits of numbers, for example


def test_another_model_s_arrays(model_copy: Path, tiny_model: Model, tmp_path: Path) -> None:
    save(replace(tiny_model, networks=Ensemble.none()), tmp_path / "other", {})
    shutil.copy(tmp_path / "other" / ARRAYS_FILE, model_copy / ARRAYS_FILE)
    assert "belongs to another model" in message(model_copy)
