"""The interface of a file format: read a file as records, and write the same records with other texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, Protocol


class Fields(NamedTuple):
    """The names of the fields, columns or headers that hold a record's text and its id."""

    text: str = "text"
    id: str = "id"


DEFAULT_FIELDS = Fields()


class Record(NamedTuple):
    """One record of a file, or another part of it.

    ``text`` is None for a part without text (a table's header, a blank line, a null), which is written again unchanged.
    Where a whole file is one text, it is an iterator of consecutive chunks, and the text is written in pieces.
    ``is_null`` tells a record whose text is null from such a part; null texts stay null and are counted. ``raw`` is
    what the format's writer needs to write the record again; only that format knows its type. ``weight`` is the number
    of bytes that the record holds in memory besides its text. ``is_page`` tells that the text is that of an HTML page,
    which comes out empty where it has none; ``is_left_out`` a record of an archive that is no such page, and is not
    written.

    ``number`` and ``source`` say where the record is and what it was, as the number and the bytes of `Rejected` do.
    They are 0 and empty for other parts of a file, and where the format does not tell.
    """

    id: str
    text: str | Iterator[str] | None
    raw: Any = None
    weight: int = 0
    is_null: bool = False
    is_page: bool = False
    is_left_out: bool = False
    number: int = 0
    source: bytes = b""


class Rejected(NamedTuple):
    """A part of a file that cannot be read as a record.

    ``number`` is the number of its first line, counted from 1, or in a format without lines that of the record; ``raw``
    are its bytes. ``is_element`` tells an element of an array or of another whole, which cannot be put back by its
    bytes alone: a comma is left out with it.
    """

    number: int
    reason: str
    raw: bytes = b""
    is_element: bool = False


class Writer(Protocol):
    """Writes records to a stream, in the order in which they were read."""

    def write(self, record: Record, text: str | None) -> None:
        """Write a record with ``text`` in place of its own text; with None, write it unchanged.

        Where the text of a record is an iterator of chunks, this is called for each piece of the new text, in order.
        """

    def write_original(self, original: bytes, record: Record | None = None) -> None:
        """Write the bytes of an original record in place of ``record``; without one, of a record that was rejected."""

    def close(self) -> None:
        """Write what is still buffered. The stream stays open."""


class Format(Protocol):
    """A file format."""

    @property
    def name(self) -> str:
        """The name, as for ``--format``."""

    @property
    def own_compressions(self) -> tuple[str, ...]:
        """The file extensions of the compressions that the format itself reads and writes: ``(".gz",)``."""

    def require(self) -> None:
        """Raise `UsageError` if a library that the format needs is not installed."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """Read the records of a stream. ``name`` is the file's name, for ids and messages.

        Raises `DataError` if the file as a whole cannot be read, `OSError` as the stream does.
        """

    def original(self, record: Record, text: str) -> bytes | None:
        """The bytes of a record, if they are not restored by cleaning its text to ``text`` and restoring that.

        They are not where the text was written in another way than this format writes it; else None.
        """

    def writer(self, stream: BinaryIO, fields: Fields) -> Writer:
        """A writer for records that `read` returned with the same ``fields``."""
