"""Compressed files: the file extension (``.gz``, ``.bz2``, ``.xz``, ``.zst``) names the compression."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from detector.util.libraries import load_library

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

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
        _zstandard()


def _zstandard() -> ModuleType:
    return load_library("zstandard", "reading and writing .zst", "zstd")


def decompressing(stream: BinaryIO, extension: str) -> BinaryIO:
    """A stream of the decompressed data; with an empty ``extension``, the same stream.

    Reading damaged or truncated data from it raises `OSError`.
    """
    return io.BufferedReader(_DecompressedStream(_reader(stream, extension)), _BUFFER) if extension else stream


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes:
        """Read some decompressed bytes; none at the end of the data."""


def _reader(stream: BinaryIO, extension: str) -> _Reader:
    if extension == ".gz":
        import gzip

        return gzip.GzipFile(fileobj=stream)
    if extension == ".bz2":
        import bz2

        return bz2.BZ2File(stream)
    if extension == ".xz":
        import lzma

        return lzma.LZMAFile(stream)
    return _ZstdReader(stream)


class _ZstdReader:
    """Reads concatenated Zstandard frames. Raises `EOFError` if the last frame is truncated."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._frame: Any = None

    def read(self, size: int) -> bytes:
        """Decompress about ``size`` compressed bytes; the result may be longer. Empty at the end of the data."""
        compressed = self._stream.read(size)
        out = b""
        while compressed and not out:
            out = self._decompress(compressed)
            compressed = b"" if out else self._stream.read(size)
        if not out and self._frame is not None:
            raise EOFError("truncated")
        return out

    def _decompress(self, compressed: bytes) -> bytes:
        pieces = []
        while compressed:
            self._frame = self._frame or _zstandard().ZstdDecompressor().decompressobj()
            pieces.append(self._frame.decompress(compressed))
            compressed = b""
            if self._frame.eof:
                compressed, self._frame = self._frame.unused_data, None
        return b"".join(pieces)


class _DecompressedStream(io.RawIOBase):
    """The data of a reader as a raw stream. The errors for damaged data, different in each library, become `OSError`.

    The reader may return more bytes than it was asked for; the rest is kept for the next call.
    """

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._rest = memoryview(b"")

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
        try:
            return self._reader.read(size)
        except OSError:
            raise
        except Exception as error:  # zlib.error, LZMAError, EOFError and ZstdError have no common base
            raise OSError(f"damaged compressed data ({error}); get the file again") from error


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
    return cast("BinaryIO", _zstandard().ZstdCompressor().stream_writer(stream, closefd=False))
