"""That no output of a command replaces an input, or another output."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from detector.corpus.inputs import Inputs
from detector.corpus.places import Identity, Places, identity
from detector.corpus.walk import is_read_later
from detector.errors import UsageError
from detector.util.urls import Place, Url


class Output(NamedTuple):
    """A file that a command writes. ``name`` is what messages call it: ``--removed r.jsonl``.

    With a path of None, it is standard output. ``source`` names the input if the file is the result of one.
    """

    name: str
    path: Place | None
    source: str = ""


def check_outputs(inputs: Sequence[Place | None], outputs: Sequence[Output]) -> None:
    """Raise `UsageError` if an output is an input, or the same file as another output, or lies below one.

    Files are compared, not names: links, hard links, and names that are one to the file system are found. What is no
    regular file (a pipe, a device) cannot be replaced, so it is never in conflict. Of URLs, the usual spellings are
    compared. None stands for standard input. Raises `UsageError`, too, if an output is a URL that cannot be written.
    """
    files = _Files()
    for path in inputs:
        files.add_input(path)
    for output in outputs:
        if output.path is None:
            files.check_stdout()
        elif isinstance(output.path, Url):
            files.check_url(output, output.path)
        elif not _is_special(output.path):
            files.check(output, output.path)


def check_folders(inputs: Inputs, outputs: Sequence[Output], all_files: bool, exclude: Place | None = None) -> None:
    """Raise `UsageError` if an output lies in an input folder, under a name that the next run would read there.

    Files in the output folder ``exclude`` are never read.
    """
    local = [folder for folder in inputs.folders if isinstance(folder, Path)]
    folders = {found: folder for folder in local if (found := identity(folder)) is not None}
    places = Places()
    excluded = places.of(exclude) if isinstance(exclude, Path) else None
    for output in outputs:
        if isinstance(output.path, Url):
            _check_remote_folders(inputs, output, output.path, all_files, exclude)
            continue
        if output.path is None or _is_special(output.path):
            continue
        real = Path(os.path.realpath(output.path))
        for above in real.parents:
            if excluded is not None and places.of(above) == excluded:
                break
            found = identity(above)
            if found is not None and found in folders and is_read_later(real.relative_to(above), all_files):
                raise _read_later(output, folders[found])


def _check_remote_folders(
    inputs: Inputs, output: Output, url: Url, all_files: bool, exclude: Place | None = None
) -> None:
    if isinstance(exclude, Url) and url.below(exclude):
        return
    for folder in inputs.folders:
        below = url.below(folder) if isinstance(folder, Url) else None
        if below and is_read_later(Path(below), all_files):
            raise _read_later(output, folder)


def _read_later(output: Output, folder: Place) -> UsageError:
    return UsageError(
        f"{output.name}: lies in the input folder {folder}, where the next run would read it; name a file outside of it"
    )


class _Files:
    """The files that a call names, by place and by identity, and what each of them is."""

    def __init__(self) -> None:
        self.inputs: dict[Identity, str] = {}
        self.outputs: dict[Identity, str] = {}
        self.places = Places()

    def add_input(self, path: Place | None) -> None:
        """Add an input; None for standard input."""
        if path is None:
            self.inputs |= dict.fromkeys(_redirected(sys.stdin), "standard input")
        elif isinstance(path, Url):
            self.inputs[path.key,] = str(path)
        elif not _is_special(path):
            self.inputs |= dict.fromkeys(self.keys(path), str(path))

    def keys(self, path: Path) -> list[Identity]:
        """The place of a file; then, if it exists, its identity, by which hard links are found."""
        found = identity(path)
        return [self.places.of(path)] if found is None else [self.places.of(path), found]

    def check(self, output: Output, path: Path) -> None:
        """Check one output against the inputs and the outputs before it, and add it to those."""
        keys = self.keys(path)
        if any(key in self.inputs for key in keys):
            remedy = "choose another --output, or use --in-place" if output.source else "name another file"
            raise UsageError(f"{output.name}: is an input; {remedy}")
        if output.source:  # renamed into place: that results were hard links of each other before does no harm
            self._check_result(output, keys[0])
        else:
            self._check_named(output, path, keys)
        self.outputs |= dict.fromkeys(keys, output.source or output.name)

    def check_url(self, output: Output, url: Url) -> None:
        """Check one output that is a URL."""
        from detector.util.remote import require_writable

        key: Identity = (url.key,)
        require_writable(url, output.name)
        if key in self.inputs:
            raise UsageError(f"{output.name}: is an input; name another file")
        if output.source:
            self._check_result(output, key)
        elif key in self.outputs:
            raise UsageError(f"{output.name}: is also written for {self.outputs[key]}; name another file")
        self.outputs[key] = output.source or output.name

    def check_stdout(self) -> None:
        """Check standard output, where it is redirected into a file."""
        for key in _redirected(sys.stdout):
            if key in self.inputs:
                raise UsageError(f"standard output is the input {self.inputs[key]}; redirect it into another file")
            self.outputs[key] = "standard output"

    def _check_result(self, output: Output, place: Identity) -> None:
        if place in self.outputs:
            raise UsageError(f"{output.source} and {self.outputs[place]} would both be written to {output.name}")

    def _check_named(self, output: Output, path: Path, keys: Sequence[Identity]) -> None:
        for key in keys:
            if key in self.outputs:
                raise UsageError(f"{output.name}: is also written for {self.outputs[key]}; name another file")
        if path.is_dir():
            raise UsageError(f"{output.name}: is a folder; name a file")
        for above in map(self.places.of, path.absolute().parents):
            if above in self.outputs:
                raise UsageError(f"{output.name}: lies below the file for {self.outputs[above]}; name another file")


def _redirected(stream: TextIO | None) -> list[Identity]:
    """The identity of the file that a standard stream of this process leads to; empty if it leads to no file."""
    try:
        found = os.fstat(stream.fileno()) if stream else None
    except (OSError, ValueError):  # closed, or replaced by a stream without a descriptor
        return []
    return [(found.st_dev, found.st_ino)] if found and stat.S_ISREG(found.st_mode) and found.st_ino else []


def _is_special(path: Path) -> bool:
    """Whether a path leads to something that is neither a file nor a folder."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
