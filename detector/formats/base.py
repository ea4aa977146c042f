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
    """One text of a file. ``raw`` is the format's own, for writing it again; ``text`` is None where there is none."""

    id: str
    text: str | None
    raw: Any = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A piece of a file that cannot be read as a record: where it stands, why, and its bytes."""

    place: str
    reason: str
    raw: bytes


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
    def endings(self) -> tuple[str, ...]:
        """The endings of its files, with the dot."""

    def read(self, stream: BinaryIO, name: str, fields: Fields) -> Iterator[Record | Rejected]:
        """The records of a stream; ``name`` is the file's, for ids and messages."""

    def writer(self, stream: BinaryIO, fields: Fields) -> Writer:
        """A writer onto a stream."""
