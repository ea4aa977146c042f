"""The inputs of a command: the files that its paths name."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from detector.corpus.places import identity
from detector.corpus.walk import Found, Walk, has_wildcard
from detector.errors import DataError, UsageError
from detector.formats.registry import FileType, file_type, result_path
from detector.util.urls import Place, Url, hidden, is_url, named, place_of

STDIN = "-"
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
_REASONS_SHOWN = 3


class Selection(NamedTuple):
    """Which files are read, and as what.

    ``all_files`` also takes files with an unknown extension out of folders. ``format_name`` is the format of all
    inputs, by default that of each extension; ``stdin_format`` is then that of standard input. With an ``extractor``,
    only HTML pages are read, by the extractor of this name.
    """

    all_files: bool = False
    format_name: str | None = None
    stdin_format: str = "text"
    extractor: str = ""


DEFAULT_SELECTION = Selection()


class Input(NamedTuple):
    """One input: a file, or None for standard input. ``relative`` is the path for its result in an output folder."""

    source: Place | None
    relative: Path
    type: FileType

    @property
    def file(self) -> str:
        """The input's path, or ``-`` for standard input: the task's file if results do not go into one folder."""
        return str(self.source) if self.source else STDIN


class Inputs(NamedTuple):
    """The inputs that were found, and the ``folders`` that were searched for them.

    ``passed_over`` has one line for each thing that was found and is not read, with the reason; ``unreadable`` one for
    each folder that could not be listed.
    """

    found: tuple[Input, ...]
    folders: tuple[Place, ...] = ()
    passed_over: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def find(
    paths: Sequence[str],
    selection: Selection = DEFAULT_SELECTION,
    exclude: Place | None = None,
    follow_links: bool = True,
) -> Inputs:
    """Find the input files that paths name; without paths, standard input.

    In a folder, all files with the extension of a known format are found, also in subfolders. Left out are hidden
    files, files that this package writes beside results, and the output folder ``exclude``. Links to folders are not
    followed; links to files are, with ``follow_links``. A pattern (``*``, ``?``, ``[]``, ``**``) names the files and
    folders that it matches. With several paths, relative paths begin with the name of their folder. Raises `UsageError`
    if a path does not exist, nothing is found, or a format is unknown; `DataError` if nothing can be read.
    """
    given = paths or [STDIN]
    if given.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read only once")
    excluded = identity(exclude) if isinstance(exclude, Path) else None
    walk = Walk(selection.all_files, excluded, follow_links, exclude if isinstance(exclude, Url) else None)
    walk.only_pages = bool(selection.extractor)
    found = tuple(each for path in given for each in _inputs(path, walk, selection, with_name=len(given) > 1))
    passed_over = (*walk.extensions(), *walk.passed_over)
    if not found:
        _raise_nothing_found(given, passed_over, walk.unreadable)
    folders = (place_of(path) for path in given if not is_url(path) and is_folder(path))
    return Inputs(found, (*folders, *walk.remote_folders), passed_over, tuple(walk.unreadable))


def is_folder(path: str) -> bool:
    """Whether a path of the call names a folder, and neither standard input nor a pattern."""
    if path == STDIN:
        return False
    place = place_of(path)
    if isinstance(place, Path):
        return place.is_dir()
    from detector.corpus.remote_walk import is_remote_folder

    return is_remote_folder(place)


def is_pattern(path: str) -> bool:
    """Whether a path of the call is a pattern, and not the name of a file that looks like one."""
    if not has_wildcard(path):
        return False
    place = place_of(path)
    if isinstance(place, Path):
        return not os.path.lexists(place)
    from detector.corpus.remote_walk import is_remote_pattern

    return is_remote_pattern(place)


def _inputs(path: str, walk: Walk, selection: Selection, with_name: bool) -> Iterator[Input]:
    """The inputs of one path. Relative paths begin with the name of a folder if ``with_name``."""
    if path == STDIN:
        name = selection.format_name or selection.stdin_format
        extension = "txt" if name == "text" else name
        type_ = file_type(None, name, selection.extractor)
        yield Input(None, result_path(Path(f"stdin.{extension}"), type_.format_name), type_)
        return
    for each in _files(path, walk, with_name):
        type_ = file_type(named(each.path), selection.format_name, selection.extractor)
        yield Input(each.path, result_path(each.relative, type_.format_name), type_)


def _files(path: str, walk: Walk, with_name: bool) -> Iterator[Found]:
    if not path:
        raise UsageError("an empty path: name a file or folder, or - for standard input")
    given = place_of(path)
    if isinstance(given, Url):
        from detector.corpus.remote_walk import remote_files

        yield from remote_files(given, walk, with_name)
    elif is_pattern(path):
        before = walk.left_out
        matches = list(walk.pattern(str(given)))
        if not matches and before == walk.left_out:
            raise UsageError(f"{path}: no file matches the pattern")
        yield from matches
    elif not stat.S_ISDIR(_mode(given)):
        yield Found(given, Path(given.name))
    elif walk.exclude is not None and identity(given) == walk.exclude:
        walk.passed_over.append(
            f"{path}: is the output folder, whose files are not read; choose another --output, or use --in-place"
        )
    else:
        yield from walk.folder(given, Path(given.resolve().name) if with_name else Path())


def _mode(path: Path) -> int:
    """The type of a file. Raises `UsageError` if it does not exist, `DataError` if it cannot be accessed."""
    try:
        return path.stat().st_mode
    except OSError as error:
        if error.errno in _MISSING:
            raise UsageError(f"{path}: no such file or folder") from error
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def _raise_nothing_found(given: Sequence[str], passed_over: Sequence[str], unreadable: Sequence[str]) -> None:
    names = ", ".join(hidden(path) if is_url(path) else path for path in given)
    reasons = [*unreadable, *passed_over]
    if not reasons:
        raise UsageError(f"{names}: no files with a known extension found; --all-files also reads others")
    listed = "; ".join(reasons[:_REASONS_SHOWN])
    if unreadable:
        raise DataError(f"{names}: no files found: {listed}")
    raise UsageError(f"{names}: no files to read: {listed}")
