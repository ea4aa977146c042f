"""What scoring a batch costs: its parts, by models that leave some of them out, and each level of instructions.

The compiled kernels score a batch in one call, within which nothing is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import median

from detector.backend import core
from detector.backend.compiled import CompiledBackend
from detector.cleaner import Cleaner
from detector.features.word_vectors import WordVectors
from detector.inference.model import Model
from detector.inference.network import Ensemble
from detector.inference.scores import Scores
from detector.text.paragraphs import Batch
from detector.util.arrays import Floats
from training.bandwidth import memory_bandwidth
from training.in_process import using
from training.inputs import MEGABYTE, sample, size_in_megabytes
from training.result import Result, Section, alternate

_LARGEST = 20  # megabytes of text: its batches are held in memory
_WITHOUT_VECTORS, _WITHOUT_NETWORKS = "without networks and word vectors", "without networks"


def measure(cleaner: Cleaner, texts: Sequence[str], megabytes: float, runs: int) -> Section:
    """The nanoseconds per byte of the parts of a score, and of the whole with each level of instructions."""
    texts = sample(texts, min(megabytes, _LARGEST))
    size = size_in_megabytes(texts)
    batches = _batches(cleaner, texts)
    levels = core.levels()[::-1]
    linear = replace(cleaner.model, networks=Ensemble.none())
    work = {
        _WITHOUT_VECTORS: _scoring(replace(linear, vectors=WordVectors.none()), batches, levels[0]),
        _WITHOUT_NETWORKS: _scoring(linear, batches, levels[0]),
        **{level: _scoring(cleaner.model, batches, level) for level in levels},
    }
    costs = {
        name: tuple(1e9 * taken / (size * MEGABYTE) for taken in seconds)
        for name, seconds in alternate(work, runs).items()
    }
    setting = (
        f"The scores of {size:.0f} MB of text, split beforehand. One thread, alternating runs: {runs}. The parts are "
        f"differences between models that leave parts out, with the level {levels[0]}."
    )
    return Section("Score", setting, (*_parts(costs, levels[0]), *_levels(costs, levels), *_memory()))


def _parts(costs: dict[str, tuple[float, ...]], level: str) -> Iterator[Result]:
    without_vectors, without_networks, whole = map(
        median, (costs[_WITHOUT_VECTORS], costs[_WITHOUT_NETWORKS], costs[level])
    )
    yield Result("words, n-grams, shapes, linear model", without_vectors, "ns/byte")
    yield Result("word vectors", without_networks - without_vectors, "ns/byte")
    yield Result("network inputs and networks", whole - without_networks, "ns/byte")


def _levels(costs: dict[str, tuple[float, ...]], levels: Sequence[str]) -> Iterator[Result]:
    for level in levels:
        yield Result(f"the whole score, level {level}", median(costs[level]), "ns/byte", None, costs[level])


def _memory() -> Iterator[Result]:
    bandwidth = memory_bandwidth()
    yield Result("memory bandwidth: NumPy copies an array, bytes read and written", bandwidth, "GB/s")
    yield Result("a byte read and written at this bandwidth", 2 / bandwidth, "ns/byte")


class _Recording:
    """A backend that keeps the batches that it scores."""

    def __init__(self) -> None:
        self._backend = CompiledBackend()
        self.name, self.split_lines = self._backend.name, self._backend.split_lines
        self.linear_logits = self._backend.linear_logits
        self.batches: list[Batch] = []

    def predict(self, model: Model, batch: Batch, evidence_logits: Floats | None = None) -> Scores:
        """The scores, as of any backend."""
        self.batches.append(batch)
        return self._backend.predict(model, batch, evidence_logits)


def _batches(cleaner: Cleaner, texts: Sequence[str]) -> list[Batch]:
    """The batches in which a cleaner predicts texts."""
    recording = _Recording()
    with using(recording):
        for _ in cleaner.predict_many(texts):
            pass
    return recording.batches


def _scoring(model: Model, batches: Sequence[Batch], level: str) -> Callable[[], object]:
    backend = CompiledBackend(level)  # one for each model: it packs the model for the kernels once

    def score() -> None:
        for batch in batches:
            backend.predict(model, batch)

    return score
