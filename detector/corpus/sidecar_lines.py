"""The lines of sidecars by the name of their input, and places that may be URLs, for restoring."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any

from detector.corpus.sidecar import read_sidecar
from detector.corpus.staging import staging
from detector.errors import DataError
from detector.util.json_lines import json_line, parse_json_lines, read_json_lines
from detector.util.scratch import Scratch
from detector.util.urls import Place


class Sidecar(AbstractContextManager["Sidecar"]):
    """The lines of a sidecar by the name of their input, in a temporary file. Without a path, there are none.

    Raises `OSError` if the sidecar cannot be read.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._places: dict[str, list[tuple[int, int]]] = {}  # where lines begin, and how many there are
        for name, lines in groupby(read_sidecar(path, strict=True) if path else (), lambda line: str(line.get("file"))):
            start, number = self._file.tell(), 0
            for line in lines:
                self._file.write(json_line(line))
                number += 1
            self._places.setdefault(name, []).append((start, number))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    @property
    def names(self) -> set[str]:
        """The names of the inputs that have lines."""
        return set(self._places)

    def count(self, name: str) -> int:
        """The number of lines of an input."""
        return sum(number for _, number in self._places.get(name, []))

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """The lines of an input, in order."""
        for start, number in self._places.get(name, []):
            at = start
            for _ in range(number):
                self._file.seek(at)
                line = self._file.readline()
                at += len(line)
                yield json.loads(line)


@contextmanager
def sidecars(removed: Place, rejected: Place | None) -> Iterator[tuple[Sidecar, Sidecar]]:
    """The lines of the two sidecars. Raises `OSError` or `DataError` if they cannot be read."""
    with ExitStack() as stack:
        yield stack.enter_context(_sidecar(removed)), stack.enter_context(_sidecar(rejected))


def _sidecar(place: Place | None) -> Sidecar:
    if place is None or isinstance(place, Path):
        return Sidecar(place)
    with Scratch() as scratch, staging(scratch) as stage:
        file = stage.fetched(place)
        try:
            return Sidecar(file)
        except DataError as error:
            raise DataError(str(error).replace(str(file), str(place))) from error


def found(place: Place) -> Place | None:
    """A place if there is a file or folder, else None. Raises `DataError` if that cannot be known."""
    if isinstance(place, Path):
        return place if place.exists() else None
    from detector.util.remote import look_up

    return place if look_up(place) else None


def json_lines_of(place: Place) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON Lines; none where the file is missing. A torn line is skipped."""
    if isinstance(place, Path):
        yield from read_json_lines(place)
        return
    from detector.util.remote import read

    yield from parse_json_lines((read(place) or b"").splitlines(keepends=True))


def removed_count(entry: Mapping[str, Any]) -> int:
    """How many lines of removed text the entry of a manifest counts; 0 for one that is damaged."""
    counts = entry.get("lines")
    number = counts.get("removed") if isinstance(counts, dict) else 0
    return number if isinstance(number, int) else 0
