"""Time spent in each step of cleaning a file.

While a file is cleaned, the functions of each step are replaced by wrappers that time them. The time of a nested call
counts for the step of the inner function alone. What remains of the total is the last row.
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
from typing import Any, TypeAlias
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
from training.inputs import MEGABYTE, temporary_folder, write_jsonl
from training.result import Result, Section

# The name of a step, the module or class that has a function of it, and the function's name.
_Timed: TypeAlias = tuple[str, object, str]

OTHER = "other: files, batches, result objects"
_BOTH_BACKENDS: tuple[_Timed, ...] = (
    ("read JSON", jsonl, "_plain_record"),
    ("split", detector.cleaner, "split"),
    ("networks", Ensemble, "logits"),
    ("probabilities", detector.inference.predict, "calibrate"),
    ("count", Summary, "add"),
    ("clean text", Prediction, "clean_text"),
    ("write JSON", jsonl._JsonLinesWriter, "write"),
)
_NUMPY: tuple[_Timed, ...] = (
    ("words", reference, "tokenize"),
    ("shapes", reference, "shapes"),
    ("n-grams", reference, "ngrams"),
    ("linear model", LinearModel, "logits"),
    ("word vectors", WordVectors, "embed"),
    ("vocabulary", context, "document_features"),
    ("network inputs", context, "network_inputs"),
    ("probabilities", reference.NumpyBackend, "softmax"),
)
_KERNELS = (
    ("words, n-grams, shapes, linear model, word vectors, vocabulary", "first_stage"),
    ("network inputs", "network_inputs"),
    ("probabilities", "softmax"),
)


@dataclass
class _Timer:
    """The nanoseconds of each step, without those of the steps called from it."""

    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    nested: list[int] = field(default_factory=lambda: [0])  # a stack: nanoseconds of the calls inside each active call

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time counted for a step."""

        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            self.nested.append(0)
            start = time.perf_counter_ns()
            try:
                return function(*arguments, **named)
            finally:
                taken = time.perf_counter_ns() - start
                self.spent[step] += taken - self.nested.pop()
                self.nested[-1] += taken

        return call


@contextlib.contextmanager
def _timing(timer: _Timer, functions: Sequence[_Timed]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for step, owner, name in functions:
            stack.enter_context(mock.patch.object(owner, name, timer.timed(step, getattr(owner, name))))
        yield


def measure(cleaner: Cleaner, texts: Sequence[str], megabytes: float, numba: bool) -> Section:
    """The nanoseconds per byte of each step of cleaning JSON Lines, with numba or with NumPy alone."""
    functions = _BOTH_BACKENDS + (_compiled() if numba else _NUMPY)
    with temporary_folder(2 * megabytes) as folder, mock.patch.dict(os.environ, {VARIABLE: str(int(numba))}):
        source = folder / "in.jsonl"
        size = write_jsonl(source, texts, megabytes)
        _clean(cleaner, source)  # warm-up: loads the kernels, and compiles them if necessary
        timer = _Timer()
        with _timing(timer, functions):
            start = time.perf_counter_ns()
            _clean(cleaner, source)
            total = time.perf_counter_ns() - start
    spent = {step: timer.spent[step] for step in dict.fromkeys(step for step, _, _ in _in_order(functions))}
    spent[OTHER] = total - sum(spent.values())
    rows = tuple(Result(step, taken / (size * MEGABYTE), "ns/byte") for step, taken in spent.items())
    backend = "with the extra `speed`" if numba else "with NumPy alone"
    setting = (
        f"`detector clean` of {size:.0f} MB, JSON Lines to JSON Lines, {backend}: "
        f"{total / (size * MEGABYTE):.1f} ns/byte. One thread, one run, start-up and loading excluded."
    )
    return Section(f"Steps, {backend}", setting, rows, bars=True)


def _compiled() -> tuple[_Timed, ...]:
    from detector.backend.compiled import CompiledBackend

    return tuple((step, CompiledBackend, name) for step, name in _KERNELS)


def _in_order(functions: Sequence[_Timed]) -> Iterator[_Timed]:
    """The functions as they are called: those of one backend after the first two, which read and split."""
    both = len(_BOTH_BACKENDS)
    yield from functions[:2]
    yield from functions[both:]
    yield from functions[2:both]


def _clean(cleaner: Cleaner, source: Path) -> None:
    clean_all(plan([str(source)], source.with_name("out.jsonl")), Run(cleaner), Options(), _fail)


def _fail(message: object) -> None:
    raise RuntimeError(message)
