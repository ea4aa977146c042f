"""Megabytes per second of the cleaner and of its rivals on the same lines, in one process with one thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from unittest import mock

from detector.backend.switch import VARIABLE
from detector.cleaner import Cleaner
from detector.evaluation.labelled import LabelledDocument
from training.inputs import repetitions, size_in_megabytes
from training.result import Bound, Result, Section, alternate, installed, rate, ratio
from training.rivals import FastText, HashedLinear, Learner

OURS = "predict_many"
NUMPY = f"{OURS}, NumPy alone"
BOUNDS = {FastText.name: Bound(2), HashedLinear.name: Bound(4)}  # our speed relative to a rival's


def with_numba(setting: str, function: Callable[[], object]) -> Callable[[], object]:
    """The function with numba switched on (``1``) or off (``0``) while it runs."""

    def call() -> object:
        with mock.patch.dict(os.environ, {VARIABLE: setting}):
            return function()

    return call


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
    fastest = "1" if installed("numba") else "0"
    work: dict[str, Callable[[], object]] = {
        OURS: with_numba(fastest, lambda: sum(len(p) for p in cleaner.predict_many(texts))),
        "clean_many": with_numba(fastest, lambda: sum(len(c.text) for c in cleaner.clean_many(texts))),
    }
    if fastest == "1":
        work[NUMPY] = with_numba("0", lambda: sum(len(p) for p in cleaner.predict_many(texts)))
    work |= {rival.name: rival.predictor(lines) for rival in rivals}
    seconds = alternate(work, runs)
    setting = (
        f"{size:.0f} MB of text: {len(texts):,} documents, {len(lines):,} lines. One thread, alternating runs: {runs}. "
        f"`{OURS}` {'with the extra `speed`' if fastest == '1' else 'with NumPy alone'}."
    )
    return Section("Rates", setting, tuple(_rows(seconds, size, [rival.name for rival in rivals])))


def _rows(seconds: dict[str, list[float]], size: float, rivals: Sequence[str]) -> list[Result]:
    rows = [rate(name, size, taken, "MB/s") for name, taken in seconds.items()]
    for ours in (name for name in (OURS, NUMPY) if name in seconds):
        rows += [
            ratio(
                f"{ours}, relative to {rival}", seconds[rival], seconds[ours],
                BOUNDS.get(rival) if ours == OURS else None,
            )
            for rival in rivals
        ]  # fmt: skip
    return rows
