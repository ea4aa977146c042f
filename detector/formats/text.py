"""Plain text and Markdown: each file is one text. Bytes that are not UTF-8 are written back unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from detector.formats.base import Fields, Record, Rejected


class TextFormat:
    """The whole file is one record, whose id is the file's name."""

    name = "text"
    own_compressions = ()

    def require(self) -> None:
        """Nothing to check: the format needs no library."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read the file as one record."""
        yield Record(name, stream.read().decode("utf-8", "surrogateescape"))

    def writer(self, stream: BinaryIO, fields: Fields) -> _TextWriter:
        """A writer that writes texts one after the other, with nothing between them."""
        return _TextWriter(stream)


class _TextWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write ``text``, or with None the record's own text."""
        self._stream.write((text if text is not None else record.text or "").encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        """Nothing is buffered."""
