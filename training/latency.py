"""Milliseconds: single calls in a warm process, and what fresh processes take to import, load, and clean a text."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from detector.cleaner import Cleaner
from training.inputs import articles, temporary_folder
from training.processes import IMPORT_NUMPY, NUMPY, STARTS
from training.result import Bound, Result, Section, alternate, collect, duration, ratio
from training.subprocesses import command_environment, run
from training.versions import THIS, Inputs, working

LOAD = Bound(15, upper=True)  # milliseconds
CALLS = 1000  # of each size in each run
_SIZES = (2_000, 10_000, 50_000)  # bytes
_ARTICLES = 100  # of each size
_TEXT = "The bridge reopened on Monday, the council said.\nSubscribe to our newsletter!\n"
_IMPORT = "import detector"
_CLEAN = f"import detector; detector.clean({_TEXT!r})"
_FRESH = {"`import detector`": _IMPORT, "`import detector`, `detector.clean` of a short text": _CLEAN}


def measure(cleaner: Cleaner, texts: Sequence[str], runs: int, calls: int = CALLS) -> Section:
    """The 50th and 99th percentiles of calls of ``clean``, and the times of fresh processes."""
    rows = [*_calls(cleaner, texts, runs, calls), *_fresh_processes(texts, STARTS * runs)]
    setting = (
        f"`clean` of articles: up to {_ARTICLES} of each size, made of consecutive paragraphs; calls of each size: "
        f"{calls:,} in each of {runs} alternating runs, in one warm process with one thread. Fresh processes: "
        f"{STARTS * runs} alternating runs of each. `detector.load()` does not include imports."
    )
    return Section("Latency", setting, tuple(rows))


def _calls(cleaner: Cleaner, texts: Sequence[str], runs: int, calls: int) -> list[Result]:
    taken: dict[str, list[list[float]]] = {}

    def timed(size: int) -> Callable[[], object]:
        given, results = articles(texts, size, min(_ARTICLES, calls)), taken.setdefault(_kilobytes(size), [])
        return lambda: results.append([_milliseconds(cleaner, given[call % len(given)]) for call in range(calls)])

    alternate({_kilobytes(size): timed(size) for size in _SIZES}, runs)
    rows = []
    for size, results in taken.items():
        for percentile in (50, 99):
            values = [float(np.percentile(result, percentile)) for result in results[1:]]  # the first is the warm-up
            rows.append(Result(f"`clean`, {size}, p{percentile}", float(np.median(values)), "ms", None, tuple(values)))
    return rows


def _kilobytes(size: int) -> str:
    return f"{size / 1000:g} kB"


def _milliseconds(cleaner: Cleaner, text: str) -> float:
    start = time.perf_counter_ns()
    cleaner.clean(text)
    return (time.perf_counter_ns() - start) / 1e6


def _fresh_processes(texts: Sequence[str], starts: int) -> list[Result]:
    with temporary_folder(100) as folder:
        environment = command_environment(folder)
        commands = {NUMPY: IMPORT_NUMPY} | {name: (sys.executable, "-c", code) for name, code in _FRESH.items()}
        seconds = alternate({name: partial(run, command, environment) for name, command in commands.items()}, starts)
        inputs = Inputs(texts[:1], texts[:1]).write(folder / "inputs.json")
        loading = collect({"load": partial(_load, inputs, folder)}, starts)["load"]
    return [
        *(ratio(f"{name}, relative to {NUMPY}", seconds[name], seconds[NUMPY]) for name in _FRESH),
        *(duration(name, seconds[name]) for name in commands),
        duration("`detector.load()`", loading, LOAD),
    ]


def _load(inputs: Path, folder: Path) -> float:
    with contextlib.ExitStack() as stack:
        return stack.enter_context(working(THIS, inputs, folder)).about.load
