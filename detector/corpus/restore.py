"""Restore originals from clean files and their sidecars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import filterfalse, groupby
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from detector.corpus.outputs import Output, check_outputs
from detector.corpus.records import bytes_of
from detector.corpus.sidecar_lines import Sidecar, found, json_lines_of, removed_count, sidecars
from detector.corpus.staging import staging
from detector.corpus.walk import MANIFEST_FILE, REJECTED_FILE, SUMMARY_FILE
from detector.errors import DataError, UsageError
from detector.formats.base import DEFAULT_FIELDS, Fields, Record, Rejected, Writer
from detector.formats.compression import compressing, decompressing
from detector.formats.registry import FORMATS, FileType, file_type, is_of_pages, result_format
from detector.restoring import is_kept_whole, restore, restore_pieces
from detector.util.atomic import replacing
from detector.util.scratch import Scratch
from detector.util.urls import Place, named

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

    ``fields`` are those that were cleaned. ``removed`` is the number of lines for it that the file of removed text has
    at least. ``size`` is the number of bytes of the clean file, None if it is not known. ``of_pages`` tells that the
    input was HTML: what is restored is its text, without the pages that were rejected.
    """

    path: Place
    name: str
    type: FileType
    target: Place
    fields: Fields = DEFAULT_FIELDS
    removed: int = 0
    size: int | None = None
    of_pages: bool = False


@dataclass(frozen=True)
class Given:
    """What the caller says of a folder's results, in place of what its manifest says of each: None says nothing."""

    format_name: str | None = None
    text_field: str | None = None
    id_field: str | None = None


_NOTHING_GIVEN = Given()


def restore_file(
    cleaned: Place,
    removed: Place,
    rejected: Place | None,
    target: Place,
    format_name: str | None = None,
    fields: Fields = DEFAULT_FIELDS,
) -> Restored:
    """Restore the original of one clean file.

    Raises `UsageError` if the target is an input, or if the sidecar holds lines of several inputs and none of this
    file's name, `DataError` if it does not fit the file.
    """
    check_outputs([cleaned, removed, rejected or removed], [Output(f"--output {target}", target)])
    with sidecars(removed, rejected) as (lines, rejects):
        names = sorted(lines.names | rejects.names)
        name = str(cleaned) if str(cleaned) in names or not names else names[0]
        if len(names) > 1 and name != str(cleaned):
            raise UsageError(
                f"{removed}: has lines of {len(names)} inputs, and none is named {cleaned}; give the folder of their "
                "results, or a sidecar of this file alone"
            )
        restored = Restored()
        file = CleanFile(cleaned, name, file_type(named(cleaned), format_name), target, fields)
        _restore(file, lines, rejects, restored)
    return restored


def restore_folder(
    folder: Place, removed: Place, rejected: Place | None, target: Place, given: Given = _NOTHING_GIVEN
) -> Restored:
    """Restore the originals of all results in a folder that ``detector clean`` wrote, into the folder ``target``.

    The format and the fields of each result are those of the manifest, or those that are ``given``. The rejected
    records are those of ``rejected``, by default of the folder. A file that cannot be restored is counted as failed,
    and the others are restored; so is a result that has lines in a sidecar, but none in the manifest. Raises
    `UsageError` if a target is an input, `DataError` if the folder has no manifest, or one that names files elsewhere.
    """
    rejected = rejected or found(folder / REJECTED_FILE)
    files = list(_results(folder, target, given))
    if not files:
        raise DataError(f"{folder}: no folder of results: it has no {MANIFEST_FILE} that names one; name a file")
    check_outputs(
        [removed, *(file.path for file in files), *([rejected] if rejected else ())],
        [Output(f"--output {file.target}", file.target) for file in files],
    )
    restored = Restored()
    with sidecars(removed, rejected) as (lines, rejects):
        for file in files:
            try:
                _restore(file, lines, rejects, restored)
            except (OSError, DataError) as error:
                restored.failed.append(str(error) if str(file.path) in str(error) else f"{file.path}: {error}")
        for name in sorted((lines.names | rejects.names) - {file.name for file in files}):
            if _is_inside(name, folder) and found(folder / name):
                restored.failed.append(
                    f"{folder / name}: {MANIFEST_FILE} does not name it, perhaps because its run was stopped; run the "
                    "same detector clean again, then restore"
                )
    return restored


def _results(folder: Place, target: Place, given: Given) -> Iterator[CleanFile]:
    """The results that the manifest of a folder names, each by its last entry."""
    summary = next(json_lines_of(folder / SUMMARY_FILE), {}).get("settings")
    settings = summary if isinstance(summary, dict) else {}
    for name, record in {str(record.get("file")): record for record in json_lines_of(folder / MANIFEST_FILE)}.items():
        path, format_name = folder / name, record.get("format")
        if not _is_inside(name, folder) or format_name not in FORMATS:
            raise DataError(
                f"{folder / MANIFEST_FILE}: names {name[:40]}, which is not in the folder, or not its format; mend the "
                "line"
            )
        known = settings | record  # earlier versions wrote no fields into the manifest
        fields = Fields(
            given.text_field or str(known.get("text_field", DEFAULT_FIELDS.text)),
            given.id_field or str(known.get("id_field", DEFAULT_FIELDS.id)),
        )
        used = given.format_name or str(format_name)
        yield CleanFile(
            path, name, file_type(named(path), result_format(used)), target / name, fields,
            removed=removed_count(record), size=_size(record.get("written")), of_pages=is_of_pages(used),
        )  # fmt: skip


def _size(written: object) -> int | None:
    """The number of bytes of a result in the stamp of a manifest; None if it is not known, or damaged."""
    size = written[0] if isinstance(written, list) and written else None
    return size if isinstance(size, int) and size > 0 else None


def _is_inside(name: str, folder: Place) -> bool:
    """Whether a name is that of something in a folder, through links."""
    parts, path = PurePath(name).parts, folder / name
    if not parts or ".." in parts or PurePath(name).is_absolute():
        return False
    return not isinstance(path, Path) or not isinstance(folder, Path) or folder.resolve() in path.resolve().parents


def _restore(file: CleanFile, lines: Sidecar, rejects: Sidecar, restored: Restored) -> None:
    """Restore one file; its original appears complete or not at all."""
    if lines.count(file.name) < file.removed:
        raise DataError(
            f"{file.path}: {file.removed:,} lines were written to the file of removed text, but it has "
            f"{lines.count(file.name):,} of them: it is not complete, or belongs to another result"
        )
    compression = file_type(named(file.target), file.type.format_name).compression
    with Scratch() as scratch, staging(scratch) as stage:
        path, target = stage.fetched(file.path), stage.target(file.target)
        _check_size(file, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            clean = stack.enter_context(open(path, "rb", buffering=_BUFFER))
            output = stack.enter_context(replacing(target))
            stream = stack.enter_context(compressing(output, compression))
            writer = file.type.format.writer(stream, file.fields)
            _Restorer(file, lines, rejects, writer, restored).run(decompressing(clean, file.type.compression))
            writer.close()
        stage.publish()
    restored.files += 1


def _check_size(file: CleanFile, path: Path) -> None:
    """Raise `DataError` if a result is missing, or is not the one that the manifest names."""
    if not path.exists():
        raise DataError(f"{file.path}: is missing, but {MANIFEST_FILE} names it; run the same detector clean again")
    size = path.stat().st_size
    if file.size not in (None, size):
        raise DataError(
            f"{file.path}: has {size:,} bytes, but {MANIFEST_FILE} names a result of {file.size:,} bytes: it was "
            "changed, or the run that replaced it was stopped; run the same detector clean again, then restore"
        )


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

    def run(self, stream: BinaryIO) -> None:
        """Write the original of what the stream of clean data holds. Raises `DataError` if a sidecar does not fit."""
        name = self.file.name
        pieces = filterfalse(is_kept_whole, self.lines.lines(name))
        self._removed = groupby(pieces, lambda line: cast("int", line.get("document")))
        self._rejected = iter(()) if self.file.of_pages else self.rejects.lines(name)
        removed = next(self._removed, None)
        rejected = next(self._rejected, None)
        parts = self.file.type.format.read(stream, str(self.file.path), self.file.fields)
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
                f"{self.file.path}: number {rejected.get('record')} of its input was an element of an array, or a page "
                "of HTML, that was rejected; it cannot be put back: leave out --rejected to restore the rest"
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
