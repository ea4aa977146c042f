"""Measure the version of this package that an interpreter finds: a script that `training.versions` runs.

It uses nothing but ``detector.load`` and the cleaner's ``clean`` and ``predict_many``, which all versions have. Its
argument is a file of `training.versions.Inputs`. It prints a line of JSON about itself; then, for each line that it
reads, which is the name of one of its measurements, a line with the seconds.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import detector

_LIBRARIES = ("numpy", "numba")


def main(inputs: Path) -> None:
    """Load the shipped model, and answer until standard input ends."""
    given = json.loads(inputs.read_text(encoding="utf-8"))
    load = detector.load  # imports what it needs
    start = time.perf_counter()
    cleaner = load()
    loading = time.perf_counter() - start
    cleaner.clean(given["articles"][0])  # imports the libraries that it computes with
    _answer(_about() | {"load": loading})
    texts = given["texts"] * given["repeated"]
    measurements: Mapping[str, Callable[[], float]] = {
        "predict_many": lambda: _seconds(lambda: sum(map(len, cleaner.predict_many(texts)))),
        "clean": lambda: _seconds_of_one(cleaner.clean, given["articles"]),
    }
    for line in sys.stdin:
        _answer(measurements[line.strip()]())


def _about() -> dict[str, Any]:
    libraries = {name: metadata.version(name) for name in _LIBRARIES if name in sys.modules}
    return {
        "version": detector.__version__, "file": str(Path(detector.__file__).resolve()),
        "libraries": {"Python": platform.python_version(), **libraries},
    }  # fmt: skip


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _seconds_of_one(clean: Callable[[str], object], articles: Sequence[str]) -> float:
    """The median seconds of a call."""

    def call(article: str) -> Callable[[], object]:
        return lambda: clean(article)

    return median(_seconds(call(article)) for article in articles)


def _answer(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
