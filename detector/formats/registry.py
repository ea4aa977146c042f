"""File formats by name and by ending. The format and the compression of a file are resolved here, once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from detector.errors import UsageError
from detector.formats import compression
from detector.formats.base import Format

_ENDINGS = {
    "text": (".txt", ".text", ".md", ".markdown"), "jsonl": (".jsonl", ".ndjson"), "csv": (".csv",),
    "tsv": (".tsv", ".tab"), "parquet": (".parquet", ".pq"), "warc": (".wet", ".warc"),
}  # fmt: skip
FORMATS = tuple(_ENDINGS)


@dataclass(frozen=True, slots=True)
class FileType:
    """What a file is: the name of its format, and the ending of its compression, empty where there is none.

    A compression that the format reads and writes itself (``unpacks`` of `Format`) does not count.
    """

    format_name: str
    compression: str = ""

    @property
    def format(self) -> Format:
        """The format."""
        return load_format(self.format_name)

    def require(self) -> None:
        """Raise `UsageError` where a library that such a file needs is not installed."""
        self.format.require()
        compression.require(self.compression)


@cache
def load_format(name: str) -> Format:
    """The format of a name. Its module is imported here: a run seldom needs more than one, and has to start fast."""
    if name == "jsonl":
        from detector.formats.jsonl import JsonLinesFormat

        return JsonLinesFormat()
    if name in ("csv", "tsv"):
        from detector.formats.table import TableFormat

        return TableFormat(name, {"csv": ",", "tsv": "\t"}[name])
    if name == "parquet":
        from detector.formats.parquet import ParquetFormat

        return ParquetFormat()
    if name == "warc":
        from detector.formats.warc import WarcFormat

        return WarcFormat()
    from detector.formats.text import TextFormat

    return TextFormat()


def file_type(path: Path | None, format_name: str | None = None) -> FileType:
    """The type of a file by a format's name, else by its ending; without a known ending, it is plain text.

    ``path`` is None for standard input or output. Raises `UsageError` for an unknown name.
    """
    if format_name is not None and format_name not in FORMATS:
        raise UsageError(f"format {format_name!r}: choose one of {', '.join(FORMATS)}")
    name = format_name or (path and format_by_ending(path)) or "text"
    ending = compression.compression_of(path)
    return FileType(name, "" if ending in load_format(name).unpacks else ending)


def format_by_ending(path: Path) -> str | None:
    """The name of the format that a file's ending belongs to, compressed or not; None where it is not known."""
    ending = compression.without_compression(path).suffix.lower()
    return next((name for name, endings in _ENDINGS.items() if ending in endings), None)


def require(types: Iterable[FileType]) -> None:
    """Raise `UsageError` where a library that files of these types need is not installed."""
    for one in sorted(set(types), key=lambda one: (one.format_name, one.compression)):
        one.require()
