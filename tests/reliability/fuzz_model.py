"""Loads randomly changed models, and predicts with those that load. Not part of the tests: run it for some minutes.

    PYTHONPATH=tests/helpers python tests/reliability/fuzz_model.py --minutes 10

Each try changes the bytes, the values or the metadata of a small model, mostly with its digest made again. It must end
in a `DetectorError`, or in a model whose scores are probabilities and the same with every backend, in less than two
seconds of the processor and 500 MB. The figures are printed; the exit code is 1 if anything else happened.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import random
import resource
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from backends import BACKENDS, backend_named
from fuzz_runs import FuzzRuns
from model_files import small_model
from random_models import random_ensemble
from scoring import scores_of

from detector.errors import DetectorError
from detector.features.context import input_width
from detector.features.hashing import BUCKETS
from detector.inference.linear import LinearModel
from detector.inference.model import Model
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, load_model, save
from detector.text.paragraphs import split

MOST_SECONDS, MOST_BYTES = 2.0, 500 << 20
BAD = ("NOT OURS", "TOO MUCH")
TEXTS = ["The ferry left Hollow Quay at nine.\nSupport us: give 5 € a month!\nRead more", "", "Harbour news\n" * 70]
ODD_VALUES: list[Any] = [
    0, 1, -1, 2, 255, 1 << 16, (1 << 31) - 1, -(1 << 31), 0.5, True, None, "", "float32", "uint8", "x" * 300,
    b"", b"\0" * 64, [], {}, [0], [1, 1], [[]], {"dtype": "int8"}, "\ud800", float("nan"),
]  # fmt: skip
ODD_NUMBERS = np.array(
    [0, -0.0, 1, -1, 1e-45, 1e-38, 1e6, -1e6, 1.01e6, 3e38, np.inf, -np.inf, np.nan, 2.0**19, 1 / 3], dtype=np.float32
)
Content = tuple[bytes, bytes]  # of the two files


def models() -> list[Model]:
    """A small model of one kind, and one of seven kinds with two networks."""
    rng = np.random.default_rng(0)
    small = small_model()
    kinds = tuple(f"kind {number}" for number in range(7))
    weights = np.zeros((BUCKETS, 7), dtype=np.int8)
    weights[::50] = rng.integers(-128, 128, weights[::50].shape)
    larger = replace(
        small, labels=("reporting", "appeal"), kinds=kinds, kind_labels=(0, 0, 0, 1, 1, 1, 1),
        linear=LinearModel(weights, np.full(7, 0.01, np.float32), np.zeros(7, np.float32)),
        networks=random_ensemble(2, 7, ((5, 3), (8, 1)), rng), calibration=np.eye(3, 2, dtype=np.float32),
        thresholds={"gentle": 0.1, "balanced": 0.5, "strict": 0.9},
    )  # fmt: skip
    assert larger.networks.fits(input_width(2, 7), 7)
    return [small, larger]


# Changes


def changed_bytes(content: bytes, chance: random.Random) -> bytes:
    """Some bytes flipped, replaced, removed, repeated or cut off, mostly near the beginning or the end."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 16])):
        size = len(changed)
        at = chance.choice(
            [chance.randrange(size + 1), min(chance.randrange(600), size), max(0, size - chance.randrange(900))]
        )
        some = chance.randrange(1, 9)
        match chance.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([(changed[at] if at < size else 0) ^ 1 << chance.randrange(8)])
            case 1:
                changed[at : at + some] = chance.randbytes(some)
            case 2:
                del changed[at : at + some]
            case 3:
                changed[at:at] = chance.choice(
                    [chance.randbytes(some), b"(" * 50, b"]" * 50, b"\x94" * 50, b"h\x00" * 20]
                )
            case 4:
                changed[at:at] = changed[max(0, at - 40) : at] * some
            case 5 if not chance.randrange(4):
                del changed[at:]
    return bytes(changed)


def places(value: Any, found: list[tuple[Any, Any]] | None = None) -> list[tuple[Any, Any]]:
    """Every container in a value with every key or index of it."""
    found = [] if found is None else found
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], dict | list):
            places(value[key], found)
    return found


def change_value(value: Any, chance: random.Random) -> None:
    """Change one place: another value, a value from elsewhere, another number of an array, or nothing there."""
    container, key = chance.choice(all_places := places(value))
    there = container[key]
    match chance.randrange(5):
        case 0:
            container[key] = chance.choice(ODD_VALUES)
        case 1:
            other, its_key = chance.choice(all_places)
            container[key] = pickle.loads(pickle.dumps(other[its_key]))
        case 2:
            del container[key]
        case 3 if isinstance(there, list):
            container[key] = there * chance.choice([0, 2, 20, 300])
        case _:
            change_number(chance.choice([at for at, _ in all_places if isinstance(at, dict)]), chance)


def change_number(array: dict[str, Any], chance: random.Random) -> None:
    """Change a number of an array, if that is one: of float32 to an odd one, else to any."""
    if not isinstance(array.get("bytes"), bytes) or array.get("compressed") not in (0, 1):
        return
    content = bytearray(zlib.decompress(array["bytes"]) if array["compressed"] else array["bytes"])
    for _ in range(chance.choice([1, 3, 50])):
        if len(content) >= 4:
            at = chance.randrange(len(content) // 4) * 4
            number = chance.choice(ODD_NUMBERS).tobytes() if array.get("dtype") == "float32" else chance.randbytes(4)
            content[at : at + 4] = number
    small = chance.randrange(2)
    array.update(bytes=zlib.compress(bytes(content), 1) if small else bytes(content), compressed=small)


def change_arrays(files: Content, chance: random.Random) -> Content:
    return changed_bytes(files[0], chance), files[1]


def change_payload(files: Content, chance: random.Random) -> Content:
    payload = pickle.loads(files[0])
    for _ in range(chance.choice([1, 1, 2, 3])):
        if payload:
            change_value(payload, chance)
    return pickle.dumps(payload, 4), files[1]


def change_metadata(files: Content, chance: random.Random) -> Content:
    return files[0], changed_bytes(files[1], chance)


def change_fields(files: Content, chance: random.Random) -> Content:
    metadata = json.loads(files[1])
    for _ in range(chance.choice([1, 1, 2])):
        if metadata:
            change_value(metadata, chance)
    return files[0], json.dumps(metadata, default=str).encode("utf-8", "surrogatepass")


CHANGES: list[Callable[[Content, random.Random], Content]] = [
    change_arrays, change_payload, change_payload, change_metadata, change_fields,
]  # fmt: skip


def with_digest(files: Content) -> Content:
    """The files with a digest that fits, where the metadata can still be read."""
    try:
        metadata = json.loads(files[1])
        metadata["sha256"] = hashlib.sha256(files[0]).hexdigest()
        return files[0], json.dumps(metadata).encode()
    except (ValueError, TypeError, RecursionError):
        return files


# Tries


def outcome(folder: Path) -> str:
    """Load a model, and predict with it."""
    try:
        model = load_model(folder)
    except DetectorError as error:
        said = str(error)
        assert len(said) < 1000, f"a message of {len(said)} characters"
        return f"{type(error).__name__}: {kind_of(said)}"
    scores = scores_of(model, TEXTS)
    for values in (scores.labels, scores.kinds):
        assert np.isfinite(values).all(), "a score that is none"
        assert ((values >= 0) & (values <= 1.00001)).all(), "a score out of range"
    for backend in map(backend_named, BACKENDS):
        other = backend.predict(model, split(TEXTS, splitter=backend.split_lines))
        assert np.array_equal(scores.labels, other.labels), f"{backend.name} differs"
        assert np.array_equal(scores.kinds, other.kinds), f"{backend.name} differs"
    return "loaded, and predicted probabilities"


def kind_of(said: str) -> str:
    """The kind of an error: a part of its message that all errors of this kind have."""
    for words in (
        "damaged or changed", "refused as unsafe", "damaged (", "not a model of format", "cannot be read as JSON",
        "the model has format", "features of version", "not an object", "not a model", "larger than any model",
    ):  # fmt: skip
        if words in said:
            return words
    return said[-60:]


def judged(folder: Path, start_memory: int) -> tuple[str, float]:
    """How a try ends, and its seconds of the processor: other processes must not count."""
    start = time.process_time()
    try:
        ended = outcome(folder)
    except Exception as error:  # what this script looks for
        ended = f"NOT OURS: {type(error).__name__}: {str(error)[:100]}"
    spent, grown = time.process_time() - start, memory() - start_memory
    if spent > MOST_SECONDS or grown > MOST_BYTES:
        ended = f"TOO MUCH: {spent:.1f} s, {grown >> 20} MB ({ended})"
    return ended, spent


def memory() -> int:
    """The most bytes that this process has had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def write_files(folder: Path, files: Content) -> None:
    """Write the two files of a model."""
    folder.mkdir(exist_ok=True)
    for name, content in zip((ARRAYS_FILE, METADATA_FILE), files, strict=True):
        (folder / name).write_bytes(content)


def work(seed: int, until: float, folder: Path, report: Any) -> None:
    """Try until a time. What is tried is in the folder, so that it can be looked at if this process dies."""
    chance, counted, slowest, bases = random.Random(seed), Counter[str](), 0.0, []
    for number, model in enumerate(models()):
        save(model, folder / f"base-{number}", {"note": ["x", {"y": 1}]})
        bases.append(tuple((folder / f"base-{number}" / name).read_bytes() for name in (ARRAYS_FILE, METADATA_FILE)))
        outcome(folder / f"base-{number}")  # loads what is loaded once
    start_memory = memory()
    while time.monotonic() < until:
        files = chance.choice(CHANGES)(chance.choice(bases), chance)
        files = with_digest(files) if chance.randrange(10) else files
        write_files(folder / "tried", files)
        ended, spent = judged(folder / "tried", start_memory)
        slowest = max(slowest, spent)
        counted[ended] += 1
        if ended.startswith(BAD):
            write_files(folder / f"failure-{counted.total()}", files)
    report.put((counted, slowest, memory() - start_memory))


def main() -> int:
    """Run tries in a process of their own, which may die, and print the figures."""
    runs = FuzzRuns.asked_for(__doc__.splitlines()[0])
    counted: Counter[str] = Counter()
    for found, slowest, grown in runs.reports(work):
        counted += found
        print(f"slowest try {slowest:.2f} s, memory grew by {grown >> 20} MB")
    print(f"{sum(counted.values()):,} tries")
    for ended, number in counted.most_common():
        print(f"{number:>9,}  {ended}")
    bad = runs.died + sum(number for ended, number in counted.items() if ended.startswith(BAD))
    print(f"{bad} of them ended otherwise than they should" + (f": see {runs.folder}" if bad else ""))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
