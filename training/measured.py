"""What was measured, as rows that say what they had to be: timing in turns, medians, the machine."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata, util
from pathlib import Path
from typing import Any

_CPU = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Must:
    """A limit that a figure has to keep: at least ``limit``, or with ``most`` at most."""

    limit: float
    most: bool = False

    def met(self, value: float) -> bool:
        """Whether a figure keeps it."""
        return value <= self.limit if self.most else value >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.most else '≥'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what it is of, its unit, what it had to be, and the figure of each run where there were several."""

    what: str
    value: float
    unit: str
    must: Must | None = None
    runs: tuple[float, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the figure is what it had to be; None where it is for the record."""
        return None if self.must is None else self.must.met(self.value)

    def packed(self) -> dict[str, Any]:
        """The row as plain values, for JSON."""
        must = None if self.must is None else {"limit": self.must.limit, "most": self.must.most}
        return {"what": self.what, "value": self.value, "unit": self.unit, "must": must, "runs": list(self.runs)}

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Row:
        """The row of the plain values that `packed` gave."""
        must = Must(**packed["must"]) if packed["must"] else None
        return cls(packed["what"], packed["value"], packed["unit"], must, tuple(packed["runs"]))


def machine() -> str:
    """What the figures were measured on."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "numba") if installed(name))
    python = platform.python_version()
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, Python {python}, {versions}"


@dataclass(frozen=True, slots=True)
class Part:
    """Figures that were measured together.

    ``setting`` says on what, ``where`` on which machine; with ``bars`` the rows are shares of one whole.
    """

    name: str
    setting: str
    rows: tuple[Row, ...]
    bars: bool = False
    where: str = field(default_factory=machine)

    def packed(self) -> dict[str, Any]:
        """The part as plain values, for JSON."""
        return {
            "setting": self.setting, "machine": self.where, "bars": self.bars,
            "rows": [row.packed() for row in self.rows],
        }  # fmt: skip

    @classmethod
    def unpacked(cls, name: str, packed: Mapping[str, Any]) -> Part:
        """The part of the plain values that `packed` gave."""
        rows = tuple(map(Row.unpacked, packed["rows"]))
        return cls(name, packed["setting"], rows, packed["bars"], packed["machine"])


def in_turns(work: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Seconds of each run of pieces of work that take turns, after a round that is not counted.

    In turns, so that whatever else the machine does slows all of them alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for run in range(runs + 1):
        for name, piece in work.items():
            start = time.perf_counter()
            piece()
            if run:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def rate(what: str, size: float, seconds: Sequence[float], unit: str) -> Row:
    """So much a second, by the median of the runs."""
    return Row(what, size / statistics.median(seconds), unit, None, tuple(size / s for s in seconds))


def ratio(what: str, ours: Sequence[float], theirs: Sequence[float], must: Must | None = None) -> Row:
    """How many times ``theirs`` ``ours`` are, by their medians; the runs are compared round by round."""
    runs = tuple(our / their for our, their in zip(ours, theirs, strict=True))
    return Row(what, statistics.median(ours) / statistics.median(theirs), "×", must, runs)


def installed(module: str) -> bool:
    """Whether a module can be imported; nothing is."""
    return util.find_spec(module) is not None


def _processor() -> str:
    if _CPU.is_file():
        for line in _CPU.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
