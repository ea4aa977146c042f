"""Compare the shipped model with its rivals: ``python -m training.benchmark speed DATA``, ``accuracy DATA``.

The rivals come with the extra ``benchmark``. Times are medians of alternating runs. Only their ratios can be compared
between machines.
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
from training import accuracy, accuracy_report, growth, pages, processes, speed, speed_report, steps
from training.result import Section, installed
from training.results_file import rewrite
from training.rivals import LEARNERS

_QUICK = "rates,processes,start,pages,steps"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Compare the shipped model with its rivals."""


@app.command("speed")
def measure_speed(
    data: Annotated[Path, typer.Argument(help="Labelled documents; their texts are cleaned.")],
    parts: Annotated[
        str, typer.Option(help="What to measure, separated by commas; also memory and growth, which take long.")
    ] = _QUICK,
    megabytes: Annotated[float, typer.Option(help="Least size of the text to clean.")] = 200,
    runs: Annotated[int, typer.Option(min=1, help="Number of runs; they alternate.")] = 5,
    large: Annotated[float, typer.Option(help="Megabytes of the file for the measurement of peak memory.")] = 5000,
    html: Annotated[Path | None, typer.Option(help="Folder of HTML pages; default: html beside DATA.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder for large temporary files.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", help="Add the results to this JSON file, in place of earlier ones.")
    ] = None,
    results: Annotated[Path | None, typer.Option(help="Write tables of all results in -o into this file.")] = None,
) -> None:
    """Measure speed and memory of the library and of the command, against rivals and bounds."""
    if results and not output:
        raise typer.BadParameter("--results shows what is in the file of -o: give both")
    documents = list(read_documents([data]))
    texts = [document.text for document in documents]
    cleaner = load()
    measurements: dict[str, Callable[[], list[Section]]] = {
        "rates": lambda: [
            speed.measure(cleaner, documents, [learner(documents) for learner in LEARNERS], megabytes, runs)
        ],
        "processes": lambda: [processes.throughput(texts, megabytes, runs, folder)],
        "start": lambda: [processes.start(texts, runs)],
        "pages": lambda: [pages.measure(cleaner, pages.read_pages(html or data.parent / "html"), runs)],
        "steps": lambda: [steps.measure(cleaner, texts, megabytes, numba) for numba in _numba_settings()],
        "memory": lambda: [processes.memory(texts, large, folder)],
        "growth": lambda: [growth.measure(cleaner, texts, runs, parent=folder)],
    }
    for name in _parse_names(parts, list(measurements)):
        sections = measurements[name]()
        print(speed_report.markdown(sections), end="\n\n", flush=True)
        if output:
            merged = speed_report.merge(output, sections)
            if results:
                rewrite(results, "speed", speed_report.markdown(merged))


@app.command("accuracy")
def measure_accuracy(
    data: Annotated[Path, typer.Argument(help="Labelled documents to evaluate on, of sites that are not trained on.")],
    train: Annotated[list[Path], typer.Option(help="Labelled documents to train the rivals on; may be repeated.")],
    output: Annotated[Path | None, typer.Option("-o", help="Write the figures to this JSON file.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Plot the share removed against the share lost into this PNG file.")
    ] = None,
    results: Annotated[Path | None, typer.Option(help="Write the tables into this file.")] = None,
    model: Annotated[Path | None, typer.Option(help="The model's folder; default: the shipped model.")] = None,
) -> None:
    """Measure word F1 and the shares lost and removed, for the model and its rivals on the same documents."""
    documents, training = list(read_documents([data])), list(read_documents(train))
    compared = accuracy.compare(load(model), documents, training, lambda name: print(f"measuring {name}", flush=True))
    if picture:
        accuracy_report.draw(compared, picture)
    link = os.path.relpath(picture, results.parent) if picture and results else None
    tables = accuracy_report.markdown(compared, link)
    print(tables)
    if output:
        output.write_text(accuracy_report.to_json(compared), encoding="utf-8")
    if results:
        rewrite(results, "accuracy", tables)


def _numba_settings() -> list[bool]:
    """Whether to use numba: both ways where it is installed."""
    return [True, False] if installed("numba") else [False]


def _parse_names(parts: str, known: list[str]) -> list[str]:
    """The names in a comma-separated list. Raises `typer.BadParameter` for a name that is not ``known``."""
    names = [name.strip() for name in parts.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise typer.BadParameter(f"--parts {parts}: choose from {','.join(known)}")
    return names


if __name__ == "__main__":
    app()
