"""Time spent in each step of cleaning a file.

While a file is cleaned, the functions of each step are replaced by wrappers that time them. The time of a nested call
counts for the step of the inner function alone. What remains of the total is the last row.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial, wraps
from types import GeneratorType
from typing import Any, NamedTuple
from unittest import mock

import detector.cleaner
from detector import guard
from detector.backend.compiled import CompiledBackend
from detector.backend.reference import NUMPY_BACKEND, NumpyBackend
from detector.cleaner import Cleaner, Prediction
from detector.corpus.counting import DocumentCounter
from detector.corpus.summary import Summary
from detector.features.word_vectors import WordVectors
from detector.formats import jsonl
from detector.inference import predict
from detector.inference.linear import LinearModel
from detector.inference.network import Ensemble
from detector.inference.scores import Backend
from training.bandwidth import memory_bandwidth
from training.in_process import clean_file, using
from training.inputs import MEGABYTE, temporary_folder, write_jsonl
from training.result import Result, Section

OTHER = "other: files, batches"


class _Timed(NamedTuple):
    """The name of a step, the module or class that has a function of it, and the function's name."""

    step: str
    owner: object
    function: str


_BEFORE = (
    _Timed("read JSON", jsonl.JsonLinesFormat, "read"),
    _Timed("encode", detector.cleaner, "split"),
)
_COMPILED = (
    _Timed("split", CompiledBackend, "split_lines"),
    _Timed("score", CompiledBackend, "predict"),
)
_NUMPY = (
    _Timed("split", NumpyBackend, "split_lines"),
    _Timed("words", predict, "tokenize"),
    _Timed("shapes", predict, "shapes"),
    _Timed("n-grams", predict, "ngrams"),
    _Timed("linear model", LinearModel, "logits"),
    _Timed("word vectors", WordVectors, "embed"),
    _Timed("vocabulary", predict, "document_features"),
    _Timed("network inputs", predict, "network_inputs"),
    _Timed("networks", Ensemble, "logits"),
    _Timed("probabilities", predict, "softmax"),
    _Timed("probabilities", predict, "calibrate"),
)
_AFTER = (
    _Timed("guard", guard, "decide"),
    _Timed("results", Cleaner, "predict_batch"),
    _Timed("count", DocumentCounter, "short"),
    _Timed("count", Summary, "add"),
    _Timed("clean text", Prediction, "clean_text"),
    _Timed("write JSON", jsonl._JsonLinesWriter, "write"),
)


@dataclass
class _Timer:
    """The nanoseconds of each step, without those of the steps called from it."""

    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    nested: list[int] = field(default_factory=lambda: [0])  # a stack: nanoseconds of the calls inside each active call

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time counted for a step: of a generator, the time of every item."""

        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            self.nested.append(0)
            start = time.perf_counter_ns()
            try:
                result = function(*arguments, **named)
            finally:
                taken = time.perf_counter_ns() - start
                self.spent[step] += taken - self.nested.pop()
                self.nested[-1] += taken
            return self._timed_items(step, result) if isinstance(result, GeneratorType) else result

        return call

    def _timed_items(self, step: str, items: Iterator[Any]) -> Iterator[Any]:
        end = object()
        return iter(self.timed(step, partial(next, items, end)), end)


@contextlib.contextmanager
def _timing(timer: _Timer, functions: Sequence[_Timed]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for step, owner, name in functions:
            stack.enter_context(mock.patch.object(owner, name, timer.timed(step, getattr(owner, name))))
        yield


def measure(cleaner: Cleaner, texts: Sequence[str], megabytes: float, backend: Backend) -> Section:
    """The nanoseconds per byte of each step of cleaning JSON Lines with a backend."""
    is_numpy = backend is NUMPY_BACKEND
    functions = (*_BEFORE, *(_NUMPY if is_numpy else _COMPILED), *_AFTER)
    with temporary_folder(2 * megabytes) as folder, using(backend):
        source, target = folder / "in.jsonl", folder / "out.jsonl"
        size = write_jsonl(source, texts, megabytes)
        clean_file(cleaner, source, target)  # warm-up
        timer = _Timer()
        with _timing(timer, functions):
            start = time.perf_counter_ns()
            clean_file(cleaner, source, target)
            total = time.perf_counter_ns() - start
    spent = {step: timer.spent[step] for step, _, _ in functions}
    spent[OTHER] = total - sum(spent.values())
    rows = tuple(Result(step, taken / (size * MEGABYTE), "ns/byte") for step, taken in spent.items())
    setting = (
        f"`detector clean` of {size:.0f} MB, JSON Lines to JSON Lines, {backend.name}: "
        f"{total / (size * MEGABYTE):.1f} ns/byte. One thread, one run, start-up and loading excluded. Copying memory "
        f"takes {2 / memory_bandwidth():.2g} ns/byte."
    )
    return Section("Steps, NumPy alone" if is_numpy else "Steps", setting, rows, bars=True)
