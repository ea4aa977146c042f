"""The first bytes of a stream, without losing them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def peek(stream: BinaryIO, size: int) -> tuple[bytes, BinaryIO]:
    """The first ``size`` bytes of a stream, fewer if it is shorter, and a stream that begins with them."""
    if stream.seekable():
        if isinstance(stream, io.BufferedReader):  # which a file fills in one go
            return stream.peek(size)[:size], stream
        at = stream.tell()
        head = stream.read(size)
        stream.seek(at)
        return head, stream
    head = stream.read(size)
    return head, io.BufferedReader(_Continued(head, stream))


class _Continued(io.RawIOBase):
    """The bytes that were read from a stream, and then its other bytes."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = memoryview(head)
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        wanted = memoryview(buffer).cast("B")
        if not self._head:
            data = self._stream.read(len(wanted))
            wanted[: len(data)] = data
            return len(data)
        count = min(len(wanted), len(self._head))
        wanted[:count] = self._head[:count]
        self._head = self._head[count:]
        return count
