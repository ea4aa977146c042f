"""Compares the compiled kernels with NumPy and Python, on random input. Not part of the tests: run it for some minutes.

    PYTHONPATH=tests/helpers python tests/reliability/fuzz_kernels.py --minutes 10

Most tries score random texts with a random model: the lines and the arrays of every step must be NumPy's, to the last
bit, at every level of instructions. The other tries read and write lines of JSON as `detector.formats.jsonl` does. The
figures are printed; the exit code is 1 if anything differs, or the process dies.
"""

from __future__ import annotations

import json
import pickle
import random
import sys
import time
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from backends import BACKENDS, backend_named
from bounds import bounds_of
from fuzz_runs import FuzzRuns
from generated_texts import generated_text, seed_documents
from json_variants import variant
from odd_texts import ODD_TEXTS
from prediction_steps import assert_same_steps, numpy_steps
from random_models import random_model
from same import assert_same
from texts import AWKWARD, WORDS

from detector.backend import core
from detector.backend.reference import NUMPY_BACKEND
from detector.features.tokens import tokenize
from detector.formats import jsonl
from detector.formats.base import Fields, Record
from detector.inference.model import Model
from detector.text.paragraphs import BACK, FRONT, split
from detector.text.reading import divide_long

TRIES_PER_MODEL, JSON_TRIES = 60, 600
BAD = "DIFFERENT"
FIELDS = [Fields("text", "id"), Fields("a.text", "a.id"), Fields("a.text", "id"), Fields("text", "text")]
BYTES = b'{}[]":,\\/u0dDeE.+-ntrf \n\t\x00\x1f\x7f\x80\xbf\xc0\xc2\xe0\xed\xa0\xf0\xf4\x90\xffA9'


# Scores


@lru_cache(maxsize=1)
def any_model(seed: int) -> Model:
    """A model of any size that knows every other one of some words."""
    chance, sources = random.Random(seed), seed_documents()
    known = tokenize(split(chance.sample(sources, 40) + ODD_TEXTS["every character"])).hashes
    sizes = tuple((chance.randrange(1, 65), chance.randrange(1, 25)) for _ in range(chance.randrange(4)))
    kinds, scale = chance.randrange(1, 45), chance.choice([1, 1, 1, 1e-3, 1e4])
    known = np.unique(known) if chance.randrange(5) else known[:0]
    return random_model(kinds, known, sizes, chance.randrange(1, min(kinds, 9) + 1), scale)


def any_texts(sources: list[str], chance: random.Random) -> list[str]:
    """Some texts, or one whose paragraphs are longer than what is read at a time."""
    match chance.randrange(8):
        case 0:
            pieces = chance.choices(WORDS + AWKWARD, k=4)
            return ["".join(piece * chance.choice([1, 20, 600]) for piece in pieces)]
        case 1:
            return [generated_text(sources, chance).replace("\n", " ") * chance.randrange(20)]
        case 2:
            return chance.choice(list(ODD_TEXTS.values()))
    return [generated_text(sources, chance) for _ in range(chance.randrange(1, 30))]


def compare_scores(model_seed: int, texts: list[str], is_blank: bool) -> str:
    """Raises `AssertionError` if the lines, or the arrays of a step, are others."""
    model = any_model(model_seed)
    blobs = [text.encode("utf-8", "surrogatepass") for text in texts]
    buffer = b"\n" * FRONT + b"\n".join(blobs) + b"\n" * BACK
    origin = FRONT + bounds_of([len(blob) + 1 for blob in blobs])
    lines, batch = NUMPY_BACKEND.split_lines(buffer, origin), split(texts, "blank" if is_blank else "line")
    batches = [batch]
    if parts := divide_long(batch):
        batches.append(parts.batch)
    steps = [(each, numpy_steps(model, each)) for each in batches]
    for backend in map(backend_named, BACKENDS[1:]):
        assert_same(lines, backend.split_lines(buffer, origin), backend.name)
        for each, expected in steps:
            assert_same_steps(backend, model, each, expected)
    return "batches with the same lines and steps"


# JSON Lines


def any_line(sources: list[str], chance: random.Random) -> bytes:
    """A line of JSON, mostly with some bytes replaced."""
    text = generated_text(sources, chance)[: chance.randrange(300)]
    value = chance.choice([text, text, text, None, [text], 7, {"text": text, "id": 1}])
    record = {
        "id": chance.choice([1, "é", None, 10**30, 1.5]),
        "text": value,
        "a": {"text": text, "x": [value], "id": "b"},
    }
    items = list(record.items())
    chance.shuffle(items)
    spaces = chance.choice([None, (",", ":"), (" , ", " : ")])
    line = json.dumps(dict(items), ensure_ascii=bool(chance.randrange(2)), separators=spaces)
    changed = bytearray((line.replace("/", "\\/") if chance.randrange(2) else line).encode("utf-8", "surrogatepass"))
    for _ in range(chance.choice([0, 0, 0, 1, 1, 4])):
        at = chance.randrange(len(changed) + 1)
        changed[at : at + chance.randrange(3)] = bytes([chance.choice(BYTES)])
    return bytes(changed)


def compare_json(line: bytes, fields: Fields, text: str) -> str:
    """Raises `AssertionError` if what is compiled reads or writes a line in another way than Python."""
    found = core.read_json_line(line, fields.text.encode(), fields.id.encode())
    if found is None:
        return "lines of JSON that are left to Python"
    with variant("standard"):
        (record,) = jsonl._records(line, "file", 1, fields)
        assert isinstance(record, Record)
        assert (record.text, record.id) == (found[0], "file:1" if found[1] is None else found[1])
        expected = None if record.text is None else record.raw.with_text(text).line
    if expected is not None:
        assert jsonl._Line(line, (), *found[2:]).with_text(text).line == expected
    return "lines of JSON that are read and written as in Python"


# Tries


def work(seed: int, until: float, folder: Path, report: Any) -> None:
    """Try until a time. What is tried is in the folder, so that it can be looked at if this process dies."""
    chance, counted, sources = random.Random(seed), Counter[str](), seed_documents()

    def attempt(call: Any, *given: Any) -> None:
        (folder / "tried").write_bytes(pickle.dumps(given))
        try:
            counted[call(*given)] += 1
        except Exception as error:  # what this script looks for
            counted[f"{BAD}: {type(error).__name__}: {' '.join(str(error).split())[:100]}"] += 1
            (folder / "tried").rename(folder / f"failure-{counted.total()}")

    while time.monotonic() < until:
        model_seed = chance.randrange(1 << 32)
        for _ in range(TRIES_PER_MODEL):
            attempt(compare_scores, model_seed, any_texts(sources, chance), not chance.randrange(4))
        for _ in range(JSON_TRIES):
            text = generated_text(sources, chance)[:200]
            attempt(compare_json, any_line(sources, chance), chance.choice(FIELDS), text)
    report.put(counted)


def main() -> int:
    """Run tries in processes of their own, which may die, and print the figures."""
    runs = FuzzRuns.asked_for(__doc__.splitlines()[0])
    counted: Counter[str] = Counter()
    for found in runs.reports(work):
        counted += found
    print(f"levels: {', '.join(BACKENDS[1:])}")
    for ended, number in counted.most_common():
        print(f"{number:>9,}  {ended}")
    bad = runs.died + sum(number for ended, number in counted.items() if ended.startswith(BAD))
    print(f"{bad} of {counted.total():,} tries differ" + (f": see {runs.folder}" if bad else ""))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
