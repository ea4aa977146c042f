"""The decompressors of the libraries, with one interface, in bounded memory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from detector.errors import UsageError
from detector.util.libraries import load_library

MEMORY_VARIABLE = "DETECTOR_DECOMPRESSION_MB"
_MEMORY = 128  # MB: what zstd itself allows by default, and twice of what xz -9 needs
# A block of a Zstandard frame has at least 4 bytes and decompresses to at most 128 KB: a piece becomes at most 8 MB.
_ZSTD_PIECE = 256
_MAX_ZSTD_WINDOW = 1 << 31
_ZSTD_HEADER = 18  # bytes, at most, of a frame


class Decompressor(Protocol):
    """Decompresses one member. The interface is that of `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool:
        """Whether the member is complete."""

    @property
    def needs_input(self) -> bool:
        """Whether more compressed bytes are needed to decompress more."""

    @property
    def unused_data(self) -> bytes:
        """The bytes after the end of the member."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Add compressed bytes, and return at most about ``max_length`` decompressed ones."""


@dataclass(frozen=True, slots=True)
class Compression:
    """A compression, by its ``name`` for messages.

    ``open`` is called for each file, and returns what makes a decompressor for each of its members. Zero bytes may
    follow a member, their number a multiple of ``padding``; with 0, none may.
    """

    name: str
    open: Callable[[], Callable[[], Decompressor]]
    padding: int = 0


class MemoryLimitError(OSError):
    """Decompression needs more memory than `MEMORY_VARIABLE` allows."""


def _memory_limit() -> int:
    """The bytes of memory that decompressing one file may take. Raises `UsageError` if the variable is no number."""
    setting = os.environ.get(MEMORY_VARIABLE, str(_MEMORY))
    if not re.fullmatch(r"[1-9]\d{0,8}", setting, re.ASCII):
        raise UsageError(f"{MEMORY_VARIABLE}={setting[:40]}: give a whole number of megabytes, such as 2048")
    return int(setting) << 20


def _too_large(needed: str, limit: int) -> MemoryLimitError:
    return MemoryLimitError(
        f"decompressing takes {needed} of memory, but {limit >> 20} MB are allowed; "
        f"to allow more, set the environment variable {MEMORY_VARIABLE} to a number of megabytes"
    )


def _open_bzip2() -> Callable[[], Decompressor]:
    import bz2

    return bz2.BZ2Decompressor


def _open_xz() -> Callable[[], Decompressor]:
    limit = _memory_limit()
    return lambda: _XzStream(limit)


def _open_zstd() -> Callable[[], Decompressor]:
    library, limit = zstandard(), _memory_limit()
    decompressor = library.ZstdDecompressor(max_window_size=min(limit, _MAX_ZSTD_WINDOW))
    return lambda: _ZstdFrame(decompressor.decompressobj(), library, limit)


class _GzipMember:
    """A gzip member; `zlib` gives back the compressed bytes that it did not come to, the other libraries keep them."""

    def __init__(self) -> None:
        import zlib

        self._object = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, max_length)


class _XzStream:
    """An xz stream, decompressed in bounded memory."""

    def __init__(self, limit: int) -> None:
        import lzma

        self._limit = limit
        self._object = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limit)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        return self._object.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            return self._object.decompress(data, max_length)
        except Exception as error:
            if "Memory usage limit" in str(error):  # the library has one class, LZMAError, for all errors
                raise _too_large("more", self._limit) from error
            raise


class _Frame(Protocol):
    """What the library has for a frame."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, /) -> bytes:
        """Decompress all of ``data``."""


class _ZstdFrame:
    """A Zstandard frame. The library has no limit for what it returns, so it is given small pieces."""

    def __init__(self, frame: _Frame, library: ModuleType, limit: int) -> None:
        self._object = frame
        self._library = library
        self._limit = limit
        self._waiting = b""
        self._at = 0  # in what waits
        self._header = b""

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        return self._at == len(self._waiting)

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data + self._waiting[self._at :]

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._waiting, self._at = self._waiting[self._at :] + data, 0
        out = b""
        while not out and not self.needs_input and not self.eof:
            piece = self._waiting[self._at : self._at + _ZSTD_PIECE]
            self._at += len(piece)
            self._header = (self._header + piece)[:_ZSTD_HEADER]
            out = self._piece(piece)
        return out

    def _piece(self, piece: bytes) -> bytes:
        try:
            return self._object.decompress(piece)
        except self._library.ZstdError as error:
            with_window = self._header.startswith(b"\x28\xb5\x2f\xfd")
            window = self._library.get_frame_parameters(self._header).window_size if with_window else 0
            if window > self._limit:
                raise _too_large(f"{window >> 20} MB", self._limit) from error
            raise


def zstandard() -> ModuleType:
    """The library for Zstandard. Raises `UsageError` if it is not installed."""
    return load_library("zstandard", "reading and writing .zst", "zstd")


COMPRESSIONS = {
    ".gz": Compression("gzip", lambda: _GzipMember, padding=1),  # as gzip -d reads it
    ".bz2": Compression("bzip2", _open_bzip2),
    ".xz": Compression("xz", _open_xz, padding=4),  # "stream padding" in the xz file format specification
    ".zst": Compression("Zstandard", _open_zstd),
}
