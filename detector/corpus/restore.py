"""Restore originals from clean files and their sidecars."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from itertools import filterfalse, groupby
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, BinaryIO, cast

from detector.corpus.outputs import Output, check_outputs
from detector.corpus.records import bytes_of
from detector.corpus.sidecar import read_sidecar
from detector.corpus.walk import MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE
from detector.errors import DataError, UsageError
from detector.formats.base import DEFAULT_FIELDS, Fields, Record, Rejected, Writer
from detector.formats.compression import compressing, decompressing
from detector.formats.registry import FORMATS, FileType, file_type
from detector.restoring import is_kept_whole, restore, restore_pieces
from detector.util.atomic import replacing
from detector.util.json_lines import json_line, read_json_lines

_BUFFER = 1 << 18  # bytes
_Lines = list[dict[str, Any]]


@dataclass
class Restored:
    """The numbers of files, of documents with removed text, and of rejected records that were restored.

    ``failed`` has one line for each file that could not be restored, with the reason.
    """

    files: int = 0
    documents: int = 0
    rejected: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CleanFile:
    """A clean file, the name of its input in the sidecars, its type, and the file for the original.

    ``removed`` is the number of lines for it that the file of removed text has at least.
    """

    path: Path
    name: str
    type: FileType
    target: Path
    removed: int = 0


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


def restore_file(
    cleaned: Path,
    removed: Path,
    rejected: Path | None,
    target: Path,
    format_name: str | None = None,
    fields: Fields = DEFAULT_FIELDS,
) -> Restored:
    """Restore the original of one clean file.

    Raises `UsageError` if the target is an input, or if the sidecar holds lines of several inputs and none of this
    file's name, `DataError` if it does not fit the file.
    """
    check_outputs([cleaned, removed, rejected or removed], [Output(f"--output {target}", target)])
    with Sidecar(removed) as lines, Sidecar(rejected) as rejects:
        names = sorted(lines.names | rejects.names)
        name = str(cleaned) if str(cleaned) in names or not names else names[0]
        if len(names) > 1 and name != str(cleaned):
            raise UsageError(
                f"{removed}: has lines of {len(names)} inputs, and none is named {cleaned}; give the folder of their "
                "results, or a sidecar of this file alone"
            )
        restored = Restored()
        _restore(CleanFile(cleaned, name, file_type(cleaned, format_name), target), lines, rejects, fields, restored)
    return restored


def restore_folder(folder: Path, removed: Path, rejected: Path | None, target: Path) -> Restored:
    """Restore the originals of all results in a folder that ``detector clean`` wrote, into the folder ``target``.

    The rejected records are those of ``rejected``, by default of the folder. A file that cannot be restored is counted,
    and the others are restored. Raises `UsageError` if a target is an input, `DataError` if the folder has no manifest,
    or one that names files elsewhere.
    """
    own = folder / REJECTED_FILE
    settings = next(read_json_lines(folder / SUMMARY_FILE), {}).get("settings")
    named: Mapping[str, Any] = settings if isinstance(settings, dict) else {}
    fields = Fields(str(named.get("text_field", "text")), str(named.get("id_field", "id")))
    rejected = rejected or (own if own.exists() else None)
    files = list(_results(folder, target))
    if not files:
        raise DataError(f"{folder}: no folder of results: it has no {MANIFEST_FILE} that names one; name a file")
    check_outputs(
        [removed, *(file.path for file in files), *([rejected] if rejected else ())],
        [Output(f"--output {file.target}", file.target) for file in files],
    )
    restored = Restored()
    with Sidecar(removed) as lines, Sidecar(rejected) as rejects:
        for file in files:
            try:
                _restore(file, lines, rejects, fields, restored)
            except (OSError, DataError) as error:
                restored.failed.append(str(error) if str(file.path) in str(error) else f"{file.path}: {error}")
    return restored


def _results(folder: Path, target: Path) -> Iterator[CleanFile]:
    for record in read_json_lines(folder / MANIFEST_FILE):
        name, format_name = str(record.get("file")), record.get("format")
        path = folder / name
        parts = PurePath(name).parts
        inside = parts and ".." not in parts and not PurePath(name).is_absolute()
        if not inside or folder.resolve() not in path.resolve().parents or format_name not in FORMATS:
            raise DataError(
                f"{folder / MANIFEST_FILE}: names {name[:40]}, which is not in the folder, or not its format; mend the "
                "line"
            )
        lines = record.get("lines")
        number = lines.get("removed") if isinstance(lines, dict) else 0
        removed = number if isinstance(number, int) else 0
        yield CleanFile(path, name, file_type(path, str(format_name)), target / name, removed)


def _restore(file: CleanFile, lines: Sidecar, rejects: Sidecar, fields: Fields, restored: Restored) -> None:
    """Restore one file; its original appears complete or not at all."""
    if lines.count(file.name) < file.removed:
        raise DataError(
            f"{file.path}: {file.removed:,} lines were written to the file of removed text, but it has "
            f"{lines.count(file.name):,} of them: it is not complete, or belongs to another result"
        )
    file.target.parent.mkdir(parents=True, exist_ok=True)
    compression = file_type(file.target, file.type.format_name).compression
    with ExitStack() as stack:
        clean = stack.enter_context(open(file.path, "rb", buffering=_BUFFER))
        output = stack.enter_context(replacing(file.target))
        stream = stack.enter_context(compressing(output, compression))
        writer = file.type.format.writer(stream, fields)
        _Restorer(file, lines, rejects, writer, restored).run(decompressing(clean, file.type.compression), fields)
        writer.close()
    restored.files += 1


@dataclass
class _Restorer:
    """Restores the records of one file, in order."""

    file: CleanFile
    lines: Sidecar
    rejects: Sidecar
    writer: Writer
    restored: Restored
    documents: int = 0
    _removed: Iterator[tuple[int, Iterator[dict[str, Any]]]] = field(init=False)
    _rejected: Iterator[dict[str, Any]] = field(init=False)

    def run(self, stream: BinaryIO, fields: Fields) -> None:
        """Write the original of what the stream of clean data holds. Raises `DataError` if a sidecar does not fit."""
        name = self.file.name
        pieces = filterfalse(is_kept_whole, self.lines.lines(name))
        self._removed = groupby(pieces, lambda line: cast("int", line.get("document")))
        self._rejected = self.rejects.lines(name)
        removed = next(self._removed, None)
        rejected = next(self._rejected, None)
        parts = self.file.type.format.read(stream, str(self.file.path), fields)
        for position, part in enumerate(parts):
            while rejected is not None and (rejected.get("position") or 0) <= position:
                rejected = self._put_back(rejected)
            if isinstance(part, Rejected):
                raise DataError(f"{self.file.path}:{part.number}: {part.reason}; it is no result of detector clean")
            self.documents += part.text is not None
            if part.text is not None and removed is not None and removed[0] == self.documents:
                self._document(part, removed[1])
                removed = next(self._removed, None)
            else:
                self._unchanged(part)
        while rejected is not None:
            rejected = self._put_back(rejected)
        if removed is not None:
            raise DataError(
                f"{self.file.path}: has {self.documents} documents, but text was removed from number {removed[0]}: the "
                "sidecar belongs to another result"
            )

    def _put_back(self, rejected: Mapping[str, Any]) -> dict[str, Any] | None:
        """Write a rejected record, and return the next one. Raises `DataError` for an element of an array."""
        if rejected.get("position") is None:
            raise DataError(
                f"{self.file.path}: line {rejected.get('record')} of its input had an element of an array that was "
                "rejected; it cannot be put back, because its comma is gone: leave out --rejected to restore the rest"
            )
        self.writer.write_original(bytes_of(str(rejected["raw"])))
        self.restored.rejected += 1
        return next(self._rejected, None)

    def _unchanged(self, record: Record) -> None:
        if record.text is None or isinstance(record.text, str):
            self.writer.write(record, None)
        else:
            for chunk in record.text:
                self.writer.write(record, chunk)

    def _document(self, record: Record, lines: Iterator[dict[str, Any]]) -> None:
        """Write a record with what was removed from its text."""
        self.restored.documents += 1
        try:
            if isinstance(record.text, str):
                given: _Lines = list(lines)
                text, original = restore(record.text, given), given[-1].get("original")
                if original is None:
                    self.writer.write(record, text)
                else:
                    self.writer.write_original(bytes_of(str(original)), record)
            else:
                for piece in restore_pieces(record.text or (), lines):
                    self.writer.write(record, piece)
        except DataError as error:
            raise DataError(f"{self.file.path}: document {self.documents}: {error}") from error
