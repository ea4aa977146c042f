"""The texts of HTML pages, for all formats that hold some."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from detector.errors import DataError, UsageError
from detector.formats.base import Record

MAX_PAGE = 64 << 20  # bytes
_SURROGATES = re.compile("[\ud800-\udfff]")  # which UTF-8 cannot write


class BadPageError(Exception):
    """A page that has no text because it cannot be read. The message is the reason."""


@dataclass(frozen=True, slots=True)
class PageReader:
    """Turns pages into text: all of it, or what the extractor of this name takes for the article.

    The text of a page ends with a line end, unless it is empty.
    """

    extractor: str = ""

    def require(self) -> None:
        """Raise `UsageError` if a library is not installed that this needs."""
        from detector.html.page import page_text

        page_text("<p>text</p>")
        if self.extractor:
            from detector.extractors import require

            require(self.extractor)

    @property
    def version(self) -> str:
        """The library that decides what the text of a page is, and its version."""
        return _version(self.extractor)

    def text(self, markup: bytes, encoding: str | None = None) -> str:
        """The text of a page. ``encoding`` is what its transport names, if it does.

        Raises `BadPageError` where the extractor raises an error.
        """
        if not self.extractor:
            from detector.html.page import page_text

            text = page_text(markup, encoding)
        else:
            text = self._extracted(markup, encoding)
        if not text.strip():
            return ""
        return _SURROGATES.sub("\ufffd", text if text.endswith("\n") else f"{text}\n")

    def _extracted(self, markup: bytes, encoding: str | None) -> str:
        from detector.extractors import extract
        from detector.html.encoding import decode

        _keep_quiet()
        try:
            return extract(decode(markup, encoding) if encoding else markup, self.extractor)
        except (MemoryError, UsageError):
            raise
        except Exception as error:  # whatever the library raises: other pages may be fine
            reason = " ".join(str(error).split())[:200]
            raise BadPageError(f"{self.extractor} cannot read the page: {type(error).__name__}: {reason}") from error


def read_page(stream: BinaryIO, name: str) -> bytes:
    """All of a file with one page. Raises `DataError` if it is too large."""
    data = stream.read(MAX_PAGE + 1)
    if len(data) > MAX_PAGE:
        raise DataError(f"{name}: larger than {MAX_PAGE >> 20} MB, so it is no web page; leave it out")
    return data


def page_record(reader: PageReader, markup: bytes, encoding: str | None, name: str) -> Record:
    """The record of a file with one page. Raises `DataError` where its text cannot be extracted."""
    from detector.formats.text import UTF8

    try:
        return Record(name, reader.text(markup, encoding), UTF8, is_page=bool(markup.strip()))
    except BadPageError as error:
        raise DataError(f"{name}: {error}") from error


@cache
def _version(extractor: str) -> str:
    if extractor:
        from detector.extractors import version

        return f"{extractor} {version(extractor)}"
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    try:
        return f"resiliparse {version_of('resiliparse')}"
    except PackageNotFoundError:
        return "resiliparse"


@cache
def _keep_quiet() -> None:
    """Extractors log a message for each page that is not as they wish. Unless a program wants them, they go nowhere."""
    import logging
    import warnings

    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", module=r"(bs4|justext|lxml|newspaper|readability|trafilatura)(\..*)?")
