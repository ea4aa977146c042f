"""Compressed files: the file extension (``.gz``, ``.bz2``, ``.xz``, ``.zst``) names the compression."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from detector.formats.members import Members

EXTENSIONS = (".gz", ".bz2", ".xz", ".zst")
_BUFFER = 1 << 18  # bytes


def compression_of(path: Path | None) -> str:
    """The compression of a file, as one of `EXTENSIONS`; empty if it is not compressed, or for no path."""
    extension = path.suffix.lower() if path else ""
    return extension if extension in EXTENSIONS else ""


def without_compression(path: Path) -> Path:
    """The path without the extension of its compression."""
    return path.with_suffix("") if compression_of(path) else path


def require(extension: str) -> None:
    """Raise `UsageError` if a library that this compression needs is not installed."""
    if extension == ".zst":
        from detector.formats.decompressors import zstandard

        zstandard()


def decompressing(stream: BinaryIO, extension: str) -> BinaryIO:
    """A stream of the decompressed data; with an empty ``extension``, the same stream.

    Reading damaged or truncated data from it raises `OSError`, also where data that is no part of the compressed data
    follows it, and where decompressing takes more memory than the environment variable `MEMORY_VARIABLE` allows.
    """
    if not extension:
        return stream
    from detector.formats.members import Members

    return io.BufferedReader(_DecompressedStream(Members(stream, extension)), _BUFFER)


class _DecompressedStream(io.RawIOBase):
    """The data of all members as a raw stream."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._rest = memoryview(b"")  # decompressed, but not yet asked for

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        wanted = memoryview(buffer).cast("B")
        if not self._rest:
            self._rest = memoryview(self._read(len(wanted)))
        count = min(len(wanted), len(self._rest))
        wanted[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _read(self, size: int) -> bytes:
        data = self._members.read(size)
        while not data and self._members.next():
            data = self._members.read(size)
        return data


@contextlib.contextmanager
def compressing(stream: BinaryIO, extension: str) -> Iterator[BinaryIO]:
    """A stream that compresses into ``stream``; with an empty ``extension``, the same stream.

    The compressed data is complete when the block ends. ``stream`` stays open.
    """
    if not extension:
        yield stream
        return
    compressed = _writer(stream, extension)
    yield compressed
    compressed.close()


def _writer(stream: BinaryIO, extension: str) -> BinaryIO:
    if extension == ".gz":
        import gzip

        # without name and time, so that the same data makes the same file
        return cast("BinaryIO", gzip.GzipFile("", "wb", compresslevel=6, fileobj=stream, mtime=0))
    if extension == ".bz2":
        import bz2

        return cast("BinaryIO", bz2.BZ2File(stream, "wb"))
    if extension == ".xz":
        import lzma

        return cast("BinaryIO", lzma.LZMAFile(stream, "wb"))
    from detector.formats.decompressors import zstandard

    return cast("BinaryIO", zstandard().ZstdCompressor(write_checksum=True).stream_writer(stream, closefd=False))
