"""Results of the speed benchmark, with their bounds; alternating runs, medians, and the machine."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata, util
from pathlib import Path
from typing import Any

from detector.backend.choice import backend

_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Bound:
    """A lower bound of a result, or an upper one."""

    limit: float
    upper: bool = False

    def met(self, value: float) -> bool:
        """Whether a value is within the bound."""
        return value <= self.limit if self.upper else value >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.upper else '≥'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Result:
    """One measured value with its unit; its bound, if it has one; and the value of each run, if there were several."""

    name: str
    value: float
    unit: str
    bound: Bound | None = None
    runs: tuple[float, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the value is within its bound; None where it has none."""
        return None if self.bound is None else self.bound.met(self.value)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values, for JSON."""
        bound = None if self.bound is None else {"limit": self.bound.limit, "upper": self.bound.upper}
        return {"name": self.name, "value": self.value, "unit": self.unit, "bound": bound, "runs": list(self.runs)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Result:
        """The result that `to_dict` turned into plain values."""
        bound = Bound(**values["bound"]) if values["bound"] else None
        return cls(values["name"], values["value"], values["unit"], bound, tuple(values["runs"]))


def describe_machine() -> str:
    """The processor, the system, the versions and the backend that results depend on."""
    versions = f"Python {platform.python_version()}, numpy {metadata.version('numpy')}"
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, {versions}, backend: {backend().name}"


@dataclass(frozen=True, slots=True)
class Section:
    """Results that were measured together.

    ``setting`` describes the input and the runs. With ``bars`` the results are shares of one total, shown as bars.
    """

    name: str
    setting: str
    rows: tuple[Result, ...]
    bars: bool = False
    machine: str = field(default_factory=describe_machine)

    def to_dict(self) -> dict[str, Any]:
        """The section without its name as plain values, for JSON."""
        return {
            "setting": self.setting, "machine": self.machine, "bars": self.bars,
            "rows": [row.to_dict() for row in self.rows],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, name: str, values: Mapping[str, Any]) -> Section:
        """The section that `to_dict` turned into plain values."""
        rows = tuple(map(Result.from_dict, values["rows"]))
        return cls(name, values["setting"], rows, values["bars"], values["machine"])


def alternate(work: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Time functions as `collect` calls them. Returns the seconds of each run by name."""
    return collect({name: partial(seconds_of, function) for name, function in work.items()}, runs)


def collect(work: Mapping[str, Callable[[], float]], runs: int) -> dict[str, list[float]]:
    """Call functions in alternating runs, after a warm-up round. Returns the value of each run by name.

    The runs alternate so that other load on the machine slows all functions alike.
    """
    values: dict[str, list[float]] = {name: [] for name in work}
    for run in range(runs + 1):
        for name, function in work.items():
            value = function()
            if run:
                values[name].append(value)
    return values


def processor_seconds_of(function: Callable[[], object]) -> float:
    """The seconds of processor time that a call takes in this process, whatever else the machine does."""
    start = time.process_time()
    function()
    return time.process_time() - start


def seconds_of(function: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def rate(name: str, amount: float, seconds: Sequence[float], unit: str) -> Result:
    """The amount per second in the median run."""
    return Result(name, amount / statistics.median(seconds), unit, None, tuple(amount / s for s in seconds))


def duration(name: str, seconds: Sequence[float], bound: Bound | None = None) -> Result:
    """The milliseconds of the median run."""
    return Result(name, 1000 * statistics.median(seconds), "ms", bound, tuple(1000 * s for s in seconds))


def ratio(name: str, numerators: Sequence[float], denominators: Sequence[float], bound: Bound | None = None) -> Result:
    """The ratio of two medians; the runs are compared round by round."""
    runs = tuple(above / below for above, below in zip(numerators, denominators, strict=True))
    return Result(name, statistics.median(numerators) / statistics.median(denominators), "×", bound, runs)


def installed(module: str) -> bool:
    """Whether a module can be imported; it is not imported."""
    return util.find_spec(module) is not None


def _processor() -> str:
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
