"""Plain text and Markdown: one file, one text. Bytes that are no UTF-8 come back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from detector.formats.base import Fields, Record, Rejected


class TextFormat:
    """The whole file is one record."""

    name = "text"
    unpacks = ()

    def require(self) -> None:
        """Nothing is needed."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Give the file's text."""
        yield Record(name, stream.read().decode("utf-8", "surrogateescape"))

    def writer(self, stream: BinaryIO, fields: Fields) -> _TextWriter:
        """A writer of texts one after the other."""
        return _TextWriter(stream)


class _TextWriter:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, record: Record, text: str | None) -> None:
        """Write the text."""
        self._stream.write((text if text is not None else record.text or "").encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        """Nothing is held back."""
