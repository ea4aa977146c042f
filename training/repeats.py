"""What counts of repeated paragraphs are worth: ``python -m training.repeats COMMAND``.

``catch`` measures what they gain on labelled sites with several pages, whose paragraphs are counted, and on all sites
as if they had more pages; ``planted`` on a corpus of `training.repeats_corpus`; ``speed`` the rates and the memory.
`training.repeats_fit` fits the amount of evidence.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from detector.cleaner import Cleaner
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents
from detector.evidence.repeats import Repeats
from detector.fit.config import BALANCED
from detector.inference.model import Model
from detector.inference.storage import load_model
from training.repeats_corpus import REPEATED
from training.repeats_fit import RATES
from training.repeats_rows import (
    Counts,
    LabelledRows,
    catch,
    keep_scores,
    labelled_rows,
    own_counts,
    simulated_counts,
    sites_with_pages,
)
from training.subprocesses import run

_PAGE = "page"
app = typer.Typer(add_completion=False, help=__doc__)
_Data = Annotated[list[Path], typer.Argument(help="Labelled documents of sites that the model has not seen.")]
_Corpus = Annotated[Path, typer.Argument(help="A corpus of training.repeats_corpus.")]
_Model = Annotated[Path | None, typer.Option(help="The folder of a model; default: the shipped one.")]


@app.command("catch")
def measure_catch(
    data: _Data,
    model: _Model = None,
    pages: Annotated[
        list[int] | None, typer.Option(help="Simulated numbers of pages; default: 10, 30 and 100.")
    ] = None,
    several_only: Annotated[bool, typer.Option(help="Only the sites that have several pages.")] = False,
) -> None:
    """What is caught at the same loss, without and with counts."""
    loaded, documents = load_model(model), list(read_documents(data))
    several = sites_with_pages(documents, 2)
    rows = labelled_rows(several)
    _print_catch(f"{len({d.site for d in several})} sites with several pages, their own counts", loaded, rows,
                 own_counts(rows))  # fmt: skip
    if several_only:
        return
    rows = labelled_rows(documents)
    for number in pages or [10, 30, 100]:
        counts = simulated_counts(rows, RATES, number)
        _print_catch(f"{len({d.site for d in documents})} sites as if of {number} pages", loaded, rows, counts)


def _print_catch(title: str, model: Model, rows: LabelledRows, counts: Counts) -> None:
    page = np.array([d.origin == _PAGE for d in rows.documents])[rows.document]
    before, after = keep_scores(model, rows, None), keep_scores(model, rows, counts)
    print(title)
    for name, chosen in (("pages", page), ("extracted", ~page)):
        for label, of in (("reporting", 0), ("appeal", 1), ("navigation", 2)):
            own = chosen & (rows.label == of)
            print(f"  {name}: {label} that repeats {(counts.documents[own] > 1).mean():.3f}")
        for what, scores in (("without", before), ("with", after)):
            figures = catch(rows, scores, chosen, model.thresholds[BALANCED])
            print(f"  {name}, {what}: " + ", ".join(f"{figure} {value:.4f}" for figure, value in figures.items()))


@app.command()
def planted(
    corpus: _Corpus,
    repeats: Annotated[Path, typer.Argument(help="What detector repeats learn --by site has made of it.")],
    model: _Model = None,
    sample: Annotated[int, typer.Option(help="The number of documents that are judged.")] = 3000,
) -> None:
    """What is caught of planted letters and boxes, and how much planted reporting is removed."""
    loaded = load_model(model)
    documents, is_planted = _sampled(corpus, sample)
    rows = labelled_rows(documents)
    mask = np.concatenate([np.array(each) for each in is_planted])
    everything = np.ones(len(mask), dtype=np.bool_)
    threshold = loaded.thresholds[BALANCED]
    for what, evidence in (("without", ()), ("with", (Repeats.read(repeats),))):
        cleaner = Cleaner(loaded, max_removed=1.0, evidence=evidence)
        predictions = cleaner.predict_many(d.text for d in documents)
        scores = np.concatenate([prediction.label_scores[:, 0] for prediction in predictions])
        figures = catch(rows, scores, everything, threshold)
        removed = float((scores[mask] < threshold).mean())
        print(f"{what}: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
              + f", of {mask.sum():,} planted paragraphs of reporting removed {removed:.4f}")  # fmt: skip


def _sampled(corpus: Path, sample: int) -> tuple[list[LabelledDocument], list[list[bool]]]:
    """The first documents of a corpus, and which of their paragraphs are planted reporting."""
    documents, is_planted = [], []
    with corpus.open(encoding="utf-8") as lines:
        for record in islice(map(json.loads, lines), sample):
            texts, labels = record["text"].split("\n"), record["labels"]
            paragraphs = tuple(
                LabelledParagraph(text, "reporting" if label == REPEATED else label)
                for text, label in zip(texts, labels, strict=True)
            )
            documents.append(LabelledDocument(record["id"], record["site"], None, "en", None, paragraphs))
            is_planted.append([label == REPEATED for label in labels])
    return documents, is_planted


@app.command()
def speed(corpus: _Corpus, runs: Annotated[int, typer.Option(help="Alternating runs.")] = 3) -> None:
    """The rates of learning, and of cleaning without and with counts; the memory for all and for a tenth."""
    with tempfile.TemporaryDirectory(dir=corpus.parent) as name:
        folder = Path(name)
        small, repeats = folder / "small.jsonl", folder / "corpus.repeats"
        with corpus.open("rb") as lines:
            count = sum(1 for _ in lines)
            lines.seek(0)
            small.write_bytes(b"".join(islice(lines, count // 10)))
        for source in (small, corpus):
            used = [run(_command("repeats", "learn", source, "-o", repeats, "--by", "site", "-q")) for _ in range(runs)]
            _print_rate(f"learn, {source.stat().st_size / 1e6:.0f} MB", source, [each.seconds for each in used])
            print(f"  peak memory {max(each.megabytes for each in used):.0f} MB")
        seconds: dict[str, list[float]] = {"without": [], "with": []}
        for _ in range(runs):
            for what, options in (("without", ()), ("with", ("--repeats", repeats))):
                command = _command("clean", small, "-o", folder / f"{what}.jsonl", "-q", "--force", *options)
                seconds[what].append(run(command).seconds)
        for what, times in seconds.items():
            _print_rate(f"clean {what} counts", small, times)


def _command(*arguments: object) -> Sequence[object]:
    return [sys.executable, "-m", "detector", *arguments]


def _print_rate(what: str, source: Path, seconds: Sequence[float]) -> None:
    rate = source.stat().st_size / 1e6 / float(np.median(seconds))
    print(f"{what}: {rate:.1f} MB/s, median of {len(seconds)}")


if __name__ == "__main__":
    app()
