"""Opens an input, and sorts out the records of it that cannot be read."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, TypeVar

from detector.corpus.plan import Task
from detector.corpus.progress import Meter, counting
from detector.corpus.summary import Summary
from detector.errors import DataError
from detector.formats.base import Rejected
from detector.formats.compression import decompressing
from detector.formats.content import check_content
from detector.util.peeking import peek

_BUFFER = 1 << 18  # bytes
_HEAD_BYTES = 1 << 12  # of an input, by which its content is compared with its format
_Part = TypeVar("_Part")


class TooManyRejectedError(DataError):
    """More records of one input could not be read than are allowed."""


class Lines(Protocol):
    """What lines are written to."""

    def write(self, line: bytes, /) -> object:
        """Write a line."""


@contextlib.contextmanager
def open_source(task: Task, meter: Meter) -> Iterator[BinaryIO]:
    """The decompressed data of an input. The meter counts the bytes read from the file, not those of standard input.

    Raises `DataError` where the first bytes contradict the format, unless the user has named it.
    """
    with contextlib.ExitStack() as stack:
        source = task.local_source
        if source is None:
            file: BinaryIO = sys.stdin.buffer
        else:
            raw = stack.enter_context(open(source, "rb", buffering=0))
            file = io.BufferedReader(counting(raw, meter), _BUFFER)
        stream = decompressing(file, task.type.compression)
        if not task.forced:
            head, stream = peek(stream, _HEAD_BYTES)
            check_content(head, task.type, task.name)
        yield stream


def without_rejected(
    parts: Iterable[_Part | Rejected], task: Task, summary: Summary, lines: Lines | None, most: int | None
) -> Iterator[_Part]:
    """The parts of an input that could be read. The others are counted, and written to ``lines``.

    Raises `TooManyRejectedError` for more than ``most`` of these; None sets no limit.
    """
    position = 0
    for part in parts:
        if not isinstance(part, Rejected):
            position += 1
            yield part
            continue
        summary.rejected += 1
        if lines:
            from detector.corpus.records import rejected_line

            lines.write(rejected_line(task.file, part, position))
        if most is not None and summary.rejected > most:
            raise TooManyRejectedError(
                f"{task.name}:{part.number}: {part.reason}; more than {most} records cannot be read "
                "(--max-rejected): correct the file, or allow more"
            )


def check_readable(task: Task, summary: Summary) -> None:
    """Raise `DataError` if no record of an input could be read."""
    if summary.rejected and not (summary.documents or summary.nulls):
        raise DataError(f"{task.name}: none of its records can be read ({summary.rejected:,} rejected)")
