"""Which files a command reads, and where their results go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.errors import UsageError
from detector.formats import is_known

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Task:
    """One input and its place for the result: None is standard input, or standard output."""

    source: Path | None
    target: Path | None

    @property
    def name(self) -> str:
        """The input's name, as ids and messages give it."""
        return str(self.source) if self.source else STDIN


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a file, or None for standard input; ``place`` is its path below the folder that was given."""

    source: Path | None
    place: Path


def find(paths: Sequence[str], all_files: bool = False) -> list[Input]:
    """The input files of paths; without any, standard input.

    A folder stands for the files of a known format inside, hidden ones apart; ``all_files`` takes every ending.
    Raises `UsageError` where a path does not exist.
    """
    return [found for path in paths or [STDIN] for found in _files(path, all_files)]


def plan(paths: Sequence[str], output: Path | None, in_place: bool = False, all_files: bool = False) -> list[Task]:
    """A task for each input of `find`.

    With ``output``, one file or standard input goes to that file, more go into that folder at their places below the
    given paths. Raises `UsageError` where a path does not exist, two results would be one file, or a result would
    take an input's place without ``in_place``.
    """
    found = find(paths, all_files)
    if in_place:
        return _in_place(found, output)
    several = len(found) != 1 or Path(paths[0] if paths else STDIN).is_dir()
    if output is None:
        if several:
            raise UsageError(f"{len(found)} inputs need --output FOLDER or --in-place")
        return [Task(found[0].source, None)]
    several = several or output.is_dir()
    tasks = [Task(one.source, output / one.place if several else output) for one in found]
    _check(tasks)
    return tasks


def _in_place(found: Sequence[Input], output: Path | None) -> list[Task]:
    if output:
        raise UsageError("--in-place and --output exclude each other")
    if any(one.source is None for one in found):
        raise UsageError("--in-place needs files, not standard input")
    return [Task(one.source, one.source) for one in found]


def _files(path: str, all_files: bool) -> list[Input]:
    if path == STDIN:
        return [Input(None, Path("stdin.txt"))]
    given = Path(path)
    if given.is_dir():
        inside = [f for f in sorted(given.rglob("*")) if f.is_file() and not _hidden(f.relative_to(given))]
        return [Input(f, f.relative_to(given)) for f in inside if all_files or is_known(f)]
    if not given.exists():
        raise UsageError(f"{path}: no such file or folder")
    return [Input(given, Path(given.name))]


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _check(tasks: Sequence[Task]) -> None:
    sources = {task.source.resolve() for task in tasks if task.source}
    targets: dict[Path, str] = {}
    for task in tasks:
        if task.target is None:
            continue
        target = task.target.resolve()
        if target in sources:
            raise UsageError(f"{task.target}: is an input; choose another --output, or --in-place")
        if target in targets:
            raise UsageError(f"{task.name} and {targets[target]} would both be written to {task.target}")
        targets[target] = task.name
