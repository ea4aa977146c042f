"""Megabytes a second of the cleaner and of its rivals on the same lines, in one process of one thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from unittest import mock

from detector.backend.switch import VARIABLE
from detector.cleaner import Cleaner
from detector.evaluation.labelled import LabelledDocument
from training.material import size, times
from training.measured import Must, Part, Row, in_turns, installed, rate, ratio
from training.rivals import FastText, HashedLinear, Learner

OURS = "predict_many"
NUMPY = f"{OURS}, numpy alone"
MUSTS = {FastText.name: Must(2), HashedLinear.name: Must(4)}  # times as fast


def on_path(path: str, work: Callable[[], object]) -> Callable[[], object]:
    """The work with numba (``1``) or without it (``0``), whatever the environment says."""

    def piece() -> object:
        with mock.patch.dict(os.environ, {VARIABLE: path}):
            return work()

    return piece


def measure(
    cleaner: Cleaner,
    documents: Sequence[LabelledDocument],
    rivals: Sequence[Learner],
    megabytes: float,
    runs: int,
) -> Part:
    """Rates of ``predict_many``, ``clean_many`` and the rivals, and how many times as fast ours is."""
    texts = [document.text for document in documents]
    number = times(texts, megabytes)
    lines = [line for text in texts for line in text.split("\n")] * number
    texts *= number
    amount = size(texts)
    best = "1" if installed("numba") else "0"
    work: dict[str, Callable[[], object]] = {
        OURS: on_path(best, lambda: sum(len(p) for p in cleaner.predict_many(texts))),
        "clean_many": on_path(best, lambda: sum(len(c.text) for c in cleaner.clean_many(texts))),
    }
    if best == "1":
        work[NUMPY] = on_path("0", lambda: sum(len(p) for p in cleaner.predict_many(texts)))
    work |= {rival.name: rival.on(lines) for rival in rivals}
    seconds = in_turns(work, runs)
    setting = (
        f"{amount:.0f} MB of text: {len(texts):,} documents, {len(lines):,} lines. One thread, runs in turns: {runs}. "
        f"`{OURS}` {'with the extra `speed`' if best == '1' else 'on numpy alone'}."
    )
    return Part("Rates", setting, tuple(_rows(seconds, amount, [rival.name for rival in rivals])))


def _rows(seconds: dict[str, list[float]], amount: float, rivals: Sequence[str]) -> list[Row]:
    rows = [rate(name, amount, taken, "MB/s") for name, taken in seconds.items()]
    for ours in (name for name in (OURS, NUMPY) if name in seconds):
        rows += [
            ratio(f"{ours}, against {rival}", seconds[rival], seconds[ours], MUSTS.get(rival) if ours == OURS else None)
            for rival in rivals
        ]
    return rows
