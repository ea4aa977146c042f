"""File formats by name and by file extension. The format and the compression of a file are resolved here, once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from detector.errors import UsageError
from detector.formats import compression
from detector.formats.base import Format

_EXTENSIONS = {
    "text": (".txt", ".text", ".md", ".markdown"), "json": (".json",), "jsonl": (".jsonl", ".ndjson"),
    "csv": (".csv",), "tsv": (".tsv", ".tab"), "parquet": (".parquet", ".pq"), "warc": (".wet", ".warc"),
}  # fmt: skip
FORMATS = tuple(_EXTENSIONS)


class FileType(NamedTuple):
    """What a file is: the name of its format, and the extension of its compression (``.gz``), empty for none.

    A compression that the format reads and writes itself (`Format.own_compressions`) does not count.
    """

    format_name: str
    compression: str = ""

    @property
    def format(self) -> Format:
        """The format of that name."""
        return load_format(self.format_name)

    def require(self) -> None:
        """Raise `UsageError` if a library that such a file needs is not installed."""
        self.format.require()
        compression.require(self.compression)


@cache
def load_format(name: str) -> Format:
    """The format with this name, one of `FORMATS`. Its module is imported only now, so that runs start fast."""
    if name == "json":
        from detector.formats.json_file import JsonFormat

        return JsonFormat()
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
    """The type of a file: of the named format, else by its extension; with an unknown extension, plain text.

    ``path`` is None for standard input or output. Raises `UsageError` for an unknown name.
    """
    if format_name is not None and format_name not in FORMATS:
        raise UsageError(f"format {format_name!r}: choose one of {', '.join(FORMATS)}")
    name = format_name or (path and format_by_extension(path)) or "text"
    outer = compression.compression_of(path)
    return FileType(name, "" if outer in load_format(name).own_compressions else outer)


def format_by_extension(path: Path) -> str | None:
    """The name of the format with a file's extension, not counting its compression; None for an unknown extension."""
    extension = compression.without_compression(path).suffix.lower()
    return next((name for name, extensions in _EXTENSIONS.items() if extension in extensions), None)


def require(types: Iterable[FileType]) -> None:
    """Raise `UsageError` if a library that files of these types need is not installed."""
    for type_ in sorted(set(types), key=lambda type_: (type_.format_name, type_.compression)):
        type_.require()
