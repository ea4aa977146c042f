"""Compressed data as the members that it consists of: gzip members, bzip2 and xz streams, Zstandard frames.

What is damaged, cut or followed by other data raises `OSError`. Memory is bounded, whatever the data expands to.
"""

from __future__ import annotations

from typing import Protocol

from detector.formats.decompressors import COMPRESSIONS, Decompressor, MemoryLimitError

_CHUNK = 1 << 15  # compressed bytes read at a time


class Readable(Protocol):
    """What can be read from."""

    def read(self, size: int, /) -> bytes:
        """Read some bytes; none at the end."""


class Members:
    """Reads the members of compressed data, one after the other."""

    def __init__(self, stream: Readable, extension: str) -> None:
        """Read from ``stream``; ``extension`` names the compression, as in ``.gz``."""
        self._stream = stream
        self._compression = COMPRESSIONS[extension]
        self._new = self._compression.open()
        self._member: Decompressor | None = None
        self._waiting = b""  # read, but not decompressed
        self._read = 0
        self._end = 0

    @property
    def end(self) -> int:
        """The position in the compressed data of the end of the last member that was read completely, in bytes."""
        return self._end

    def next(self) -> bool:
        """Go on to the next member, when the current one is read; false at the end of the data.

        Raises `OSError` if the data is empty, or if zero bytes follow a member where the format allows none.
        """
        first = self._member is None
        if self._member is not None:
            self._waiting = self._member.unused_data
        if self._skip_padding() % (self._compression.padding or 1):
            raise self._damaged("zero bytes follow")
        if not self._waiting:
            if first:
                raise OSError(f"the file is empty, and no {self._compression.name} data; get the file again")
            return False
        self._member = self._new()
        return True

    def _skip_padding(self) -> int:
        """Read up to the next member, and return the number of zero bytes before it."""
        padded = 0
        while True:
            self._waiting = self._waiting or self._more()
            stripped = self._waiting.lstrip(b"\0") if self._compression.padding and self._member else self._waiting
            padded += len(self._waiting) - len(stripped)
            self._waiting, at_end = stripped, not self._waiting
            if stripped or at_end:
                return padded

    def _more(self) -> bytes:
        data = self._stream.read(_CHUNK)
        self._read += len(data)
        return data

    def read(self, size: int) -> bytes:
        """About ``size`` bytes of the current member at most, but at least one; none at its end.

        Raises `OSError` if the member is damaged or cut, or needs more memory than allowed.
        """
        member = self._member
        while member and not member.eof:
            needed = member.needs_input
            data = (self._waiting or self._more()) if needed else b""
            self._waiting = b"" if needed else self._waiting
            out = self._decompress(member, data, size, at_end=needed and not data)
            if out:
                return out
        return b""

    def _decompress(self, member: Decompressor, data: bytes, size: int, at_end: bool) -> bytes:
        try:
            out = member.decompress(data, size)
        except (MemoryLimitError, MemoryError):
            raise
        except Exception as error:  # zlib.error, LZMAError, OSError and ZstdError have no common base of their own
            raise self._damaged(str(error)) from error
        if member.eof:
            self._end = self._read - len(member.unused_data)
        elif at_end and not out:
            raise self._damaged("it ends too early")
        return out

    def _damaged(self, reason: str) -> OSError:
        name = self._compression.name
        return OSError(f"damaged, or not {name} ({reason}, after byte {self._end} of {name} data); get the file again")
