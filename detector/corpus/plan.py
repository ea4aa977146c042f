"""Which files a command reads, and where their results go."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.errors import UsageError
from detector.formats.compression import compression_of
from detector.formats.registry import FileType, file_type, format_by_ending, load_format

STDIN = "-"
MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE = "_manifest.jsonl", "_rejected.jsonl", "_summary.json"
ORIGINAL_ENDING = ".orig"
_OUR_FILES = frozenset({MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE})


@dataclass(frozen=True, slots=True)
class Task:
    """One input and the file for its result; None is standard input or standard output.

    ``label`` names the input in everything that is written beside the results. ``compression`` is that of the result,
    which has the format of the source. With ``keep_original``, the target is the source, which is kept under another
    name.
    """

    source: Path | None
    target: Path | None
    label: str
    type: FileType
    compression: str = ""
    keep_original: bool = False

    @property
    def name(self) -> str:
        """The input's name in ids and messages."""
        return str(self.source) if self.source else STDIN


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command has to do. ``folder`` holds the results of a corpus; without one, each target is a path of its own."""

    tasks: tuple[Task, ...]
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a file, or None for standard input; ``relative`` is its path below the given folder."""

    source: Path | None
    relative: Path
    type: FileType

    @property
    def label(self) -> str:
        """The name of an input that is not part of a corpus."""
        return str(self.source) if self.source else STDIN


def find(
    paths: Sequence[str], all_files: bool = False, format_name: str | None = None, leave_out: Path | None = None
) -> list[Input]:
    """The input files of paths; without any, standard input.

    A folder stands for the files of a known format inside it, except files that are hidden, files that this package
    writes beside results, and files below ``leave_out``; ``all_files`` takes every ending. A pattern (``*``, ``?``,
    ``[]``, ``**``) stands for what it matches. With several paths, the relative paths begin with the folder's name. A
    file's format is ``format_name``, else that of its ending. Raises `UsageError` where a path does not exist, nothing
    is found, or a format is unknown.
    """
    given = paths or [STDIN]
    if given.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read only once")
    found = [
        Input(source, relative, file_type(source, format_name))
        for path in given
        for source, relative in _files(path, all_files, named=len(given) > 1)
    ]
    if leave_out:
        outside = leave_out.resolve()
        found = [one for one in found if not one.source or outside not in one.source.resolve().parents]
    if not found:
        raise UsageError(f"{', '.join(given)}: no file with a known ending inside; --all-files takes every ending")
    return found


def plan(
    paths: Sequence[str],
    output: Path | None,
    in_place: bool = False,
    all_files: bool = False,
    format_name: str | None = None,
) -> Plan:
    """A task for each input of `find`.

    With ``output``, one file or standard input goes to that file; more go into that folder, at their relative paths.
    Raises `UsageError` where a path does not exist, two results would be one file, a result would replace an input
    without ``in_place``, or a result's ending is that of another format.
    """
    several = _stand_for_several(paths)
    found = find(paths, all_files, format_name, output if several else None)
    if in_place:
        return Plan(_in_place(found, output))
    if output is None:
        if several:
            raise UsageError(f"{len(found)} inputs need --output FOLDER or --in-place")
        return Plan((Task(found[0].source, None, found[0].label, found[0].type),))
    if several:
        if output.exists() and not output.is_dir():
            raise UsageError(f"{output}: is not a folder; {len(found)} inputs need one")
        tasks = tuple(_task(one, output / one.relative, one.relative.as_posix()) for one in found)
    else:
        target = output / found[0].relative if output.is_dir() else output
        _check_ending(found[0], target)
        tasks = (_task(found[0], target, found[0].label),)
    _check(tasks)
    return Plan(tasks, output if several else None)


def _task(one: Input, target: Path, label: str, keep_original: bool = False) -> Task:
    return Task(one.source, target, label, one.type, file_type(target, one.type.format_name).compression, keep_original)


def _stand_for_several(paths: Sequence[str]) -> bool:
    return len(paths) > 1 or any(path != STDIN and (_is_pattern(path) or Path(path).is_dir()) for path in paths)


def _in_place(found: Sequence[Input], output: Path | None) -> tuple[Task, ...]:
    if output:
        raise UsageError("--in-place and --output exclude each other")
    if any(one.source is None for one in found):
        raise UsageError("--in-place needs files, not standard input")
    distinct = {one.source.resolve(): one for one in found if one.source}
    return tuple(_task(one, target, one.label, keep_original=True) for target, one in distinct.items())


def _files(path: str, all_files: bool, named: bool) -> Iterator[tuple[Path | None, Path]]:
    """The files of one path, each with its relative path."""
    given = Path(path)
    if path == STDIN:
        yield None, Path("stdin.txt")
    elif _is_pattern(path):
        yield from _matches(path, all_files)
    elif given.is_dir():
        yield from _inside(given, Path(given.resolve().name) if named else Path(), all_files)
    elif given.exists():
        yield given, Path(given.name)
    else:
        raise UsageError(f"{path}: no such file or folder")


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path) and not Path(path).exists()


def _matches(pattern: str, all_files: bool) -> Iterator[tuple[Path, Path]]:
    parts = Path(pattern).parts
    first = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    fixed = Path(*parts[:first])
    found: dict[Path, Path] = {}
    for match in sorted(fixed.glob(str(Path(*parts[first:])))):
        relative = match.relative_to(fixed)
        if match.is_dir():
            found |= {below: file for file, below in _inside(match, relative, all_files)}
        elif not _skipped(relative):
            found[relative] = match
    if not found:
        raise UsageError(f"{pattern}: no file matches the pattern")
    yield from ((file, relative) for relative, file in found.items())


def _inside(folder: Path, relative: Path, all_files: bool) -> Iterator[tuple[Path, Path]]:
    for file in sorted(folder.rglob("*")):
        below = file.relative_to(folder)
        if not _skipped(below) and (all_files or format_by_ending(file)) and file.is_file():
            yield file, relative / below


def _skipped(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return hidden or path.name in _OUR_FILES or path.name.endswith(ORIGINAL_ENDING)


def _check_ending(one: Input, target: Path) -> None:
    name = one.type.format_name
    by_ending = format_by_ending(target)
    if by_ending not in (None, name):
        raise UsageError(
            f"{target}: its ending is that of {by_ending}, but the input is {name} and the output keeps its format; "
            "choose another --output, or name the input's --format"
        )
    unpacks = load_format(name).unpacks
    if (compression_of(one.source) in unpacks) != (compression_of(target) in unpacks):
        raise UsageError(f"{target}: {name} is compressed record by record and stays so; keep the input's ending")


def _check(tasks: Sequence[Task]) -> None:
    sources = {task.source.resolve() for task in tasks if task.source}
    targets: dict[Path, str] = {}
    for task in tasks:
        if task.target is None:
            continue
        target = task.target.resolve()
        if target in sources:
            raise UsageError(f"{task.target}: is an input; choose another --output, or use --in-place")
        if target in targets:
            raise UsageError(f"{task.name} and {targets[target]} would both be written to {task.target}")
        targets[target] = task.name
