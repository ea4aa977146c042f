"""Guard against regressions: ``python -m training.gate DATA`` compares the shipped model's figures with their floors.

The exit code is 1 where a figure is worse than its floor. ``--raise`` raises the floors of figures that are better, to
slightly below the measured value. It never lowers a floor, and never changes the ceiling of ``lost``: edit the file for
that, and give the reason in ``training/RESULTS.md``. DATA has to be the file that the floors were measured on. For a
new file of floors, write ``{}`` into it and run with ``--raise``.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

from detector.errors import DataError, DetectorError
from detector.evaluation.evaluate import EXTRACTED, PAGE, Figures, evaluate
from detector.evaluation.labelled import read_documents
from detector.fit.origins import CLEAN
from detector.loading import load
from detector.util.atomic import replacing
from training.accuracy import GAIN, with_gain

FLOORS_FILE = Path(__file__).with_name("floors.json")
CEILINGS = ("lost",)  # lower is better
_GROUP_FIGURES = ("lost", "A@.5", "N@.5", "macro", "after", GAIN)
# for any other origin, the gain alone
_GATED = {PAGE: (*_GROUP_FIGURES, "kinds"), EXTRACTED: _GROUP_FIGURES, CLEAN: ("lost",)}
_SMALL = ("lost", GAIN)  # figures with small values: their floors have one more decimal

ByOrigin: TypeAlias = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Floors:
    """The floors by origin and figure, and the SHA-256 of the data that they were measured on."""

    data: str | None
    figures: ByOrigin


@dataclass(frozen=True, slots=True)
class Check:
    """A measured figure and its floor (for `CEILINGS`, its ceiling), if it has one."""

    origin: str
    figure: str
    floor: float | None
    measured: float

    @property
    def met(self) -> bool:
        """Whether the figure is at least as good as its floor."""
        if self.floor is None:
            return True
        return self.measured <= self.floor if self.figure in CEILINGS else self.measured >= self.floor

    @property
    def raised(self) -> float:
        """The new floor: the better of the old one and of `safe_side` of the measured value.

        A ceiling stays: it limits what may be lost, and a model that loses less removes less.
        """
        safe = safe_side(self.figure, self.measured)
        if self.floor is None:
            return safe
        return self.floor if self.figure in CEILINGS else max(self.floor, safe)


def safe_side(figure: str, value: float) -> float:
    """A floor that is one to two steps worse than a figure. A step is 0.001; for figures with small values, 0.0001."""
    steps_per_unit = 10_000 if figure in _SMALL else 1000
    steps = round(value * steps_per_unit, 6)  # 0.29 * 100 is a little less than 29
    worse = math.ceil(steps) + 1 if figure in CEILINGS else math.floor(steps) - 1
    return worse / steps_per_unit


def read_floors(path: Path) -> Floors:
    """Read floors. Raises `DataError` where the file is missing or not a file of floors."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; for new floors, write {{}} into it and run with --raise") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error}); restore it from the repository") from error
    if content == {}:
        return Floors(None, {})
    if not isinstance(content, dict) or set(content) != {"data", "figures"} or not isinstance(content["data"], str):
        raise DataError(
            f'{path}: must be an object with "data", a SHA-256, and "figures"; restore it from the repository'
        )
    return Floors(content["data"], _checked(content["figures"], path))


def _checked(figures: object, path: Path) -> ByOrigin:
    if not isinstance(figures, dict):
        raise DataError(f'{path}: "figures" is {figures!r}, not an object of origins')
    for origin, row in figures.items():
        if not isinstance(row, dict):
            raise DataError(f"{path}: {origin} is {row!r}, not an object of figures")
        for figure, floor in row.items():
            if figure not in gated(origin):
                raise DataError(f"{path}: {origin}: {figure!r} has no floor; choose from {', '.join(gated(origin))}")
            if isinstance(floor, bool) or not isinstance(floor, int | float) or not -1 <= floor <= 1:
                raise DataError(f"{path}: {origin}: {figure} is {floor!r}, not a number from -1 to 1")
    return figures


def write_floors(path: Path, floors: Floors) -> None:
    """Write floors in the format that `read_floors` reads."""
    with replacing(path) as file:
        file.write((json.dumps(asdict(floors), indent=1) + "\n").encode())


def gated(origin: str) -> tuple[str, ...]:
    """The figures of an origin that have a floor."""
    return _GATED.get(origin, (GAIN,))


def compare(floors: ByOrigin, measured: Mapping[str, Figures]) -> list[Check]:
    """Compare figures with their floors. Raises `DataError` for a floor of a figure that was not measured."""
    checks = []
    for origin, row in measured.items():
        figures = with_gain(row)
        for figure in gated(origin):
            value = figures[figure]
            if value is not None:
                checks.append(Check(origin, figure, floors.get(origin, {}).get(figure), value))
    checked = {(check.origin, check.figure) for check in checks}
    missing = [
        f"{origin} {figure}" for origin, row in floors.items() for figure in row if (origin, figure) not in checked
    ]
    if missing:
        raise DataError(
            f"there is a floor for {', '.join(missing)}, but the data has nothing to measure it on: give the whole file"
        )
    return checks


def raised(checks: list[Check]) -> ByOrigin:
    """The new floors."""
    floors: ByOrigin = {}
    for check in checks:
        floors.setdefault(check.origin, {})[check.figure] = check.raised
    return floors


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checks_table(checks: list[Check]) -> Table:
    """One row per figure: its floor, the measured value and the verdict."""
    table = Table(title="The shipped model against its floors", title_justify="left")
    for name in ("", "figure", "floor", "measured", "verdict"):
        table.add_column(name, justify="right" if name in ("floor", "measured") else "left")
    for check in checks:
        sign = "≤" if check.figure in CEILINGS else "≥"
        floor = "" if check.floor is None else f"{sign} {check.floor:.4f}"
        verdict = "no floor yet" if check.floor is None else ("ok" if check.met else "WORSE")
        style = None if check.met else "bold red"
        table.add_row(check.origin, check.figure, floor, f"{check.measured:.4f}", verdict, style=style)
    return table


def run(data: Path, path: Path, model: Path | None, raise_floors: bool, console: Console) -> bool:
    """Check the model, and raise its floors if requested. Returns whether no figure is worse than its floor.

    Raises `DetectorError` where the data, the floors or the model cannot be used.
    """
    floors = read_floors(path)
    documents = list(read_documents([data]))
    found = digest(data)
    if floors.data not in (None, found):
        raise DataError(
            f"{data}: not the data that {path} was measured on (SHA-256 {found[:16]}…, not {floors.data[:16]}…)"
        )
    checks = compare(floors.figures, evaluate(load(model), documents).figures)
    console.print(checks_table(checks))
    if raise_floors:
        write_floors(path, Floors(found, raised(checks)))
    worse = [f"{check.origin} {check.figure}" for check in checks if not check.met]
    console.print(f"worse than the floor: {', '.join(worse)}" if worse else "no figure is worse than its floor")
    return not worse


def main(
    data: Annotated[Path, typer.Argument(help="Labelled documents: the file that the floors were measured on.")],
    floors: Annotated[Path, typer.Option(help="The file of floors.")] = FLOORS_FILE,
    model: Annotated[Path | None, typer.Option(help="The model's folder; default: the shipped model.")] = None,
    raise_floors: Annotated[bool, typer.Option("--raise", help="Raise the floors of figures that are better.")] = False,
) -> None:
    """Compare the shipped model's figures with their floors."""
    try:
        good = run(data, floors, model, raise_floors, Console(width=100))
    except (DetectorError, OSError) as error:
        print(f"gate: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    raise typer.Exit(0 if good else 1)


if __name__ == "__main__":
    typer.run(main)
