"""Pages per second: extractors from HTML to text, and the cleaner after one of them."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from detector import extractors
from detector.cleaner import Cleaner
from detector.errors import DataError
from training.result import Section, alternate, installed, rate

Extract = Callable[[bytes], str]
_REPETITIONS = 20  # of the cleaner alone within a run: once is too short to be timed


def read_pages(folder: Path) -> list[bytes]:
    """The pages (``.html``, ``.html.gz``) in a folder, sorted by name. Raises `DataError` where there are none."""
    files = sorted(file for file in folder.glob("*.html*") if file.name.endswith((".html", ".html.gz")))
    if not files:
        raise DataError(f"{folder}: no .html or .html.gz file in this folder")
    return [gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in files]


EXTRACTORS: Mapping[str, tuple[str, Extract]] = {  # by title: the module that has to be installed, and the function
    each.title: (each.module, each.extract) for each in extractors.EXTRACTORS.values()
}


def measure(cleaner: Cleaner, pages: Sequence[bytes], runs: int) -> Section:
    """Pages per second of every installed extractor, and of the cleaner on what trafilatura extracts.

    Raises `UsageError` where trafilatura is not installed.
    """
    logging.getLogger().setLevel(logging.CRITICAL)  # extractors log a message for every malformed page
    extractors.require("trafilatura")
    _, trafilatura = EXTRACTORS["trafilatura"]
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


def _on_all(extract: Extract, pages: Sequence[bytes]) -> Callable[[], object]:
    return lambda: [extract(page) for page in pages]
