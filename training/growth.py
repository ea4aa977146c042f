"""How the cost per byte grows with the input: with more documents, longer ones, and many of one line.

All inputs repeat the same texts, so that they differ in size alone. All are cleaned in this process. Start-up
and loading are excluded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from detector.cleaner import Cleaner
from training.in_process import clean_file
from training.inputs import MEGABYTE, sample, temporary_folder, write_jsonl, write_one_line_documents, write_text
from training.result import Bound, Result, Section, seconds_of

LINEAR = Bound(1.1, upper=True)
_SAMPLE = 1.0  # megabytes of texts that the inputs repeat
_REPEATED_UP_TO = 200  # megabytes; larger inputs are cleaned once
_ONE_LINE_DOCUMENT = 200e-6  # megabytes, more than the mean, to estimate the disk space needed


@dataclass(frozen=True)
class Sizes:
    """The sizes to measure.

    ``megabytes`` of many documents, megabytes of a ``single`` document, and numbers of documents of one line.
    """

    megabytes: tuple[float, ...] = (1, 10, 100, 1000)
    single: tuple[float, ...] = (1, 10, 100)
    one_line: tuple[int, ...] = (100_000, 1_000_000, 10_000_000)

    @property
    def largest(self) -> float:
        """The size of the largest input in megabytes, estimated."""
        return max(*self.megabytes, *self.single, *(_ONE_LINE_DOCUMENT * number for number in self.one_line))


FULL = Sizes()


def measure(
    cleaner: Cleaner, texts: Sequence[str], runs: int, sizes: Sizes = FULL, parent: Path | None = None
) -> Section:
    """The cost per byte at each size, and the ratio of the highest cost to the lowest."""
    texts = sample(texts, _SAMPLE)
    with temporary_folder(2 * sizes.largest, parent) as folder:
        timer = _Timer(cleaner, folder, runs)
        warm_up = min(10, sizes.megabytes[-1])
        timer.seconds("a.jsonl", partial(write_jsonl, texts=texts, megabytes=warm_up))
        rows = (
            *_with_ratio([
                timer.cost(f"{size:,g} MB of documents", "a.jsonl", partial(write_jsonl, texts=texts, megabytes=size))
                for size in sizes.megabytes
            ]),
            *_with_ratio([
                timer.cost(f"one document of {size:,g} MB", "a.txt", partial(write_text, texts=texts, megabytes=size))
                for size in sizes.single
            ]),
            *_with_ratio([
                timer.cost(
                    f"{number:,} documents of one line", "a.jsonl",
                    partial(write_one_line_documents, texts=texts, number=number),
                )
                for number in sizes.one_line
            ]),
        )  # fmt: skip
    setting = f"Texts of {_SAMPLE:g} MB, repeated. Runs of each: {runs}, above {_REPEATED_UP_TO} MB one."
    return Section("Growth", setting, rows)


def _with_ratio(costs: Sequence[Result]) -> tuple[Result, ...]:
    values = [cost.value for cost in costs]
    return (*costs, Result("highest cost of these relative to the lowest", max(values) / min(values), "×", LINEAR))


@dataclass(frozen=True)
class _Timer:
    cleaner: Cleaner
    folder: Path
    runs: int

    def cost(self, name: str, file_name: str, write: Callable[[Path], float]) -> Result:
        """The nanoseconds per byte of cleaning an input."""
        megabytes, seconds = self.seconds(file_name, write)
        costs = tuple(1e9 * taken / (megabytes * MEGABYTE) for taken in seconds)
        return Result(name, median(costs), "ns/byte", None, costs)

    def seconds(self, file_name: str, write: Callable[[Path], float]) -> tuple[float, list[float]]:
        """Write an input. Returns its size in megabytes, and the seconds of each run that cleans it."""
        source, target = self.folder / file_name, self.folder / f"out-{file_name}"
        megabytes = write(source)
        runs = self.runs if megabytes <= _REPEATED_UP_TO else 1
        seconds = [seconds_of(partial(clean_file, self.cleaner, source, target)) for _ in range(runs)]
        source.unlink()
        target.unlink()
        return megabytes, seconds
