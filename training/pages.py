"""Pages a second: extractors from HTML to text, and the cleaner after them."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.cleaner import Cleaner
from detector.errors import DataError
from detector.util.libraries import load_library
from training.measured import Part, in_turns, installed, rate

Extract = Callable[[bytes], str]
_CLEANED = 20  # times that ours goes over the pages in a run: once is over too soon to be timed


def read_pages(folder: Path) -> list[bytes]:
    """The pages (``.html``, ``.html.gz``) of a folder, by name. Raises `DataError` where it has none."""
    files = sorted(file for file in folder.glob("*.html*") if file.name.endswith((".html", ".html.gz")))
    if not files:
        raise DataError(f"{folder}: holds no .html or .html.gz file")
    return [gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in files]


def trafilatura(page: bytes) -> str:
    """The text of a page by trafilatura, a paragraph a line."""
    return _library("trafilatura").extract(page) or ""


def justext(page: bytes) -> str:
    """The text of a page by jusText, with the stop words of English."""
    library = _library("justext")
    paragraphs = library.justext(page, library.get_stoplist("English"))
    return "\n".join(p.text for p in paragraphs if not p.is_boilerplate)


def readability(page: bytes) -> str:
    """The text of a page by readability-lxml, the tags of its summary taken off by lxml."""
    summary = _library("readability").Document(_decoded(page)).summary()
    return str(_library("lxml.html").fromstring(summary).text_content())


def newspaper(page: bytes) -> str:
    """The text of a page by newspaper4k, taken for English (others need more libraries); none is fetched."""
    article = _library("newspaper").Article("https://page.example/", fetch_images=False, language="en")
    article.download(input_html=_decoded(page))
    article.parse()
    return str(article.text)


def resiliparse(page: bytes) -> str:
    """The text of a page by Resiliparse, main content only."""
    return str(_library("resiliparse.extract.html2text").extract_plain_text(_decoded(page), main_content=True))


def boilerpy(page: bytes) -> str:
    """The text of a page by BoilerPy3's article extractor."""
    return str(_library("boilerpy3.extractors").ArticleExtractor(raise_on_failure=False).get_content(_decoded(page)))


EXTRACTORS: Mapping[str, tuple[str, Extract]] = {  # by name: the module that has to be there
    "trafilatura": ("trafilatura", trafilatura),
    "jusText": ("justext", justext),
    "readability-lxml": ("readability", readability),
    "newspaper4k": ("newspaper", newspaper),
    "Resiliparse": ("resiliparse", resiliparse),
    "BoilerPy3": ("boilerpy3", boilerpy),
}


def measure(cleaner: Cleaner, pages: Sequence[bytes], runs: int) -> Part:
    """Pages a second of every extractor that is installed, and of the cleaner on what trafilatura extracts.

    Raises `UsageError` where trafilatura is missing.
    """
    logging.getLogger().setLevel(logging.CRITICAL)  # extractors tell of every page that they find odd
    extracted = [trafilatura(page) for page in pages]
    kilobytes = sum(len(text.encode()) for text in extracted) / len(extracted) / 1000

    def clean() -> None:
        for _ in range(_CLEANED):
            for _cleaned in cleaner.clean_many(extracted):
                pass

    def extract_and_clean() -> None:
        for _cleaned in cleaner.clean_many(trafilatura(page) for page in pages):
            pass

    there = {name: extract for name, (module, extract) in EXTRACTORS.items() if installed(module)}
    work: dict[str, Callable[[], object]] = {
        f"{name}: HTML to text": _over(extract, pages) for name, extract in there.items()
    }
    ours = "the cleaner alone: trafilatura's text to clean text"
    seconds = in_turns(
        {ours: clean, "trafilatura, then the cleaner: HTML to clean text": extract_and_clean} | work, runs
    )
    rows = tuple(
        rate(name, len(pages) * (_CLEANED if name == ours else 1), taken, "pages/s") for name, taken in seconds.items()
    )
    missing = sorted(EXTRACTORS.keys() - there.keys())
    setting = (
        f"{len(pages)} pages, of which trafilatura extracts {kilobytes:.1f} kB of text each. One thread, runs in "
        f"turns: {runs}. The cleaner starts from text, the others from HTML: of ours, compare the second row with them."
        + (f" Not installed: {', '.join(missing)}." if missing else "")
    )
    return Part("Pages", setting, rows)


def _library(module: str) -> Any:  # noqa: ANN401
    return load_library(module, "the extractors of HTML", "benchmark")


def _over(extract: Extract, pages: Sequence[bytes]) -> Callable[[], object]:
    return lambda: [extract(page) for page in pages]


def _decoded(page: bytes) -> str:
    return page.decode("utf-8", "replace")
