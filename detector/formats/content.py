"""Whether what a file looks like agrees with the format that it is taken for."""

from __future__ import annotations

from pathlib import Path

from detector.errors import DataError
from detector.formats.compression import without_compression
from detector.formats.first_bytes import ARC_TO_WARC, CONVERT, HEAD, PDF, UNPACK, look_of_head
from detector.formats.looks import Look
from detector.formats.registry import FileType

__all__ = ["HEAD", "check_content"]

_EXTRACT = "extract its text first, for example with trafilatura"

# By the extension, where none of the formats has it
_DOCUMENT = Look("a document of an office program", CONVERT)
_EXTENSIONS = {
    ".xml": Look("XML", _EXTRACT), ".rss": Look("XML", _EXTRACT), ".pdf": Look("PDF", PDF),
    ".doc": _DOCUMENT, ".docx": _DOCUMENT, ".odt": _DOCUMENT, ".rtf": _DOCUMENT, ".epub": _DOCUMENT,
    ".ppt": _DOCUMENT, ".pptx": _DOCUMENT, ".xls": _DOCUMENT, ".xlsx": _DOCUMENT,
    ".arc": Look("an ARC file", ARC_TO_WARC), ".zip": Look("a ZIP archive", UNPACK),
    ".tar": Look("a tar archive", UNPACK),
}  # fmt: skip
_REQUIRED = {
    "parquet": "Parquet begins with PAR1",
    **dict.fromkeys(("warc", "warc-html"), "WARC begins with WARC/, or with gzip"),
}


def check_content(head: bytes, type_: FileType, name: str) -> None:
    """Raise `DataError` if a file cannot be what it is taken for.

    ``head`` has its first `HEAD` bytes, decompressed as ``type_`` says, or all if there are fewer. ``name`` is its
    path, or ``-`` for standard input.
    """
    look = _look_of_name(type_, name) or look_of_head(head)
    if look and type_.format_name not in look.formats:
        raise DataError(
            f"{name}: taken for {type_.format_name}, but it looks like {look.what}; {look.advice}, "
            f"or force it with --format {type_.format_name}"
        )
    if head and not look and type_.format_name in _REQUIRED:
        raise DataError(f"{name}: not {type_.format_name}: {_REQUIRED[type_.format_name]}; name its --format")


def _look_of_name(type_: FileType, name: str) -> Look | None:
    """What a file's extension tells, where it is of none of the formats, so that it was taken for plain text."""
    return _EXTENSIONS.get(without_compression(Path(name)).suffix.lower()) if type_.format_name == "text" else None
