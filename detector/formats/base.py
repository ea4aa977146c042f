"""What every file format gives: records to read, and the same records to write with other texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a record hold the text and the id."""

    text: str = "text"
    id: str = "id"


DEFAULT_FIELDS = Fields()


@dataclass(frozen=True, slots=True)
class Record:
    """One piece of a file. ``text`` is None where it holds none and is only handed on (a header, a null).

    ``raw`` is the format's own, for writing the piece again; ``weight`` is how many bytes are held besides the text.
    """

    id: str
    text: str | None
    raw: Any = None
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Rejected:
    """A piece of a file that cannot be read as a record: its line or number, counted from 1, why, and its bytes."""

    number: int
    reason: str
    raw: bytes = b""


class Writer(Protocol):
    """Writes records in their order."""

    def write(self, record: Record, text: str | None) -> None:
        """Write a record with ``text`` in place of its own; None leaves the record as it is."""

    def close(self) -> None:
        """Write what is still to be written; the stream stays open."""


class Format(Protocol):
    """A file format."""

    @property
    def name(self) -> str:
        """What the format is called."""

    @property
    def unpacks(self) -> tuple[str, ...]:
        """The compressions, by their endings, that the format itself reads and writes."""

    def require(self) -> None:
        """Raise `UsageError` where a library that the format needs is not installed."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """The records of a stream; ``name`` is the file's, for ids and messages.

        Raises `DataError` where the file as a whole cannot be read.
        """

    def writer(self, stream: BinaryIO, fields: Fields) -> Writer:
        """A writer onto a stream."""
