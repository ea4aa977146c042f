"""Files made to run code, to exhaust the machine, or to make predictions of nonsense: one clear error each."""

from __future__ import annotations

import os
import pickle
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_files import (
    bombs,
    change_arrays,
    change_metadata,
    error_of,
    forbidden_opcodes,
    grown_arrays,
    message,
    small_model,
    with_number,
    write_arrays,
)
from scoring import scores_of

from detector.errors import ModelError
from detector.features.hashing import BUCKETS, VECTOR_BUCKETS
from detector.inference import checks
from detector.inference.linear import LinearModel
from detector.inference.network import Ensemble
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, load_model, save

Change = Callable[[dict[str, Any]], object]
MOST_MEMORY = 50 << 20  # bytes, for a file of a few kilobytes


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The folder of `small_model`."""
    save(small_model(), tmp_path / "small", {})
    return tmp_path / "small"


def test_the_small_model_is_loaded(small: Path) -> None:
    assert load_model(small).kinds == ("body",)
    assert (small / ARRAYS_FILE).stat().st_size < 1 << 12


# Pickles


@pytest.mark.parametrize("name", forbidden_opcodes())
def test_an_opcode_that_no_model_needs(name: str, small: Path) -> None:
    write_arrays(small, forbidden_opcodes()[name])
    assert f"refused as unsafe: its pickle has the opcode {name}" in message(small)


def test_all_opcodes_that_load_globals_are_forbidden() -> None:
    forbidden = set(forbidden_opcodes())
    assert {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"} <= forbidden
    assert {"EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID"} <= forbidden


@pytest.mark.parametrize("name", bombs())
def test_a_pickle_that_would_grow(name: str, small: Path) -> None:
    write_arrays(small, bombs()[name])
    tracemalloc.start()
    said = message(small)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MOST_MEMORY
    assert any(words in said for words in ("refused as unsafe", "damaged", "not a model"))
    assert len(said) < 1000


@pytest.mark.parametrize("name", grown_arrays())
def test_an_array_that_declares_more_than_it_has(name: str, small: Path) -> None:
    change_arrays(small, grown_arrays()[name])
    tracemalloc.start()
    said = message(small)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MOST_MEMORY
    assert "not a model" in said or "refused as unsafe" in said


def test_a_pickle_of_a_million_numbers(small: Path) -> None:
    write_arrays(small, pickle.dumps(list(range(1_000_000)), 4))
    assert "more than 10,000 opcodes" in message(small)


# Numbers


NUMBERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "the scale of the linear model": lambda p: p["linear"]["scale"],
    "the bias of the linear model": lambda p: p["linear"]["bias"],
    "the calibration": lambda p: p["calibration"],
    "the mean of the inputs": lambda p: p["networks"]["mean"],
    "the factor of the inputs": lambda p: p["networks"]["factor"],
    "the weights of network 1": lambda p: p["networks"]["members"][0][2]["weights"],
    "the bias of network 1": lambda p: p["networks"]["members"][0][-1]["bias"],
}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 3e38, 1.1e6, -1.1e6])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_is_none_or_too_large(name: str, number: float, small: Path) -> None:
    change_arrays(small, lambda p: with_number(NUMBERS[name](p), number))
    assert f"{name} has a number that is not between -1,000,000 and 1,000,000" in message(small)


def test_weights_whose_products_would_be_rounded(small: Path) -> None:
    change_arrays(small, lambda p: with_number(p["networks"]["members"][0][2]["weights"], 1 / 3))
    assert "the weights of network 1 are not quantized" in message(small)


def test_weights_that_are_quantized_fit(small: Path) -> None:
    change_arrays(small, lambda p: with_number(p["networks"]["members"][0][2]["weights"], -0.25))
    assert error_of(small) is None


def test_words_in_one_bucket(small: Path) -> None:
    buckets = np.zeros(2, dtype=np.uint32).tobytes()
    change_arrays(small, lambda p: p["vectors"]["buckets"].update(bytes=buckets, compressed=0))
    assert "two of its word vectors have the same bucket" in message(small)


@pytest.mark.parametrize(
    ("bucket", "fits"),
    [(BUCKETS, True), (VECTOR_BUCKETS - 1, True), (VECTOR_BUCKETS, False), ((1 << 32) - 1, False)],
)
def test_word_vectors_have_buckets_of_their_own(bucket: int, fits: bool, small: Path) -> None:
    """More of them than the n-grams have."""
    buckets = np.array([0, bucket], dtype=np.uint32).tobytes()
    change_arrays(small, lambda p: p["vectors"]["buckets"].update(bytes=buckets, compressed=0))
    error = error_of(small)
    assert error is None if fits else "a bucket of its word vectors is not below 1,048,576" in str(error)


@pytest.mark.parametrize("labels", [[b"\x00"], ["0"], [[0]], [{}], [1], [-1], 0, "0", {}])
def test_labels_of_kinds_that_are_no_numbers(labels: Any, small: Path) -> None:
    change_arrays(small, lambda p: p.update(kind_labels=labels))
    assert "not a model" in message(small)


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_other_values_in_place_of_numbers(value: object, small: Path) -> None:
    change_arrays(small, lambda p: p.update(kind_labels=[value]))
    assert "not whole numbers" in message(small) or "refused as unsafe" in message(small)


def test_the_largest_numbers_still_give_probabilities(small: Path, seed_texts: list[str]) -> None:
    for array in NUMBERS.values():
        change_arrays(small, lambda p, array=array: with_number(array(p), 2.0**19))
    scores = scores_of(load_model(small), seed_texts)
    assert np.isfinite(scores.labels).all()
    assert np.isfinite(scores.kinds).all()


def test_a_model_that_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    model = small_model()
    model.calibration[0] = np.nan
    with pytest.raises(ModelError, match="could not be loaded: the calibration has a number"):
        save(model, tmp_path / "new", {})
    assert not (tmp_path / "new").exists()


def test_a_kind_that_a_label_has_twice() -> None:
    small, zeros = small_model(), np.zeros(2, np.float32)
    linear = LinearModel(np.zeros((BUCKETS, 2), np.int8), zeros, zeros)
    model = replace(small, kinds=("body", "body"), kind_labels=(0, 0), linear=linear, networks=Ensemble.none())
    with pytest.raises(ValueError, match="a label has a kind twice"):
        checks.check_model(model)
    checks.check_model(replace(model, kinds=("body", "caption")))


# Metadata


METADATA: list[tuple[dict[str, Any], str]] = [
    ({"labels": ["reporting", 5]}, 'name 2 of "labels" is not a string'),
    ({"labels": ["reporting", ""]}, 'name 2 of "labels"'),
    ({"labels": ["reporting", "x" * 101]}, 'name 2 of "labels"'),
    ({"labels": ["reporting", "\ud800"]}, 'name 2 of "labels"'),
    ({"labels": ["reporting", "a\x1b[2J"]}, 'name 2 of "labels"'),
    ({"labels": ["reporting", "reporting"]}, '"labels" has a name twice'),
    ({"labels": "reporting"}, '"labels" is missing or not a list'),
    ({"labels": {"reporting": 1}}, '"labels" is missing or not a list'),
    ({"kinds": [f"kind {number}" for number in range(101)]}, '"kinds" has 101 names'),
    ({"kinds": []}, '"kinds" has 0 names'),
    ({"kinds": [None]}, 'name 1 of "kinds"'),
    ({"thresholds": None}, '"thresholds" is missing or not an object'),
    ({"thresholds": {"balanced": True}}, "the threshold balanced is not a number from 0 to 1"),
    ({"thresholds": {"balanced": "0.5"}}, "the threshold balanced"),
    ({"thresholds": {"balanced": float("nan")}}, "the threshold balanced"),
    ({"thresholds": {"balanced": float("inf")}}, "the threshold balanced"),
    ({"thresholds": {"balanced": -0.1}}, "the threshold balanced"),
    ({"thresholds": {"balanced": 10**400}}, "the threshold balanced"),
    ({"thresholds": {"balanced": [0.5]}}, "the threshold balanced"),
    ({"thresholds": {"": 0.5}}, 'name 1 of "thresholds"'),
    ({"thresholds": {f"t{number}": 0.5 for number in range(101)}}, '"thresholds" has 101 names'),
    ({"thresholds": {"gentle": 0.5, "balanced": 0.4}}, "the threshold gentle is above balanced"),
    ({"thresholds": {"balanced": 0.5, "strict": 0.4}}, "the threshold balanced is above strict"),
    ({"thresholds": {"strict": 0.1, "gentle": 0.5}}, "the threshold gentle is above strict"),
    ({"format": True}, "format True"),
    ({"format": 4.0}, "format 4.0"),
    ({"format": "4" * 1000}, "format '4"),
    ({"format": [4] * 1000}, "format list"),
    ({"features": 2.0}, "features of version 2.0"),
    ({"note": "x" * (1 << 20)}, "larger than any model"),
]


@pytest.mark.parametrize(("changes", "words"), METADATA)
def test_metadata_of_other_types_or_ranges(changes: dict[str, Any], words: str, small: Path) -> None:
    change_metadata(small, **changes)
    said = message(small)
    assert words in said
    assert str(small) in said
    assert len(said) < 1000


@pytest.mark.parametrize("depth", [checks.MAX_NESTING, 900])
def test_deeply_nested_metadata(depth: int, small: Path) -> None:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    change_metadata(small, note=value)
    assert "nested more than 20 levels deep" in message(small)


@pytest.mark.parametrize("value", [True, 1])
def test_a_threshold_may_be_a_whole_number_but_no_truth_value(value: object, small: Path) -> None:
    change_metadata(small, thresholds={"balanced": value})
    assert (error_of(small) is None) == (value is not True)


# Files that are none


@pytest.mark.parametrize("name", [ARRAYS_FILE, METADATA_FILE])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such pipes")
def test_a_pipe_is_not_waited_for(name: str, small: Path) -> None:
    (small / name).unlink()
    os.mkfifo(small / name)
    assert f"{small / name}: not a regular file" in message(small)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/random", "/dev/tty"])
@pytest.mark.parametrize("name", [ARRAYS_FILE, METADATA_FILE])
@pytest.mark.skipif(sys.platform == "win32", reason="this system has no such devices")
def test_a_device(name: str, device: str, small: Path) -> None:
    (small / name).unlink()
    (small / name).symlink_to(device)
    said = message(small)
    assert "not a regular file" in said or "cannot be read" in said


@pytest.mark.parametrize("name", [ARRAYS_FILE, METADATA_FILE])
def test_a_link_to_itself_and_a_folder(name: str, small: Path) -> None:
    (small / name).unlink()
    (small / name).symlink_to(small / name)
    assert str(small / name) in message(small)
    (small / name).unlink()
    (small / name).mkdir()
    assert str(small / name) in message(small)


def test_a_sparse_file_of_a_terabyte(small: Path) -> None:
    with open(small / ARRAYS_FILE, "r+b") as file:
        file.truncate(1 << 40)
    assert "larger than any model" in message(small)


def test_a_linked_model_is_loaded(small: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(small, target_is_directory=True)
    assert load_model(tmp_path / "link") == load_model(small)
