"""Keep what was won: ``python -m training.gate DATA`` compares the shipped model's figures with floors in a file.

The exit code is 1 where one of them is worse than its floor. ``--raise`` writes better floors where the figures are
better, a step to the safe side of what was measured. It never lets a floor go down, and leaves the ceiling of ``lost``
where it is: to move those takes a hand in the file, and a reason in the commit. Nor does it
compare with other DATA than the floors were measured on. To begin, let the file hold ``{}``, and raise.
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

from detector.cleaner import load
from detector.errors import DataError, DetectorError
from detector.evaluation.evaluate import EXTRACTED, PAGE, Figures, evaluate
from detector.evaluation.labelled import read_documents
from detector.util.atomic import replacing
from training.accuracy import GAIN, with_gain

FLOORS_FILE = Path(__file__).with_name("floors.json")
CEILINGS = ("lost",)  # the less the better
_OF_GROUP = ("lost", "A@.5", "N@.5", "macro", "after", GAIN)
_GATED = {PAGE: (*_OF_GROUP, "kinds"), EXTRACTED: _OF_GROUP}  # of any other origin, the gain alone
_SMALL = ("lost", GAIN)  # figures of small values, whose floors have a decimal more

ByOrigin: TypeAlias = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Floors:
    """What figures must reach, by origin and figure, and the SHA-256 of the data that they were measured on."""

    data: str | None
    figures: ByOrigin


@dataclass(frozen=True, slots=True)
class Check:
    """A figure that was measured, and its floor (its ceiling, for those of `CEILINGS`), where it has one."""

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
        """The better of the floor and of what was measured, the latter a step to the safe side.

        A ceiling stays: what may be lost is a promise, and a model that loses less catches less.
        """
        safe = safe_side(self.figure, self.measured)
        if self.floor is None:
            return safe
        return self.floor if self.figure in CEILINGS else max(self.floor, safe)


def safe_side(figure: str, value: float) -> float:
    """A floor one to two steps worse than a figure; a step is 0.001, of small figures 0.0001."""
    in_one = 10_000 if figure in _SMALL else 1000
    steps = round(value * in_one, 6)  # 0.29 * 100 is a little less than 29
    worse = math.ceil(steps) + 1 if figure in CEILINGS else math.floor(steps) - 1
    return worse / in_one


def read_floors(path: Path) -> Floors:
    """Read floors. Raises `DataError` where the file is missing or holds anything else."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; to begin, write {{}} into it and run with --raise") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error}); take it from the repository anew") from error
    if held == {}:
        return Floors(None, {})
    if not isinstance(held, dict) or set(held) != {"data", "figures"} or not isinstance(held["data"], str):
        raise DataError(f'{path}: floors are an object of "data", a digest, and "figures"; take it from the repository')
    return Floors(held["data"], _checked(held["figures"], path))


def _checked(figures: object, path: Path) -> ByOrigin:
    if not isinstance(figures, dict):
        raise DataError(f'{path}: "figures" is {figures!r}, not an object of origins')
    for origin, row in figures.items():
        if not isinstance(row, dict):
            raise DataError(f"{path}: {origin}: is {row!r}, not an object of figures")
        for figure, floor in row.items():
            if figure not in gated(origin):
                raise DataError(
                    f"{path}: {origin}: {figure!r} has no floor; those that have: {', '.join(gated(origin))}"
                )
            if isinstance(floor, bool) or not isinstance(floor, int | float) or not -1 <= floor <= 1:
                raise DataError(f"{path}: {origin}: {figure} is {floor!r}, not a number from -1 to 1")
    return figures


def write_floors(path: Path, floors: Floors) -> None:
    """Write floors, so that `read_floors` gives them again."""
    with replacing(path) as file:
        file.write((json.dumps(asdict(floors), indent=1) + "\n").encode())


def gated(origin: str) -> tuple[str, ...]:
    """The figures of an origin that are kept from falling."""
    return _GATED.get(origin, (GAIN,))


def compare(floors: ByOrigin, measured: Mapping[str, Figures]) -> list[Check]:
    """Set what was measured against the floors. Raises `DataError` for a floor of what was not measured."""
    checks = []
    for origin, row in measured.items():
        figures = with_gain(row)
        for figure in gated(origin):
            value = figures[figure]
            if value is not None:
                checks.append(Check(origin, figure, floors.get(origin, {}).get(figure), value))
    seen = {(check.origin, check.figure) for check in checks}
    missing = [f"{origin} {figure}" for origin, row in floors.items() for figure in row if (origin, figure) not in seen]
    if missing:
        raise DataError(
            f"there is a floor for {', '.join(missing)}, and nothing of that in the data: give the whole of it"
        )
    return checks


def raised(checks: list[Check]) -> ByOrigin:
    """The floors of the next time."""
    floors: ByOrigin = {}
    for check in checks:
        floors.setdefault(check.origin, {})[check.figure] = check.raised
    return floors


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checks_table(checks: list[Check]) -> Table:
    """Figure, floor, what was measured, and the verdict, a row each."""
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
    """Check the model, and raise its floors where that is wished for. Gives whether all figures are as good as them.

    Raises `DetectorError` where the data, the floors or the model cannot be used.
    """
    floors = read_floors(path)
    documents = list(read_documents([data]))
    found = digest(data)
    if floors.data not in (None, found):
        raise DataError(
            f"{data}: other data than {path} was measured on (SHA-256 {found[:16]}…, not {floors.data[:16]}…)"
        )
    checks = compare(floors.figures, evaluate(load(model), documents).figures)
    console.print(checks_table(checks))
    if raise_floors:
        write_floors(path, Floors(found, raised(checks)))
    worse = [f"{check.origin} {check.figure}" for check in checks if not check.met]
    console.print(f"worse than the floor: {', '.join(worse)}" if worse else "every figure is as good as its floor")
    return not worse


def main(
    data: Annotated[Path, typer.Argument(help="Labelled documents to measure on: those that the floors are of.")],
    floors: Annotated[Path, typer.Option(help="The file of floors.")] = FLOORS_FILE,
    model: Annotated[Path | None, typer.Option(help="The model's folder; without it, the shipped model.")] = None,
    raise_floors: Annotated[
        bool, typer.Option("--raise", help="Write better floors where figures are better.")
    ] = False,
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
