"""Megabytes per second of the cleaner and of its rivals on the same lines, in one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from detector.backend.reference import NUMPY_BACKEND
from detector.cleaner import Cleaner
from detector.evaluation.labelled import LabelledDocument
from detector.inference.scores import Backend
from training.in_process import compiled, using
from training.inputs import repetitions, size_in_megabytes
from training.result import Bound, Result, Section, alternate, rate, ratio
from training.rivals import FastText, HashedLinear, Learner

OURS = "predict_many"
NUMPY = f"{OURS}, NumPy alone"
TWO_THREADS = f"{OURS}, two threads"
BOUNDS = {FastText.name: Bound(2.4), HashedLinear.name: Bound(4)}  # our speed relative to a rival's
THREADS = Bound(1.85)
_AIM = 5  # times fastText's speed


def measure(
    cleaner: Cleaner,
    documents: Sequence[LabelledDocument],
    rivals: Sequence[Learner],
    megabytes: float,
    runs: int,
) -> Section:
    """The rates of ``predict_many``, ``clean_many`` and the rivals, and our speed relative to theirs."""
    texts = [document.text for document in documents]
    repeated = repetitions(texts, megabytes)
    lines = [line for text in texts for line in text.split("\n")] * repeated
    texts *= repeated
    size = size_in_megabytes(texts)

    def predict(backend: Backend, threads: int = 1) -> Callable[[], object]:
        def call() -> object:
            with using(backend):
                return sum(map(len, cleaner.predict_many(texts, threads=threads)))

        return call

    fastest = compiled()
    work: dict[str, Callable[[], object]] = {
        OURS: predict(fastest),
        TWO_THREADS: predict(fastest, threads=2),
        "clean_many": lambda: sum(len(cleaned.text) for cleaned in cleaner.clean_many(texts)),
        NUMPY: predict(NUMPY_BACKEND),
    }
    seconds = alternate(work | {rival.name: rival.predictor(lines) for rival in rivals}, runs)
    setting = (
        f"{size:.0f} MB of text: {len(texts):,} documents, {len(lines):,} lines. Alternating runs: {runs}. One thread, "
        f"where the name does not say otherwise. The aim is {_AIM} times the rate of {FastText.name}."
    )
    return Section("Rates", setting, tuple(_rows(seconds, size, [rival.name for rival in rivals])))


def _rows(seconds: dict[str, list[float]], size: float, rivals: Sequence[str]) -> list[Result]:
    rows = [rate(name, size, taken, "MB/s") for name, taken in seconds.items()]
    rows.append(ratio(f"{TWO_THREADS}, relative to one", seconds[OURS], seconds[TWO_THREADS], THREADS))
    for ours in (OURS, NUMPY):
        rows += [
            ratio(
                f"{ours}, relative to {rival}", seconds[rival], seconds[ours],
                BOUNDS.get(rival) if ours == OURS else None,
            )
            for rival in rivals
        ]  # fmt: skip
    return rows
