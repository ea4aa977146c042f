"""Measure the shipped model against its rivals: ``python -m training.benchmark speed DATA``, ``accuracy DATA``.

The rivals come with the extra ``benchmark``. Times are medians over runs in turns; what counts are the ratios, for the
machines differ and are noisy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from detector.util.threads import use_one_thread

use_one_thread()

from detector.cleaner import load
from detector.evaluation.labelled import read_documents
from training import accuracy, accuracy_report, growth, pages, processes, report, speed, steps
from training.measured import Part, installed
from training.results import rewrite
from training.rivals import LEARNERS

_QUICK = "rates,processes,start,pages,steps"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Measure the shipped model against its rivals."""


@app.command("speed")
def measure_speed(
    data: Annotated[Path, typer.Argument(help="Labelled documents, whose texts are judged.")],
    parts: Annotated[
        str, typer.Option(help="What to measure, with commas; memory and growth as well, which take long.")
    ] = _QUICK,
    megabytes: Annotated[float, typer.Option(help="Text to judge, at least.")] = 200,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each, in turns.")] = 5,
    large: Annotated[float, typer.Option(help="Megabytes of the file that peak memory is measured on.")] = 5000,
    html: Annotated[Path | None, typer.Option(help="A folder of pages; without it, html beside DATA.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where large files may stand for the time.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", help="Keep the figures here as JSON, beside those in it.")
    ] = None,
    results: Annotated[Path | None, typer.Option(help="Put the tables of all that -o holds into this file.")] = None,
) -> None:
    """Speed and memory of the library and of the command, against rivals and against what they have to be."""
    if results and not output:
        raise typer.BadParameter("--results tells what -o holds: give both")
    documents = list(read_documents([data]))
    texts = [document.text for document in documents]
    cleaner = load()
    work: dict[str, Callable[[], list[Part]]] = {
        "rates": lambda: [
            speed.measure(cleaner, documents, [learner(documents) for learner in LEARNERS], megabytes, runs)
        ],
        "processes": lambda: [processes.throughput(texts, megabytes, runs, folder)],
        "start": lambda: [processes.start(texts, runs)],
        "pages": lambda: [pages.measure(cleaner, pages.read_pages(html or data.parent / "html"), runs)],
        "steps": lambda: [steps.measure(cleaner, texts, megabytes, numba) for numba in _paths()],
        "memory": lambda: [processes.memory(texts, large, folder)],
        "growth": lambda: [growth.measure(cleaner, texts, runs, folder=folder)],
    }
    for name in _named(parts, list(work)):
        measured = work[name]()
        print(report.markdown(measured), end="\n\n", flush=True)
        if output:
            kept = report.keep(output, measured)
            if results:
                rewrite(results, "speed", report.markdown(kept))


@app.command("accuracy")
def measure_accuracy(
    data: Annotated[Path, typer.Argument(help="Labelled documents to measure on, of sites nobody was trained on.")],
    train: Annotated[list[Path], typer.Option(help="Labelled documents that the rivals learn from; may be repeated.")],
    output: Annotated[Path | None, typer.Option("-o", help="Write the figures here as JSON.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw what goes against what is lost here, as PNG.")] = None,
    results: Annotated[Path | None, typer.Option(help="Put the tables into this file.")] = None,
    model: Annotated[Path | None, typer.Option(help="The model's folder; without it, the shipped model.")] = None,
) -> None:
    """Word F1, what is lost and what goes, of the model and of its rivals on the same documents, with intervals."""
    documents, training = list(read_documents([data])), list(read_documents(train))
    measured = accuracy.compare(load(model), documents, training, lambda name: print(f"measuring {name}", flush=True))
    if picture:
        accuracy_report.draw(measured, picture)
    shown = os.path.relpath(picture, results.parent) if picture and results else None
    tables = accuracy_report.markdown(measured, shown)
    print(tables)
    if output:
        output.write_text(accuracy_report.to_json(measured), encoding="utf-8")
    if results:
        rewrite(results, "accuracy", tables)


def _paths() -> list[bool]:
    """Whether with numba: both ways where it is installed."""
    return [True, False] if installed("numba") else [False]


def _named(parts: str, known: list[str]) -> list[str]:
    """The names in a list with commas. Raises `typer.BadParameter` for others than those known."""
    names = [name.strip() for name in parts.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise typer.BadParameter(f"--parts {parts}: give some of {','.join(known)}")
    return names


if __name__ == "__main__":
    app()
