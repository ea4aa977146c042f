"""Where the time goes: the very functions that the command calls, timed while it cleans a file.

Every function of a step is replaced for the time by one that calls it and looks at the clock. What a timed function
calls of other steps counts for them, not for it; what is left of the whole counts as the rest.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any
from unittest import mock

import detector.cleaner
import detector.inference.predict
from detector.backend import reference
from detector.backend.switch import VARIABLE
from detector.cleaner import Cleaner, Prediction
from detector.corpus.all_files import Options, clean_all
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from detector.corpus.summary import Summary
from detector.features import context
from detector.features.word_vectors import WordVectors
from detector.formats import jsonl
from detector.inference.linear import LinearModel
from detector.inference.network import Ensemble
from training.material import MEGABYTE, room, write_jsonl
from training.measured import Part, Row

REST = "the rest: files, batches, results as objects"
_EVERY_PATH: tuple[tuple[str, object, str], ...] = (
    ("read JSON", jsonl, "_record"),
    ("split", detector.cleaner, "split"),
    ("networks", Ensemble, "scores"),
    ("probabilities", detector.inference.predict, "calibrate"),
    ("count", Summary, "add"),
    ("clean text", Prediction, "clean_text"),
    ("write JSON", jsonl._JsonLinesWriter, "write"),
)
_NUMPY: tuple[tuple[str, object, str], ...] = (
    ("words", reference, "tokenize"),
    ("shapes", reference, "shapes"),
    ("n-grams", reference, "ngrams"),
    ("sums of weights", LinearModel, "scores"),
    ("word vectors", WordVectors, "embed"),
    ("vocabulary", context, "document_features"),
    ("context rows", context, "network_inputs"),
    ("probabilities", reference.NumpyBackend, "softmax"),
)
_KERNELS = (
    ("words, n-grams, shapes, sums of weights, word vectors, vocabulary", "first_stage"),
    ("context rows", "network_inputs"),
    ("probabilities", "softmax"),
)


@dataclass
class _Clock:
    """Nanoseconds of each step, without those of the steps inside it."""

    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    inside: list[int] = field(default_factory=lambda: [0])  # nanoseconds of the calls made by each call under way

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted for the step."""

        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            self.inside.append(0)
            start = time.perf_counter_ns()
            try:
                return function(*arguments, **named)
            finally:
                taken = time.perf_counter_ns() - start
                self.spent[step] += taken - self.inside.pop()
                self.inside[-1] += taken

        return call


@contextlib.contextmanager
def _timed(clock: _Clock, functions: Sequence[tuple[str, object, str]]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for step, owner, name in functions:
            stack.enter_context(mock.patch.object(owner, name, clock.timed(step, getattr(owner, name))))
        yield


def measure(cleaner: Cleaner, texts: Sequence[str], megabytes: float, numba: bool) -> Part:
    """Nanoseconds a byte of each step of cleaning JSON Lines, with numba or on numpy alone."""
    functions = _EVERY_PATH + (_compiled() if numba else _NUMPY)
    with room(2 * megabytes) as place, mock.patch.dict(os.environ, {VARIABLE: str(int(numba))}):
        source = place / "in.jsonl"
        written = write_jsonl(source, texts, megabytes)
        _clean(cleaner, source)  # loads and, where they are not yet, compiles the kernels
        clock = _Clock()
        with _timed(clock, functions):
            start = time.perf_counter_ns()
            _clean(cleaner, source)
            whole = time.perf_counter_ns() - start
    spent = {step: clock.spent[step] for step in dict.fromkeys(step for step, _, _ in _in_order(functions))}
    spent[REST] = whole - sum(spent.values())
    rows = tuple(Row(step, taken / (written * MEGABYTE), "ns a byte") for step, taken in spent.items())
    path = "with the extra `speed`" if numba else "on numpy alone"
    setting = (
        f"`detector clean` of {written:.0f} MB, JSON Lines to JSON Lines, {path}: "
        f"{whole / (written * MEGABYTE):.1f} ns a byte, one thread, one run, start and loading not included."
    )
    return Part(f"Steps, {path}", setting, rows, bars=True)


def _compiled() -> tuple[tuple[str, object, str], ...]:
    from detector.backend.compiled import CompiledBackend

    return tuple((step, CompiledBackend, name) for step, name in _KERNELS)


def _in_order(functions: Sequence[tuple[str, object, str]]) -> Iterator[tuple[str, object, str]]:
    """As they come about: what the path does of its own stands between splitting and probabilities."""
    every = len(_EVERY_PATH)
    yield from functions[:2]
    yield from functions[every:]
    yield from functions[2:every]


def _clean(cleaner: Cleaner, source: Path) -> None:
    clean_all(plan([str(source)], source.with_name("out.jsonl")), Run(cleaner), Options(), _fail)


def _fail(line: str) -> None:
    raise RuntimeError(line)
