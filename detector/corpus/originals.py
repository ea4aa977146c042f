"""The originals of files that are cleaned in place."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, groupby, zip_longest
from pathlib import Path
from typing import Any

from detector.corpus.plan import Task, original_of
from detector.corpus.sidecar import lines_by_file, read_sidecar, working_copy
from detector.errors import DataError, UsageError
from detector.formats.base import Fields, Record
from detector.formats.compression import decompressing
from detector.restoring import TextDigest, is_kept_whole, restore_pieces
from detector.util.atomic import replacing

_CHUNK = 1 << 18  # bytes
_LINE_ENDS = ("\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")  # those of `str.splitlines`


def cleaned_before(task: Task, fields: Fields) -> bool:
    """Whether an earlier run has cleaned the target of a task in place, and kept its original.

    It has if the target is what cleaning leaves of the original: the same records, with some lines of their texts. Not
    if the two are equal: then the run was interrupted before it replaced the target, or nothing was removed; nor if the
    original is itself the task's source. Raises `DataError` if the file beside the target is not its original, and
    `OSError` or `DataError` if one of them cannot be read.
    """
    target = task.local_target
    if target is None or not original_of(target).exists():
        return False
    original = original_of(target)
    if original.samefile(target) or filecmp.cmp(original, target, shallow=False):
        return False
    if not _is_left_of(target, original, task, fields):
        raise DataError(
            f"{original}: already exists, and is not the original of {target.name}, which differs by more than lines "
            "that were removed; move it elsewhere first"
        )
    return task.source != original


def with_missing_lines(tasks: tuple[Task, ...], removed: Path | None, fields: Fields) -> tuple[Task, ...]:
    """The tasks, of which those start from their originals whose removed text is not in the sidecar ``removed``.

    Their earlier results have to come out again. Of the file that the last line is about, lines may be missing: they
    are complete if they restore its texts. Raises `UsageError` if the sidecar has lines for a file without an original:
    they are of another file of the same name, and would be replaced; `DataError` if it is damaged.
    """
    if removed is None:
        return tasks
    listed = lines_by_file(removed)
    for task in tasks:
        if task.local_target and task.file in listed and not original_of(task.local_target).exists():
            raise UsageError(
                f"--removed {removed}: has lines for {task.file} already, but there is no "
                f"{original_of(task.local_target)}: it was deleted, or the lines belong to another run; they would be "
                "replaced: name another file"
            )
    last = next(reversed(listed), None)

    def has_lines(task: Task, target: Path) -> bool:
        if task.file == last:
            return _restores_texts(removed, target, task, fields)
        return task.file in listed

    return tuple(
        task._replace(source=original, again=True)
        if (target := task.local_target)
        and (original := original_of(target)).exists()
        and task.source != original  # with --force, it starts there in any case
        and not has_lines(task, target)
        else task
        for task in tasks
    )


def check_unedited(target: Path, made: Path, compression: str) -> None:
    """Raise `DataError` if a target, which is not its original, does not have the content of the file ``made``."""
    original = original_of(target)
    if filecmp.cmp(original, target, shallow=False):  # an earlier run has not replaced it yet
        return
    with open(target, "rb") as file, open(made, "rb") as other:
        streams = decompressing(file, compression), decompressing(other, compression)
        while (data := streams[0].read(_CHUNK)) == streams[1].read(_CHUNK):
            if not data:
                return
    raise DataError(
        f"{target}: was cleaned in place before, what was removed is not in the file of --removed, and cleaning "
        f"{original.name} now gives another result: {target.name} was edited, or cleaned with other settings; it stays "
        f"as it is. --force cleans it from {original.name}, without the edits"
    )


def keep_original(path: Path) -> None:
    """Keep a file under the name of its original, before it is replaced: as a hard link if possible."""
    original = original_of(path)
    if original.exists():
        return
    try:
        os.link(path, original)
    except OSError:  # the file system has no hard links
        with replacing(original) as copy, open(path, "rb") as file:
            shutil.copyfileobj(file, copy)
        shutil.copystat(path, original)


def _restores_texts(removed: Path, target: Path, task: Task, fields: Fields) -> bool:
    """Whether the lines of a task's file in a sidecar make the texts of its original of those of its target."""
    path = working_copy(removed) if working_copy(removed).exists() else removed
    lines = (line for line in read_sidecar(path) if line.get("file") == task.file and not is_kept_whole(line))
    pieces = {document: list(group) for document, group in groupby(lines, lambda line: line.get("document"))}
    numbers = count(1)  # of documents
    try:
        with _records(target, task, fields) as left, _records(original_of(target), task, fields) as whole:
            return all(_restores(one, other, pieces, numbers) for one, other in zip_longest(left, whole))
    except (OSError, DataError):  # lines do not fit; or the task will tell that a file cannot be read
        return False


def _restores(
    cleaned: Record | None, original: Record | None, pieces: Mapping[Any, list[dict[str, Any]]], numbers: Iterator[int]
) -> bool:
    if cleaned is None or original is None:
        return False
    if cleaned.text is None or original.text is None:
        return cleaned.text is original.text
    restored = restore_pieces(_chunks(cleaned.text), pieces.get(next(numbers), ()))
    return _digest(restored) == _digest(_chunks(original.text))


def _chunks(text: str | Iterable[str]) -> Iterable[str]:
    return (text,) if isinstance(text, str) else text


def _digest(pieces: Iterable[str]) -> str:
    digest = TextDigest()
    for piece in pieces:
        digest.add(piece)
    return digest.value


def _is_left_of(cleaned: Path, original: Path, task: Task, fields: Fields) -> bool:
    """Whether every record of a file has the text of the same record of its original, without some of the lines."""
    with _records(cleaned, task, fields) as left, _records(original, task, fields) as whole:
        return all(_has_lines_of(one, other) for one, other in zip_longest(left, whole))


@contextlib.contextmanager
def _records(path: Path, task: Task, fields: Fields) -> Iterator[Iterator[Record]]:
    """The records of a file, as they are read, without those that are rejected: a result does not have these."""
    with open(path, "rb") as file:
        parts = task.type.format.read(decompressing(file, task.type.compression), str(path), fields)
        yield (part for part in parts if isinstance(part, Record))


def _has_lines_of(cleaned: Record | None, original: Record | None) -> bool:
    if cleaned is None or original is None:  # one file has more records than the other
        return False
    if cleaned.text is None or original.text is None:
        return cleaned.text is original.text
    rest = _lines(original.text)
    return all(line in rest for line in _lines(cleaned.text))  # each is looked for after the one before


def _lines(text: str | Iterable[str]) -> Iterator[str]:
    """The lines of a text, or of one that comes in pieces, with their ends."""
    line: list[str] = []
    for piece in filter(None, _chunks(text)):
        if line and line[-1].endswith("\r") and not piece.startswith("\n"):
            yield "".join(line)
            line = []
        *whole, last = piece.splitlines(keepends=True)
        for part in whole:
            yield "".join((*line, part))
            line = []
        line.append(last)
        if last.endswith(_LINE_ENDS) and not last.endswith("\r"):
            yield "".join(line)
            line = []
    if line:
        yield "".join(line)
