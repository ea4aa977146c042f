"""Compression around a file, by its ending."""

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

ENDINGS = (".gz", ".bz2", ".xz", ".zst")
_CHUNK = 1 << 18  # bytes


def compression_of(path: Path | None) -> str:
    """The ending that says how a file is compressed; an empty text for none."""
    ending = path.suffix.lower() if path else ""
    return ending if ending in ENDINGS else ""


def without_compression(path: Path) -> Path:
    """The path without the ending that says how the file is compressed."""
    return path.with_suffix("") if compression_of(path) else path


def require(ending: str) -> None:
    """Raise `UsageError` where a library that a compression needs is not installed."""
    if ending == ".zst":
        _zstandard()


def _zstandard() -> ModuleType:
    return load_library("zstandard", "reading and writing .zst", "zstd")


def unpacking(stream: BinaryIO, ending: str) -> BinaryIO:
    """The stream, unpacked. Damage shows as `OSError` when it is read."""
    return io.BufferedReader(_Unpacked(_reader(stream, ending)), _CHUNK) if ending else stream


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes:
        """Some unpacked bytes; none at the end."""


def _reader(stream: BinaryIO, ending: str) -> _Reader:
    if ending == ".gz":
        import gzip

        return gzip.GzipFile(fileobj=stream)
    if ending == ".bz2":
        import bz2

        return bz2.BZ2File(stream)
    if ending == ".xz":
        import lzma

        return lzma.LZMAFile(stream)
    return _ZstdFrames(stream)


class _ZstdFrames:
    """Reads Zstandard frames, one after the other, and notices when the last is cut short."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._frame: Any = None

    def read(self, size: int) -> bytes:
        """Some unpacked bytes; none at the end."""
        packed = self._stream.read(size)
        out = b""
        while packed and not out:
            out = self._unpack(packed)
            packed = b"" if out else self._stream.read(size)
        if not out and self._frame is not None:
            raise EOFError("cut short")
        return out

    def _unpack(self, packed: bytes) -> bytes:
        pieces = []
        while packed:
            self._frame = self._frame or _zstandard().ZstdDecompressor().decompressobj()
            pieces.append(self._frame.decompress(packed))
            packed = b""
            if self._frame.eof:
                packed, self._frame = self._frame.unused_data, None
        return b"".join(pieces)


class _Unpacked(io.RawIOBase):
    """Gives what a reader unpacks, and turns each library's error for damaged data into `OSError`."""

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
        except Exception as error:  # zlib.error, LZMAError, EOFError, ZstdError: they have no base in common
            raise OSError(f"damaged compressed data: {error}") from error


@contextlib.contextmanager
def packing(stream: BinaryIO, ending: str) -> Iterator[BinaryIO]:
    """A stream that packs what is written to it into ``stream``, which is whole when the block ends."""
    if not ending:
        yield stream
        return
    packed = _writer(stream, ending)
    yield packed
    packed.close()


def _writer(stream: BinaryIO, ending: str) -> BinaryIO:
    if ending == ".gz":
        import gzip

        return cast("BinaryIO", gzip.GzipFile("", "wb", compresslevel=6, fileobj=stream, mtime=0))
    if ending == ".bz2":
        import bz2

        return cast("BinaryIO", bz2.BZ2File(stream, "wb"))
    if ending == ".xz":
        import lzma

        return cast("BinaryIO", lzma.LZMAFile(stream, "wb"))
    return cast("BinaryIO", _zstandard().ZstdCompressor().stream_writer(stream, closefd=False))
