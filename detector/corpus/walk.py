"""Walk folders and patterns: which files a command reads there, and what it passes over."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from detector.corpus.places import Identity, identity
from detector.formats.compression import compression_of, without_compression
from detector.formats.registry import format_by_extension, page_format_by_extension
from detector.util.urls import Place, Url

MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE = "_manifest.jsonl", "_rejected.jsonl", "_summary.json"
ORIGINAL_SUFFIX = ".orig"  # appended to the name of an original that its result replaces
_REPORT_FILES = frozenset({MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE})
_SPECIAL = {
    stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip
_EXTENSIONS_SHOWN, _EXTENSION_LENGTH = 10, 20


class Found(NamedTuple):
    """A file that was found. ``relative`` is the path for its result in an output folder."""

    path: Place
    relative: Path


class Walk:
    """A walk through folders. Links to folders are not followed, so it ends.

    With ``all_files``, files with any extension are found, else those of known formats. The folder ``exclude``, or
    ``exclude_url``, is left out. With ``follow_links``, links to files are found like files. ``passed_over`` has one
    line for each thing that was not read, with the reason; ``unreadable`` one for each folder that could not be listed.
    Hidden files, and those that this package writes beside results, are left out without a line. ``remote_folders``
    are the folders that were searched in other file systems. With ``only_pages``, the formats of HTML pages are the
    only known ones.
    """

    def __init__(
        self,
        all_files: bool = False,
        exclude: Identity | None = None,
        follow_links: bool = True,
        exclude_url: Url | None = None,
    ) -> None:
        self.all_files = all_files
        self.only_pages = False
        self.exclude, self.exclude_url = exclude, exclude_url
        self.follow_links = follow_links
        self.passed_over: list[str] = []
        self.unreadable: list[str] = []
        self.remote_folders: list[Url] = []
        self._unknown: Counter[str] = Counter()

    def folder(self, folder: Path, relative: Path) -> Iterator[Found]:
        """The files in a folder and its subfolders, in order, with their paths below the folder after ``relative``."""
        seen = {identity(folder)}
        pending = self._list(folder, relative)
        while pending:
            entry, below = pending.pop()
            path = Path(entry.path)
            if not entry.is_dir(follow_symlinks=False):
                if self._is_read(path, entry.is_file(follow_symlinks=False)):
                    yield Found(path, below)
                continue
            found = identity(path)
            if found is not None and found in seen:
                self.passed_over.append(f"{path}: another name of a folder that is read already")
            elif found is None or found != self.exclude:
                seen.add(found)
                pending += self._list(path, below)

    def pattern(self, pattern: str) -> Iterator[Found]:
        """The files that a pattern matches, and those in the folders that it matches, in order.

        Their paths are relative to the part of the pattern without wildcards.
        """
        given = Path(pattern).parts
        parts = [part for number, part in enumerate(given) if number == 0 or not part == given[number - 1] == "**"]
        first = next(number for number, part in enumerate(parts) if has_wildcard(part))
        found: dict[Path, Found] = {}
        for path, relative in self._matches(Path(*parts[:first]), Path(), parts[first:]):
            if stat.S_ISDIR(_mode(path)):
                found |= {below.relative: below for below in self.folder(path, relative)}
            elif self._is_read(path, path.is_file() and not path.is_symlink(), named=True):
                found[relative] = Found(path, relative)
        yield from (found[relative] for relative in sorted(found))

    @property
    def left_out(self) -> int:
        """The number of files and folders that were passed over so far."""
        return len(self.passed_over) + len(self.unreadable) + self._unknown.total()

    def extensions(self) -> Iterator[str]:
        """At most one line: how many files have an unknown extension, and which."""
        if not self._unknown:
            return
        number = self._unknown.total()
        shown = [f"{name} {count:,}" for name, count in self._unknown.most_common(_EXTENSIONS_SHOWN)]
        if others := len(self._unknown) - len(shown):
            shown.append(f"and {others:,} more")
        what, remedy = "an unknown extension", "--all-files reads them as text"
        if self.only_pages:
            what, remedy = "no extension of web pages", "name them to read them as HTML"
        yield f"{number:,} {'file' if number == 1 else 'files'} with {what}: {', '.join(shown)}; {remedy}"

    def _list(self, folder: Path, relative: Path) -> list[tuple[os.DirEntry[str], Path]]:
        """What is in a folder, the last first, without what is left out."""
        try:
            with os.scandir(folder) as entries:
                listed = sorted((e for e in entries if not is_skipped(e.name)), key=lambda e: e.name, reverse=True)
        except OSError as error:
            line = f"{folder}: cannot be listed ({error.strerror}); its files are not read"
            if line not in self.unreadable:  # a pattern may come by twice
                self.unreadable.append(line)
            return []
        return [(entry, relative / entry.name) for entry in listed]

    def _matches(self, path: Path, relative: Path, parts: Sequence[str]) -> Iterator[tuple[Path, Path]]:
        """The files and folders from ``path`` on that the parts of a pattern match, with their relative paths."""
        if not parts:
            yield path, relative
            return
        part, *rest = parts
        if part == "**":
            yield from self._matches(path, relative, rest)
            rest = list(parts) if rest else []
        if rest or part != "**":  # a pattern that ends with ** means the folder, with all that is below it
            for child, below in self._children(path, relative, part):
                if self.exclude is None or identity(child) != self.exclude:
                    yield from self._matches(child, below, rest)

    def _children(self, folder: Path, relative: Path, part: str) -> Iterator[tuple[Path, Path]]:
        """What is in a folder and matches one part of a pattern; for ``**`` all its subfolders."""
        if not has_wildcard(part):
            if not is_skipped(part) and os.path.lexists(folder / part):
                yield folder / part, relative / part
        elif stat.S_ISDIR(_mode(folder)):
            for entry, below in reversed(self._list(folder, relative)):
                if self._is_match(entry, part):
                    yield Path(entry.path), below

    def _is_match(self, entry: os.DirEntry[str], part: str) -> bool:
        """Whether a wildcard matches; a link to a folder is passed over."""
        import fnmatch

        if part == "**":
            return entry.is_dir(follow_symlinks=False)
        if not fnmatch.fnmatch(entry.name, part):
            return False
        path = Path(entry.path)
        return not (entry.is_symlink() and stat.S_ISDIR(_mode(path))) or self._is_read(path, is_file=False)

    def _is_read(self, path: Path, is_file: bool, named: bool = False) -> bool:
        """Whether a file is read; otherwise it is passed over. ``is_file`` tells that it is a file and no link."""
        if not is_file and (reason := self._obstacle(path)):
            self.passed_over.append(f"{path}: {reason}")
            return False
        return named or self.has_known_extension(path)

    def has_known_extension(self, path: Path) -> bool:
        """Whether a file is read that a folder has; otherwise its extension is counted."""
        known = page_format_by_extension if self.only_pages else format_by_extension
        if self.all_files or known(path):
            return True
        extension = without_compression(path).suffix + compression_of(path)
        self._unknown[extension[:_EXTENSION_LENGTH].lower() or "none"] += 1
        return False

    def _obstacle(self, path: Path) -> str:
        """Why a link, or something that is no file, is not read; empty if it is a link to a file that is read."""
        try:
            mode = path.stat().st_mode
        except OSError as error:
            return f"a link that leads nowhere ({error.strerror})"
        if stat.S_ISDIR(mode):
            return "a link to a folder, which is not followed; name it to read it"
        if not stat.S_ISREG(mode):
            return f"{_SPECIAL.get(stat.S_IFMT(mode), 'not a file')}, which is not read; name it to read it"
        return "" if self.follow_links else "a link, whose file is not replaced in place; name it to replace it"


def has_wildcard(path: str) -> bool:
    """Whether a path, or a part of one, has the form of a pattern."""
    return any(wildcard in path for wildcard in "*?[")


def _mode(path: Path) -> int:
    """The type and permissions of what a path leads to; 0 if it leads nowhere."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def is_skipped(name: str) -> bool:
    """Whether a file or folder is hidden, or a file that this package writes beside results."""
    return name.startswith(".") or name in _REPORT_FILES or name.endswith(ORIGINAL_SUFFIX)


def is_read_later(relative: Path, all_files: bool) -> bool:
    """Whether a walk would find a file with this path below a folder, once it exists."""
    return not any(map(is_skipped, relative.parts)) and (all_files or format_by_extension(relative) is not None)
