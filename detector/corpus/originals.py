"""The originals of files that are cleaned in place."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

from detector.corpus.plan import Task, original_of
from detector.corpus.sidecar import lines_by_file
from detector.errors import DataError
from detector.formats.base import Fields, Record
from detector.formats.compression import decompressing
from detector.util.atomic import replacing

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


def with_missing_lines(tasks: tuple[Task, ...], removed: Path | None) -> tuple[Task, ...]:
    """The tasks, of which those start from their originals whose removed text is not in the sidecar ``removed``.

    Of the file that the last line is about, lines may be missing.
    """
    if removed is None:
        return tasks
    complete = set(list(lines_by_file(removed))[:-1])
    return tuple(
        task._replace(source=original_of(target))
        if (target := task.local_target) and task.file not in complete and original_of(target).exists()
        else task
        for task in tasks
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
    for piece in filter(None, (text,) if isinstance(text, str) else text):
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
