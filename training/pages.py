"""Pages per second: extractors from HTML to text, and the cleaner after one of them."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.cleaner import Cleaner
from detector.errors import DataError
from detector.util.libraries import load_library
from training.result import Section, alternate, installed, rate

Extract = Callable[[bytes], str]
_REPETITIONS = 20  # of the cleaner alone within a run: once is too short to be timed


def read_pages(folder: Path) -> list[bytes]:
    """The pages (``.html``, ``.html.gz``) in a folder, sorted by name. Raises `DataError` where there are none."""
    files = sorted(file for file in folder.glob("*.html*") if file.name.endswith((".html", ".html.gz")))
    if not files:
        raise DataError(f"{folder}: no .html or .html.gz file in this folder")
    return [gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in files]


def trafilatura(page: bytes) -> str:
    """The text of a page by trafilatura, one paragraph per line."""
    return _library("trafilatura").extract(page) or ""


def justext(page: bytes) -> str:
    """The text of a page by jusText, with English stop words."""
    library = _library("justext")
    paragraphs = library.justext(page, library.get_stoplist("English"))
    return "\n".join(p.text for p in paragraphs if not p.is_boilerplate)


def readability(page: bytes) -> str:
    """The text of a page by readability-lxml, the tags of whose summary lxml removes."""
    summary = _library("readability").Document(_decoded(page)).summary()
    return str(_library("lxml.html").fromstring(summary).text_content())


def newspaper(page: bytes) -> str:
    """The text of a page by newspaper4k, as English (other languages need more libraries). Nothing is downloaded."""
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


EXTRACTORS: Mapping[str, tuple[str, Extract]] = {  # by name: the module that has to be installed, and the function
    "trafilatura": ("trafilatura", trafilatura),
    "jusText": ("justext", justext),
    "readability-lxml": ("readability", readability),
    "newspaper4k": ("newspaper", newspaper),
    "Resiliparse": ("resiliparse", resiliparse),
    "BoilerPy3": ("boilerpy3", boilerpy),
}


def measure(cleaner: Cleaner, pages: Sequence[bytes], runs: int) -> Section:
    """Pages per second of every installed extractor, and of the cleaner on what trafilatura extracts.

    Raises `UsageError` where trafilatura is not installed.
    """
    logging.getLogger().setLevel(logging.CRITICAL)  # extractors log a message for every malformed page
    extracted = [trafilatura(page) for page in pages]
    kilobytes = sum(len(text.encode()) for text in extracted) / len(extracted) / 1000

    def clean() -> None:
        for _ in range(_REPETITIONS):
            for _cleaned in cleaner.clean_many(extracted):
                pass

    def extract_and_clean() -> None:
        for _cleaned in cleaner.clean_many(trafilatura(page) for page in pages):
            pass

    available = {name: extract for name, (module, extract) in EXTRACTORS.items() if installed(module)}
    work: dict[str, Callable[[], object]] = {
        f"{name}: HTML to text": _on_all(extract, pages) for name, extract in available.items()
    }
    ours = "the cleaner alone: trafilatura's text to clean text"
    seconds = alternate(
        {ours: clean, "trafilatura, then the cleaner: HTML to clean text": extract_and_clean} | work, runs
    )
    rows = tuple(
        rate(name, len(pages) * (_REPETITIONS if name == ours else 1), taken, "pages/s")
        for name, taken in seconds.items()
    )
    missing = sorted(EXTRACTORS.keys() - available.keys())
    setting = (
        f"{len(pages)} pages, from each of which trafilatura extracts {kilobytes:.1f} kB of text on average. One "
        f"thread, alternating runs: {runs}. The cleaner starts from text, the extractors from HTML: compare the second "
        "row with them." + (f" Not installed: {', '.join(missing)}." if missing else "")
    )
    return Section("Pages", setting, rows)


def _library(module: str) -> Any:  # noqa: ANN401
    return load_library(module, "the extractors of HTML", "benchmark")


def _on_all(extract: Extract, pages: Sequence[bytes]) -> Callable[[], object]:
    return lambda: [extract(page) for page in pages]


def _decoded(page: bytes) -> str:
    return page.decode("utf-8", "replace")
