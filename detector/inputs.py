"""Which files a command reads, and where their results go."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.errors import UsageError
from detector.formats import format_of, is_known
from detector.formats.compression import compression_of

STDIN = "-"
MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE = "_manifest.jsonl", "_rejected.jsonl", "_summary.json"
ORIGINAL_ENDING = ".orig"
_OUR_FILES = frozenset({MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE})


@dataclass(frozen=True, slots=True)
class Task:
    """One input and its place for the result: None is standard input, or standard output.

    ``place`` names it in what is kept beside the results. With ``keep_original`` the target is the source, which
    stays under a name of its own.
    """

    source: Path | None
    target: Path | None
    place: str
    keep_original: bool = False

    @property
    def name(self) -> str:
        """The input's name, as ids and messages give it."""
        return str(self.source) if self.source else STDIN


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command is to do. ``folder`` is where a corpus goes; without one, the targets stand by themselves."""

    tasks: tuple[Task, ...]
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a file, or None for standard input; ``place`` is its path below the folder that was given."""

    source: Path | None
    place: Path


def find(paths: Sequence[str], all_files: bool = False, leave_out: Path | None = None) -> list[Input]:
    """The input files of paths; without any, standard input.

    A folder stands for the files of a known format inside, those that are hidden, written beside results or below
    ``leave_out`` apart; ``all_files`` takes every ending. A pattern (``*``, ``?``, ``[]``, ``**``) stands for what it
    matches. Of several folders, the places begin with the folder's name. Raises `UsageError` where a path does not
    exist or nothing is found.
    """
    given = paths or [STDIN]
    if given.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read once only")
    found = [one for path in given for one in _files(path, all_files, named=len(given) > 1)]
    if leave_out:
        outside = leave_out.resolve()
        found = [one for one in found if not one.source or outside not in one.source.resolve().parents]
    if not found:
        raise UsageError(f"{', '.join(given)}: no file of a known ending inside; --all-files takes every ending")
    return found


def plan(
    paths: Sequence[str],
    output: Path | None,
    in_place: bool = False,
    all_files: bool = False,
    format_name: str | None = None,
) -> Plan:
    """A task for each input of `find`.

    With ``output``, one file or standard input goes to that file, more go into that folder at their places below the
    given paths. Raises `UsageError` where a path does not exist, two results would be one file, a result would take
    an input's place without ``in_place``, or a result's ending is another format's.
    """
    several = _stand_for_several(paths)
    found = find(paths, all_files, output if several else None)
    if in_place:
        return Plan(_in_place(found, output))
    if output is None:
        if several:
            raise UsageError(f"{len(found)} inputs need --output FOLDER or --in-place")
        return Plan((Task(found[0].source, None, _place(found[0])),))
    if several:
        if output.exists() and not output.is_dir():
            raise UsageError(f"{output}: is no folder, which {len(found)} inputs need")
        tasks = tuple(Task(one.source, output / one.place, one.place.as_posix()) for one in found)
    else:
        target = output / found[0].place if output.is_dir() else output
        _check_ending(found[0].source, target, format_name)
        tasks = (Task(found[0].source, target, _place(found[0])),)
    _check(tasks)
    return Plan(tasks, output if several else None)


def _stand_for_several(paths: Sequence[str]) -> bool:
    return len(paths) > 1 or any(path != STDIN and (_is_pattern(path) or Path(path).is_dir()) for path in paths)


def _place(one: Input) -> str:
    return str(one.source) if one.source else STDIN


def _in_place(found: Sequence[Input], output: Path | None) -> tuple[Task, ...]:
    if output:
        raise UsageError("--in-place and --output exclude each other")
    if any(one.source is None for one in found):
        raise UsageError("--in-place needs files, not standard input")
    tasks = {one.source.resolve(): one.source for one in found if one.source}
    return tuple(Task(source, target, str(source), keep_original=True) for target, source in tasks.items())


def _files(path: str, all_files: bool, named: bool) -> Iterator[Input]:
    given = Path(path)
    if path == STDIN:
        yield Input(None, Path("stdin.txt"))
    elif _is_pattern(path):
        yield from _matches(path, all_files)
    elif given.is_dir():
        yield from _inside(given, Path(given.resolve().name) if named else Path(), all_files)
    elif given.exists():
        yield Input(given, Path(given.name))
    else:
        raise UsageError(f"{path}: no such file or folder")


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path) and not Path(path).exists()


def _matches(pattern: str, all_files: bool) -> Iterator[Input]:
    parts = Path(pattern).parts
    first = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    fixed = Path(*parts[:first])
    found: dict[Path, Input] = {}
    for match in sorted(fixed.glob(str(Path(*parts[first:])))):
        place = match.relative_to(fixed)
        if match.is_dir():
            found |= {one.place: one for one in _inside(match, place, all_files)}
        elif not _passed_over(place):
            found[place] = Input(match, place)
    if not found:
        raise UsageError(f"{pattern}: no file matches the pattern")
    yield from found.values()


def _inside(folder: Path, place: Path, all_files: bool) -> Iterator[Input]:
    for file in sorted(folder.rglob("*")):
        below = file.relative_to(folder)
        if not _passed_over(below) and (all_files or is_known(file)) and file.is_file():
            yield Input(file, place / below)


def _passed_over(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return hidden or path.name in _OUR_FILES or path.name.endswith(ORIGINAL_ENDING)


def _check_ending(source: Path | None, target: Path, format_name: str | None) -> None:
    form = format_of(source, format_name)
    if is_known(target) and format_of(target) is not form:
        raise UsageError(
            f"{target}: its ending is that of {format_of(target).name}, but the input is {form.name} and the output "
            f"keeps its format; name another --output, or the input's --format"
        )
    if (compression_of(source) in form.unpacks) != (compression_of(target) in form.unpacks):
        raise UsageError(f"{target}: {form.name} is compressed record by record and stays so; keep the input's ending")


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
