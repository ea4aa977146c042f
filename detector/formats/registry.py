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
    "html": (".html", ".htm", ".xhtml"), "mhtml": (".mhtml", ".mht"), "warc-html": (),
}  # fmt: skip
FORMATS = tuple(_EXTENSIONS)
# The formats of HTML pages; for each, the formats of files by whose extension it is chosen if only pages are read, the
# format of the result, which is no HTML, and the extension of that.
_PAGES = {"html": "html", "mhtml": "mhtml", "warc": "warc-html"}
_RESULTS = {"html": ("text", ".txt"), "mhtml": ("text", ".txt"), "warc-html": ("warc", ".wet")}


class FileType(NamedTuple):
    """What a file is: the name of its format, and the extension of its compression (``.gz``), empty for none.

    A compression that the format reads and writes itself (`Format.own_compressions`) does not count. ``extractor`` is
    the name of the extractor that turns HTML into text; without one, all text of a page is read.
    """

    format_name: str
    compression: str = ""
    extractor: str = ""

    @property
    def format(self) -> Format:
        """The format of that name."""
        return load_format(self.format_name, self.extractor)

    @property
    def reader(self) -> str:
        """The library that turns such a file into text, with its version; empty if it is no HTML."""
        if not is_of_pages(self.format_name):
            return ""
        from detector.formats.pages import PageReader

        return PageReader(self.extractor).version

    def require(self) -> None:
        """Raise `UsageError` if a library that such a file needs is not installed."""
        self.format.require()
        compression.require(self.compression)


@cache
def load_format(name: str, extractor: str = "") -> Format:
    """The format with this name, one of `FORMATS`. Its module is imported only now, so that runs start fast."""
    return _page_format(name, extractor) if is_of_pages(name) else _format(name)


def _format(name: str) -> Format:
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


def _page_format(name: str, extractor: str) -> Format:
    from detector.formats.pages import PageReader

    reader = PageReader(extractor)
    if name == "html":
        from detector.formats.html_page import HtmlFormat

        return HtmlFormat(reader)
    if name == "mhtml":
        from detector.formats.mhtml import MhtmlFormat

        return MhtmlFormat(reader)
    from detector.formats.warc_pages import WarcPagesFormat

    return WarcPagesFormat(reader)


def file_type(path: Path | None, format_name: str | None = None, extractor: str = "") -> FileType:
    """The type of a file: of the named format, else by its extension; with an unknown extension, plain text.

    With an extractor, it is one of HTML pages in any case. ``path`` is None for standard input or output. Raises
    `UsageError` for an unknown name.
    """
    if format_name is not None and format_name not in FORMATS:
        raise UsageError(f"format {format_name!r}: choose one of {', '.join(FORMATS)}")
    if extractor:
        name = format_name or (path and page_format_by_extension(path)) or "html"
    else:
        name = format_name or (path and format_by_extension(path)) or "text"
    outer = compression.compression_of(path)
    return FileType(name, "" if outer in load_format(name, extractor).own_compressions else outer, extractor)


def is_of_pages(format_name: str) -> bool:
    """Whether the texts of a format are those of HTML pages, so that the result has another format."""
    return format_name in _RESULTS


def result_format(format_name: str) -> str:
    """The name of the format of the result of a file of this format: the same, or of HTML that of its text."""
    return _RESULTS[format_name][0] if is_of_pages(format_name) else format_name


def result_path(path: Path, format_name: str) -> Path:
    """The path for the result of a file: the same, or for HTML with another extension before that of a compression."""
    if not is_of_pages(format_name):
        return path
    compressed, plain = compression.compression_of(path), compression.without_compression(path)
    result, extension = _RESULTS[format_name]
    known = format_by_extension(path)
    if known == result and result != "warc":
        return path
    if known not in _PAGES:
        return plain.with_name(plain.name + extension + compressed)
    return plain.with_name(plain.stem + extension + compressed)


def page_format_by_extension(path: Path) -> str | None:
    """The name of the format of HTML pages with a file's extension, not counting its compression; else None."""
    return _PAGES.get(format_by_extension(path) or "")


def format_by_extension(path: Path) -> str | None:
    """The name of the format with a file's extension, not counting its compression; None for an unknown extension."""
    extension = compression.without_compression(path).suffix.lower()
    return next((name for name, extensions in _EXTENSIONS.items() if extension in extensions), None)


def require(types: Iterable[FileType]) -> None:
    """Raise `UsageError` if a library that files of these types need is not installed."""
    for type_ in sorted(set(types), key=lambda type_: (type_.format_name, type_.compression)):
        type_.require()
