"""Output streams that say which output could not be written, and that never write a part of their data in silence."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from detector.errors import DetectorError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BUFFER = 1 << 16  # bytes
_STDOUT = "standard output"


class OutputError(DetectorError):
    """An output that can no longer be written, because the disk is full, say. The message names the output."""


@contextlib.contextmanager
def writing_to(name: object) -> Iterator[None]:
    """Raise `OutputError` for an `OSError` of the block, which writes to the output ``name``.

    A closed pipe stays a `BrokenPipeError`: nobody wants the rest.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{name}: cannot be written: {reason}; make room for it, or choose another place") from error


def open_output(
    path: Path | str | int, mode: str = "wb", name: object = None, opener: Callable[[str, int], int] | None = None
) -> BinaryIO:
    """Open a file, or a file descriptor, for writing. ``name`` is its name in messages, by default the path.

    Raises `OSError` as `open` does; writing raises `OutputError`.
    """
    return io.BufferedWriter(_OutputFile(path, mode, name or path, opener), _BUFFER)


@contextlib.contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Standard output as a stream of bytes. All of them are written when the block ends.

    Writing raises `OutputError`, or `BrokenPipeError` if nobody reads them.
    """
    with writing_to(_STDOUT):
        sys.stdout.flush()
    stream = io.BufferedWriter(_Checked(getattr(sys.stdout.buffer, "raw", sys.stdout.buffer), _STDOUT), _BUFFER)
    try:
        yield stream
        stream.flush()
    finally:
        stream.raw.close()  # what an error left in the buffer must not be written after all


class _OutputFile(io.FileIO):
    """A file whose errors name it."""

    def __init__(
        self, path: Path | str | int, mode: str, name: object, opener: Callable[[str, int], int] | None
    ) -> None:
        super().__init__(os.fspath(path) if isinstance(path, Path) else path, mode, opener=opener)
        self._shown_name = name

    def write(self, data: ReadableBuffer, /) -> int:
        with writing_to(self._shown_name):
            return super().write(data)


class _Checked(io.RawIOBase):
    """Writes to another stream, at once. That may write only a part; the buffer above then goes on with the rest."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._shown_name = name

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        with writing_to(self._shown_name):
            count = cast("int | None", self._stream.write(data))
            if count is None:
                raise BlockingIOError(errno.EAGAIN, "it does not block, and nobody reads it")
            self._stream.flush()
        return count
