"""File formats by name and by ending."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from detector.errors import UsageError
from detector.formats import compression
from detector.formats.base import DEFAULT_FIELDS, Fields, Format, Record, Rejected, Writer

__all__ = [
    "DEFAULT_FIELDS", "Fields", "Format", "Record", "Rejected", "Writer",
    "compression_around", "format_of", "is_known", "require",
]  # fmt: skip

_ENDINGS = {
    "text": (".txt", ".text", ".md", ".markdown"), "jsonl": (".jsonl", ".ndjson"), "csv": (".csv",),
    "tsv": (".tsv", ".tab"), "parquet": (".parquet", ".pq"), "warc": (".wet", ".warc"),
}  # fmt: skip


@cache
def _load(name: str) -> Format:
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


def format_of(path: Path | None, name: str | None = None) -> Format:
    """The format of a name, else of a path's ending; what has no known ending is plain text.

    Raises `UsageError` for an unknown name.
    """
    if name is not None:
        if name not in _ENDINGS:
            raise UsageError(f"format {name!r}: give one of {', '.join(_ENDINGS)}")
        return _load(name)
    return _load((path and _by_ending(path)) or "text")


def is_known(path: Path) -> bool:
    """Whether a file's ending is one of a known format's, compressed or not."""
    return _by_ending(path) is not None


def _by_ending(path: Path) -> str | None:
    """The name of the format to which a file's ending belongs."""
    ending = compression.without_compression(path).suffix.lower()
    return next((name for name, endings in _ENDINGS.items() if ending in endings), None)


def compression_around(path: Path | None, form: Format) -> str:
    """The ending of the compression that stands around a file of a format; an empty text for none."""
    ending = compression.compression_of(path)
    return "" if ending in form.unpacks else ending


def require(paths: Iterable[Path | None], name: str | None) -> None:
    """Raise `UsageError` where a library that these files need is not installed."""
    needed = {(format_of(path, name).name, compression.compression_of(path)) for path in paths}
    for form, ending in sorted(needed):
        _load(form).require()
        compression.require(ending)
