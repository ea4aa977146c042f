"""How the cost grows with the input: more documents, longer ones, ever so many of one line. In this process.

Each row of inputs is made of the same texts, repeated, so that nothing but the size differs; all of them are judged on
the same path, with numba where it is installed. Start and loading are not in the figures.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from unittest import mock

from detector.backend.switch import VARIABLE
from detector.cleaner import Cleaner
from detector.corpus.all_files import Options, clean_all
from detector.corpus.one_file import Run
from detector.corpus.plan import plan
from training.child import CommandError
from training.material import MEGABYTE, room, sample, write_jsonl, write_lines, write_text
from training.measured import Must, Part, Row, installed

LINEAR = Must(1.1, most=True)
_SAMPLE = 1.0  # megabytes of texts that the inputs are made of
_MANY_RUNS = 200  # megabytes up to which an input is cleaned several times
_LINE = 200e-6  # megabytes of a document of one line, more than the mean, to tell how much room they take


@dataclass(frozen=True)
class Sizes:
    """What is measured: megabytes of many documents, megabytes of a single one, numbers of documents of one line."""

    megabytes: tuple[float, ...] = (1, 10, 100, 1000)
    single: tuple[float, ...] = (1, 10, 100)
    lines: tuple[int, ...] = (100_000, 1_000_000, 10_000_000)

    @property
    def largest(self) -> float:
        """Megabytes of the largest input, about."""
        return max(*self.megabytes, *self.single, *(_LINE * number for number in self.lines))


FULL = Sizes()


def measure(cleaner: Cleaner, texts: Sequence[str], runs: int, sizes: Sizes = FULL, folder: Path | None = None) -> Part:
    """Nanoseconds a byte, and for documents of one line a document, at each size; the dearest against the cheapest."""
    texts = sample(texts, _SAMPLE)
    path = "1" if installed("numba") else "0"
    with room(2 * sizes.largest, folder) as place, mock.patch.dict(os.environ, {VARIABLE: path}):
        clock = _Clock(cleaner, place, runs)
        clock.seconds("a.jsonl", partial(write_jsonl, texts=texts, megabytes=min(10, sizes.megabytes[-1])))  # warms up
        rows = (
            *_judged(
                [
                    clock.row(
                        f"{size:,g} MB of documents", "a.jsonl", partial(write_jsonl, texts=texts, megabytes=size)
                    )
                    for size in sizes.megabytes
                ]
            ),
            *_judged(
                [
                    clock.row(
                        f"one document of {size:,g} MB", "a.txt", partial(write_text, texts=texts, megabytes=size)
                    )
                    for size in sizes.single
                ]
            ),
            *_judged(
                [
                    clock.row(
                        f"{number:,} documents of a line", "a.jsonl", partial(write_lines, texts=texts, number=number)
                    )
                    for number in sizes.lines
                ]
            ),
        )
    setting = (
        f"Texts of {_SAMPLE:g} MB, repeated; runs: {runs}, above {_MANY_RUNS} MB one. "
        f"{'With the extra `speed`' if path == '1' else 'On numpy alone'}."
    )
    return Part("Growth", setting, rows)


def _judged(rows: Sequence[Row]) -> tuple[Row, ...]:
    costs = [row.value for row in rows]
    return (*rows, Row("the dearest byte of these against the cheapest", max(costs) / min(costs), "×", LINEAR))


@dataclass(frozen=True)
class _Clock:
    cleaner: Cleaner
    place: Path
    runs: int

    def row(self, what: str, name: str, write: Callable[[Path], float]) -> Row:
        """Nanoseconds a byte of an input."""
        megabytes, seconds = self.seconds(name, write)
        costs = tuple(1e9 * taken / (megabytes * MEGABYTE) for taken in seconds)
        return Row(what, median(costs), "ns a byte", None, costs)

    def seconds(self, name: str, write: Callable[[Path], float]) -> tuple[float, list[float]]:
        """Megabytes of an input, and the seconds of each run that cleans it."""
        source, target = self.place / name, self.place / f"out-{name}"
        megabytes = write(source)
        seconds = [self._run(source, target) for _ in range(self.runs if megabytes <= _MANY_RUNS else 1)]
        source.unlink()
        target.unlink()
        return megabytes, seconds

    def _run(self, source: Path, target: Path) -> float:
        complaints: list[str] = []
        start = time.perf_counter()
        clean_all(plan([str(source)], target), Run(self.cleaner), Options(), complaints.append)
        seconds = time.perf_counter() - start
        if complaints:
            raise CommandError(f"{source}: {complaints[0]}")
        return seconds
