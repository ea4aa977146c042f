"""Find the files that URLs name: by the rules of `detector.corpus.walk`, in other file systems."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from detector.corpus.walk import Found, Walk, has_wildcard, is_skipped
from detector.errors import DataError, UsageError
from detector.util import remote
from detector.util.remote import Entry
from detector.util.urls import Url


def is_remote_folder(url: Url) -> bool:
    """Whether a URL is that of a folder; a web page is none. Raises `DataError` if that cannot be known."""
    found = None if url.is_web else remote.look_up(url)
    return found is not None and found.is_folder


def is_remote_file(url: Url) -> bool:
    """Whether a URL is that of something that is no folder. Raises errors as `is_remote_folder` does."""
    found = None if url.is_web else remote.look_up(url)
    return found is not None and not found.is_folder


def is_remote_pattern(url: Url) -> bool:
    """Whether a URL with wildcards is a pattern, and not that of a file. A question mark begins a query of the web."""
    return not url.is_web and remote.look_up(url) is None


def remote_files(url: Url, walk: Walk, with_name: bool) -> Iterator[Found]:
    """The files that a URL names. In a folder, relative paths begin with its name if ``with_name``.

    Raises `UsageError` if there is nothing, `DataError` if that cannot be known.
    """
    if has_wildcard(url.text) and is_remote_pattern(url):
        before = walk.left_out
        matches = list(_pattern(url, walk))
        if not matches and before == walk.left_out:
            raise UsageError(f"{url}: no file matches the pattern")
        yield from matches
        return
    found = remote.look_up(url)
    if found is None:
        raise UsageError(f"{url}: no such file or folder")
    if not found.is_folder:
        yield Found(found.url, Path(url.name))
        return
    walk.remote_folders.append(url)
    if walk.exclude_url is not None and walk.exclude_url.key == url.key:
        walk.passed_over.append(f"{url}: is the output folder, whose files are not read; choose another --output")
    else:
        yield from _folder(url, Path(url.name) if with_name else Path(), walk)


def _folder(folder: Url, relative: Path, walk: Walk) -> Iterator[Found]:
    """The files in a folder and its subfolders, in order, with their paths below the folder after ``relative``."""
    try:
        at_once = remote.list_below(folder)
        entries = _below(folder, "", walk) if at_once is None else iter(at_once)
    except DataError as error:
        _not_listed(error, walk)
        return
    for entry in entries:
        parts = entry.name.split("/")
        excluded = walk.exclude_url is not None and entry.url.below(walk.exclude_url) is not None
        if not excluded and not any(map(is_skipped, parts)) and _is_read(entry, parts, walk):
            yield Found(entry.url, Path(relative, *parts))


def _below(folder: Url, above: str, walk: Walk) -> Iterator[Entry]:
    """What is below a folder, its subfolders one by one, with the paths below the first folder as names."""
    for entry in _list(folder, walk):
        name = f"{above}{entry.name}"
        if not entry.is_folder:
            yield entry._replace(name=name)
        elif not is_skipped(entry.name) and (walk.exclude_url is None or walk.exclude_url.key != entry.url.key):
            yield from _below(entry.url, f"{name}/", walk)


def _list(folder: Url, walk: Walk) -> list[Entry]:
    try:
        return remote.list_folder(folder)
    except DataError as error:
        _not_listed(error, walk)
        return []


def _not_listed(error: DataError, walk: Walk) -> None:
    line = f"{error}; its files are not read"
    if line not in walk.unreadable:  # a pattern may come by twice
        walk.unreadable.append(line)


def _is_read(entry: Entry, parts: Sequence[str], walk: Walk, named: bool = False) -> bool:
    """Whether a file is read; otherwise it is passed over."""
    if entry.kind != "file":
        walk.passed_over.append(f"{entry.url}: a {entry.kind}, which is not read; name it to read it")
        return False
    if not all(parts) or Path(*parts).parts != tuple(parts) or ".." in parts:
        walk.passed_over.append(f"{entry.url}: its name makes no path below a folder; name it to read it")
        return False
    return named or walk.has_known_extension(Path(parts[-1]))


def _pattern(url: Url, walk: Walk) -> Iterator[Found]:
    """The files that a pattern matches, and those in the folders that it matches, in order."""
    given = url.text.split("/")  # the scheme, an empty part, the host or bucket, and the parts of the path
    parts = [part for number, part in enumerate(given) if not part == given[number - 1] == "**"]
    first = next(number for number, part in enumerate(parts) if has_wildcard(part))
    if first < 3:
        raise UsageError(f"{url}: a pattern needs the name of a bucket or host; write it out")
    found: dict[Path, Found] = {}
    base = Url("/".join(parts[:first]))
    for entry, relative in _matches(base, PurePosixPath(), parts[first:], walk):
        if entry.is_folder:
            found |= {below.relative: below for below in _folder(entry.url, Path(relative), walk)}
        elif _is_read(entry, relative.parts, walk, named=True):
            found[Path(relative)] = Found(entry.url, Path(relative))
    yield from (found[relative] for relative in sorted(found))


def _matches(
    folder: Url, relative: PurePosixPath, parts: Sequence[str], walk: Walk
) -> Iterator[tuple[Entry, PurePosixPath]]:
    """The files and folders in a folder that the parts of a pattern match, with their relative paths."""
    part, *rest = parts
    if part == "**":
        if not rest:  # the folder, with all that is below it
            yield Entry(folder, folder.name, "directory"), relative
            return
        yield from _matches(folder, relative, rest, walk)
        rest = list(parts)
    for entry in _children(folder, part, walk):
        below = relative / entry.name
        if walk.exclude_url is not None and entry.url.key == walk.exclude_url.key:
            continue
        if not rest:
            yield entry, below
        elif entry.is_folder:
            yield from _matches(entry.url, below, rest, walk)


def _children(folder: Url, part: str, walk: Walk) -> Iterator[Entry]:
    """What is in a folder and matches one part of a pattern; for ``**`` all its subfolders."""
    for entry in _list(folder, walk):
        if is_skipped(entry.name):
            continue
        if part == "**":
            if entry.is_folder:
                yield entry
        elif entry.name == part or (has_wildcard(part) and fnmatch.fnmatchcase(entry.name, part)):
            yield entry
