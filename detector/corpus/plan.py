"""Which files a command reads, and where their results go."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.errors import UsageError
from detector.formats.compression import compression_of
from detector.formats.registry import FileType, file_type, format_by_extension, load_format

STDIN = "-"
MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE = "_manifest.jsonl", "_rejected.jsonl", "_summary.json"
ORIGINAL_SUFFIX = ".orig"  # appended to the name of an original that its result replaces
_REPORT_FILES = frozenset({MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE})


@dataclass(frozen=True, slots=True)
class Task:
    """One input, and the file for its result.

    ``source`` is None for standard input, ``target`` for standard output. ``file`` names the input in all files that
    are written beside the results. ``type`` is the type of the source. The result has the same format, and the
    compression ``compression``, an extension (``.gz``) or empty. With ``keep_original``, the target is the source,
    which is kept under its name with `ORIGINAL_SUFFIX`. ``forced`` tells that the user named the format: the content of
    the file is not compared with it.
    """

    source: Path | None
    target: Path | None
    file: str
    type: FileType
    compression: str = ""
    keep_original: bool = False
    forced: bool = False

    @property
    def target_type(self) -> FileType:
        """The type of the result: the format of the source, with a compression of its own."""
        return FileType(self.type.format_name, self.compression)

    @property
    def name(self) -> str:
        """The input's path, or ``-`` for standard input, for ids and messages."""
        return str(self.source) if self.source else STDIN


@dataclass(frozen=True, slots=True)
class Plan:
    """The tasks of a command. ``folder`` is the output folder of all results; None if each has a path of its own.

    ``passed_over`` has one line for each file or folder that was found and is not read, with the reason.
    """

    tasks: tuple[Task, ...]
    folder: Path | None = None
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """One input: a file, or None for standard input. ``relative`` is the path for its result in an output folder."""

    source: Path | None
    relative: Path
    type: FileType

    @property
    def file(self) -> str:
        """The input's path, or ``-`` for standard input: the task's file if results do not go into one folder."""
        return str(self.source) if self.source else STDIN


def find(
    paths: Sequence[str], all_files: bool = False, format_name: str | None = None, exclude: Path | None = None
) -> list[Input]:
    """Find the input files that paths name; without paths, standard input.

    In a folder, all files with the extension of a known format are found, also in subfolders; with ``all_files``,
    files with any extension. Left out are hidden files, files that this package writes beside results, and files below
    the folder ``exclude``. A pattern (``*``, ``?``, ``[]``, ``**``) names the files and folders that it matches. With
    several paths, relative paths begin with the name of their folder. A file's format is ``format_name``, else that of
    its extension. Raises `UsageError` if a path does not exist, nothing is found, or a format is unknown.
    """
    given = paths or [STDIN]
    if given.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read only once")
    found = [
        Input(source, relative, file_type(source, format_name))
        for path in given
        for source, relative in _files(path, all_files, with_name=len(given) > 1)
    ]
    if exclude:
        excluded = exclude.resolve()
        found = [each for each in found if not each.source or excluded not in each.source.resolve().parents]
    if not found:
        raise UsageError(f"{', '.join(given)}: no files with a known extension found; --all-files also reads others")
    return found


def plan(
    paths: Sequence[str],
    output: Path | None,
    in_place: bool = False,
    all_files: bool = False,
    format_name: str | None = None,
    into_folder: bool = False,
) -> Plan:
    """Make a task for each input of `find`.

    The result of a single file, or of standard input, is written to the file ``output``, or into it if it is a folder
    or ``into_folder`` says that it is to be one.
    The results of several files are written to the folder ``output``, at their relative paths. With ``in_place``, each
    result takes the place of its source. Raises `UsageError` if a path does not exist, two results would be the same
    file, a result would replace an input without ``in_place``, or a result has the extension of another format.
    """
    several = _may_be_several(paths)
    found = find(paths, all_files, format_name, output if several else None)
    if in_place:
        return Plan(_in_place(found, output))
    if output is None:
        if several:
            raise UsageError(f"{len(found)} inputs need --output FOLDER or --in-place")
        return Plan((Task(found[0].source, None, found[0].file, found[0].type),))
    if several:
        if output.exists() and not output.is_dir():
            raise UsageError(f"{output}: not a folder; {len(found)} inputs need one: choose another --output")
        tasks = tuple(_task(each, output / each.relative, each.relative.as_posix()) for each in found)
    else:
        target = output / found[0].relative if output.is_dir() or into_folder else output
        _check_extension(found[0], target)
        tasks = (_task(found[0], target, found[0].file),)
    _check_targets(tasks)
    return Plan(tasks, output if several else None)


def _task(given: Input, target: Path, file: str, keep_original: bool = False) -> Task:
    compression = file_type(target, given.type.format_name).compression
    return Task(given.source, target, file, given.type, compression, keep_original)


def _may_be_several(paths: Sequence[str]) -> bool:
    return len(paths) > 1 or any(path != STDIN and (_is_pattern(path) or Path(path).is_dir()) for path in paths)


def _in_place(found: Sequence[Input], output: Path | None) -> tuple[Task, ...]:
    if output:
        raise UsageError("--in-place and --output exclude each other: use one of them")
    if any(each.source is None for each in found):
        raise UsageError("--in-place needs files, not standard input (-)")
    distinct = {each.source.resolve(): each for each in found if each.source}
    return tuple(_task(each, target, each.file, keep_original=True) for target, each in distinct.items())


def _files(path: str, all_files: bool, with_name: bool) -> Iterator[tuple[Path | None, Path]]:
    """The files of one path, each with its relative path, which begins with the name of a folder if ``with_name``."""
    given = Path(path)
    if path == STDIN:
        yield None, Path("stdin.txt")
    elif _is_pattern(path):
        yield from _matches(path, all_files)
    elif given.is_dir():
        yield from _inside(given, Path(given.resolve().name) if with_name else Path(), all_files)
    elif given.exists():
        yield given, Path(given.name)
    else:
        raise UsageError(f"{path}: no such file or folder")


def _is_pattern(path: str) -> bool:
    return glob.has_magic(path) and not Path(path).exists()


def _matches(pattern: str, all_files: bool) -> Iterator[tuple[Path, Path]]:
    """The files that a pattern matches, each with its path relative to the part of the pattern without wildcards."""
    parts = Path(pattern).parts
    first = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    root = Path(*parts[:first])
    found: dict[Path, Path] = {}
    for match in sorted(root.glob(str(Path(*parts[first:])))):
        relative = match.relative_to(root)
        if match.is_dir():
            found |= {below: file for file, below in _inside(match, relative, all_files)}
        elif not _is_skipped(relative):
            found[relative] = match
    if not found:
        raise UsageError(f"{pattern}: no file matches the pattern")
    yield from ((file, relative) for relative, file in found.items())


def _inside(folder: Path, relative: Path, all_files: bool) -> Iterator[tuple[Path, Path]]:
    """The files in a folder and its subfolders, each with its path below the folder, after ``relative``."""
    for file in sorted(folder.rglob("*")):
        below = file.relative_to(folder)
        if not _is_skipped(below) and (all_files or format_by_extension(file)) and file.is_file():
            yield file, relative / below


def _is_skipped(path: Path) -> bool:
    """Whether a file in a folder is hidden, or one that this package writes beside results."""
    hidden = any(part.startswith(".") for part in path.parts)
    return hidden or path.name in _REPORT_FILES or path.name.endswith(ORIGINAL_SUFFIX)


def _check_extension(given: Input, target: Path) -> None:
    """Raise `UsageError` if a target's extension contradicts what is written to it: the format of the input."""
    name = given.type.format_name
    by_extension = format_by_extension(target)
    if by_extension not in (None, name):
        raise UsageError(
            f"{target}: has the extension of {by_extension}, but the input is {name} and the output keeps its format; "
            "choose another --output, or name the input's --format"
        )
    own = load_format(name).own_compressions
    if (compression_of(given.source) in own) != (compression_of(target) in own):
        raise UsageError(f"{target}: {name} is written with the compression of the input; keep the input's extension")


def _check_targets(tasks: Sequence[Task]) -> None:
    """Raise `UsageError` if a target is one of the sources, or the target of another task."""
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
