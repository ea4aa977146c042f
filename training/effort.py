"""Accuracy of the accurate model against its rate, by effort: ``python -m training.effort DATA... [--html FOLDER]``.

Each effort cleans the same documents in the same run, one document at a time, on one thread. The first row is the
default model. Rates are documents per second of processor time. With ``--html``, the last line is the rate at which
trafilatura extracts the pages in that folder.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from detector.cleaner import Cleaner
from detector.encoder.names import ACCURATE
from detector.evaluation.evaluate import EXTRACTED, PAGE, Figures, evaluate
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.loading import load
from training.result import processor_seconds_of

EFFORTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
_COLUMNS = ("lost", "A@.5", "N@.5", "F1a", "macro", "after")


def drawn(documents: Sequence[LabelledDocument], count: int) -> list[LabelledDocument]:
    """Some documents of as many pages as possible: one of each page's texts in turn, in random order, seed 0."""
    shuffled = random.Random(0).sample(documents, len(documents))
    by_page: dict[tuple[str, str], list[LabelledDocument]] = {}
    for document in shuffled:
        by_page.setdefault((document.site, document.id), []).append(document)
    turns = [
        own[turn] for turn in range(max(map(len, by_page.values()))) for own in by_page.values() if turn < len(own)
    ]
    return turns[:count]


def rate(cleaner: Cleaner, documents: Sequence[LabelledDocument]) -> float:
    """Documents per second of processor time, one by one."""
    texts = [document.text for document in documents]
    cleaner.clean(texts[0])  # what is loaded at first does not count
    return len(texts) / processor_seconds_of(lambda: [cleaner.clean(text) for text in texts])


def shown(figures: Figures) -> list[str]:
    """The figures of a row, where they are known."""
    values = (figures.get(name) for name in _COLUMNS)
    return ["" if value is None else f"{value:.4f}" for value in values]


def trafilatura_rate(folder: Path) -> float:
    """Pages per second of processor time that trafilatura extracts."""
    import trafilatura

    pages = [gzip.decompress(path.read_bytes()) for path in sorted(folder.rglob("*.html.gz"))]
    trafilatura.extract(pages[0])
    return len(pages) / processor_seconds_of(lambda: [trafilatura.extract(page) for page in pages])


def main(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents.")],
    documents: Annotated[int, typer.Option(help="Documents to measure on, of as many pages as possible.")] = 600,
    html: Annotated[Path | None, typer.Option(help="Folder of .html.gz files, for trafilatura's rate.")] = None,
) -> None:
    """Measure each effort."""
    chosen = drawn(list(read_documents(data)), documents)
    extracted = [document for document in chosen if document.origin != PAGE]
    cleaners = {"default": load(), **{f"{effort:g}": load(ACCURATE, effort=effort) for effort in EFFORTS}}
    table = Table(box=None)
    for heading in ("effort", "origin", *_COLUMNS, "texts per second"):
        table.add_column(heading, no_wrap=True)
    groups = {PAGE: [document for document in chosen if document.origin == PAGE], EXTRACTED: extracted}
    for name, cleaner in cleaners.items():
        found = evaluate(cleaner, chosen).figures
        for origin, own in groups.items():
            if own and origin in found:
                table.add_row(name, origin, *shown(found[origin]), f"{rate(cleaner, own):.1f}")
    console = Console(width=140)
    console.print(f"{len(chosen):,} documents, {len(extracted):,} of them extracted texts")
    console.print(table)
    if html:
        console.print(f"trafilatura extracts {trafilatura_rate(html):.1f} pages per second")


if __name__ == "__main__":
    typer.run(main)
