"""HTML: a file is one page, and its text is what is cleaned. The result is that text, and no HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from detector.formats.base import Fields, Record, Rejected, Writer
from detector.formats.pages import PageReader, page_record, read_page
from detector.formats.text import TextFormat


@dataclass(frozen=True)
class HtmlFormat:
    """The whole file is one record, whose id is the file's name."""

    reader: PageReader
    name: str = "html"
    own_compressions: tuple[str, ...] = ()

    def require(self) -> None:
        """Raise `UsageError` if the library that reads HTML is not installed."""
        self.reader.require()

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read the file as one record. Raises `DataError` if it is too large, or an extractor cannot read it."""
        yield page_record(self.reader, read_page(stream, name), None, name)

    def original(self, record: Record, text: str) -> bytes | None:
        """None: the text is restored exactly. The HTML is not."""
        return None

    def writer(self, stream: BinaryIO, fields: Fields) -> Writer:
        """A writer of plain text."""
        return TextFormat().writer(stream, fields)
