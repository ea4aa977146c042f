"""Extractors of articles from HTML: other libraries, by one interface.

    from detector.extractors import extract

    text = extract(Path("page.html").read_bytes(), "trafilatura")

Each is called with its own defaults. Nothing is downloaded.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from detector.errors import UsageError

Page = bytes | str


class Extractor(NamedTuple):
    """An extractor: how it calls itself, the package to install, the module to import, and the function."""

    title: str
    package: str
    module: str
    extract: Callable[[Page], str]


def extract(page: Page, name: str) -> str:
    """The text that an extractor, one of `EXTRACTORS`, takes for the article of a page: as the library returns it.

    ``page`` is HTML as bytes, whose encoding is then detected, or as text. The text is empty where the extractor finds
    no article. Raises `UsageError` for an unknown name or a library that is not installed, and whatever the library
    raises.
    """
    require(name)
    return EXTRACTORS[name].extract(page) if page.strip() else ""  # some raise an error where there is nothing


def require(name: str) -> None:
    """Raise `UsageError`, with what is installed, for an unknown extractor or one whose library is not installed."""
    if not is_installed(name):
        others = [other for other in EXTRACTORS if is_installed(other)]
        raise UsageError(
            f"the extractor {name} is not installed; install it with: pip install {EXTRACTORS[name].package}"
            + (f"; installed: {', '.join(others)}" if others else "")
        )


def is_installed(name: str) -> bool:
    """Whether the library of an extractor is installed. It is not imported. Raises `UsageError` for an unknown name."""
    return importlib.util.find_spec(_named(name).module.partition(".")[0]) is not None


def version(name: str) -> str:
    """The version of an extractor's library; empty where it is not installed.

    Raises `UsageError` for an unknown name.
    """
    try:
        return importlib.metadata.version(_named(name).package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _named(name: str) -> Extractor:
    if name not in EXTRACTORS:
        raise UsageError(f"extractor {name!r}: choose one of {', '.join(EXTRACTORS)}")
    return EXTRACTORS[name]


def _trafilatura(page: Page) -> str:
    """One paragraph per line."""
    return _library("trafilatura").extract(page) or ""


def _justext(page: Page) -> str:
    """With English stop words; other languages lose nearly everything."""
    library = _library("justext")
    paragraphs = library.justext(page, library.get_stoplist("English"))
    return "\n".join(p.text for p in paragraphs if not p.is_boilerplate)


def _readability(page: Page) -> str:
    """The library returns HTML, of which this is the text."""
    from detector.html.page import page_text

    return page_text(_library("readability").Document(_text(page)).summary())


def _newspaper(page: Page) -> str:
    """As English: other languages need more libraries."""
    article = _library("newspaper").Article("https://page.example/", fetch_images=False, language="en")
    article.download(input_html=_text(page))
    article.parse()
    return str(article.text)


def _resiliparse(page: Page) -> str:
    """Main content only."""
    return str(_library("resiliparse.extract.html2text").extract_plain_text(_text(page), main_content=True))


def _boilerpy(page: Page) -> str:
    """BoilerPy3's article extractor."""
    return str(_library("boilerpy3.extractors").ArticleExtractor(raise_on_failure=False).get_content(_text(page)))


def _library(module: str) -> Any:  # noqa: ANN401
    return importlib.import_module(module)


def _text(page: Page) -> str:
    from detector.html.encoding import decode

    return decode(page) if isinstance(page, bytes) else page


EXTRACTORS: Mapping[str, Extractor] = {
    "trafilatura": Extractor("trafilatura", "trafilatura", "trafilatura", _trafilatura),
    "readability": Extractor("readability-lxml", "readability-lxml", "readability", _readability),
    "newspaper4k": Extractor("newspaper4k", "newspaper4k", "newspaper", _newspaper),
    "resiliparse": Extractor("Resiliparse", "resiliparse", "resiliparse", _resiliparse),
    "justext": Extractor("jusText", "justext", "justext", _justext),
    "boilerpy3": Extractor("BoilerPy3", "boilerpy3", "boilerpy3", _boilerpy),
}
