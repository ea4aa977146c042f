"""File formats by name and by ending."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from detector.errors import UsageError
from detector.formats import compression
from detector.formats.base import DEFAULT_FIELDS, Fields, Format, Record, Rejected, Writer
from detector.formats.jsonl import JsonLinesFormat
from detector.formats.parquet import ParquetFormat
from detector.formats.table import TableFormat
from detector.formats.text import TextFormat
from detector.formats.warc import WarcFormat

__all__ = [
    "DEFAULT_FIELDS", "FORMATS", "Fields", "Format", "Record", "Rejected", "Writer",
    "compression_around", "format_of", "is_known", "require",
]  # fmt: skip

_ALL: tuple[Format, ...] = (
    TextFormat(),
    JsonLinesFormat(),
    TableFormat("csv", (".csv",), ","),
    TableFormat("tsv", (".tsv", ".tab"), "\t"),
    ParquetFormat(),
    WarcFormat(),
)
FORMATS = {form.name: form for form in _ALL}


def format_of(path: Path | None, name: str | None = None) -> Format:
    """The format of a name, else of a path's ending; what has no known ending is plain text.

    Raises `UsageError` for an unknown name.
    """
    if name is not None:
        if name not in FORMATS:
            raise UsageError(f"format {name!r}: give one of {', '.join(FORMATS)}")
        return FORMATS[name]
    return (_by_ending(path) if path else None) or FORMATS["text"]


def is_known(path: Path) -> bool:
    """Whether a file's ending is one of a known format's, compressed or not."""
    return _by_ending(path) is not None


def _by_ending(path: Path) -> Format | None:
    ending = compression.without_compression(path).suffix.lower()
    return next((form for form in _ALL if ending in form.endings), None)


def compression_around(path: Path | None, form: Format) -> str:
    """The ending of the compression that stands around a file of a format; an empty text for none."""
    ending = compression.compression_of(path)
    return "" if ending in form.unpacks else ending


def require(paths: Iterable[Path | None], name: str | None) -> None:
    """Raise `UsageError` where a library that these files need is not installed."""
    needed = {(format_of(path, name).name, compression.compression_of(path)) for path in paths}
    for form, ending in sorted(needed):
        FORMATS[form].require()
        compression.require(ending)
