"""File formats by name and by ending."""

from __future__ import annotations

from pathlib import Path

from detector.errors import UsageError
from detector.formats.base import DEFAULT_FIELDS, Fields, Format, Record, Rejected, Writer
from detector.formats.jsonl import JsonLinesFormat
from detector.formats.text import TextFormat

__all__ = ["DEFAULT_FIELDS", "FORMATS", "Fields", "Format", "Record", "Rejected", "Writer", "format_of", "is_known"]

_ALL: tuple[Format, ...] = (TextFormat(), JsonLinesFormat())
FORMATS = {form.name: form for form in _ALL}


def format_of(path: Path | None, name: str | None) -> Format:
    """The format of a name, else of a path's ending; what has no known ending is plain text.

    Raises `UsageError` for an unknown name.
    """
    if name is not None:
        if name not in FORMATS:
            raise UsageError(f"format {name!r}: give one of {', '.join(FORMATS)}")
        return FORMATS[name]
    return next((f for f in FORMATS.values() if path and path.suffix.lower() in f.endings), FORMATS["text"])


def is_known(path: Path) -> bool:
    """Whether a file's ending is one of a known format's."""
    return any(path.suffix.lower() in f.endings for f in FORMATS.values())
