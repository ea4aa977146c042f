"""Compare the shipped model with its rivals: ``python -m training.benchmark speed DATA``, ``accuracy DATA``.

The rivals come with the extra ``benchmark``. Times are medians of alternating runs. Only their ratios can be compared
between machines.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from detector.util.threads import use_one_thread

use_one_thread()

from detector.backend.reference import NUMPY_BACKEND
from detector.cleaner import Cleaner
from detector.errors import UsageError
from detector.evaluation.labelled import read_documents
from detector.loading import load
from training import (
    accuracy,
    accuracy_report,
    against,
    growth,
    latency,
    pages,
    processes,
    speed,
    speed_report,
)
from training.corrections import read_corrected
from training.in_process import compiled
from training.result import Section
from training.results_file import rewrite
from training.rivals import LEARNERS
from training.versions import THIS, Version

_QUICK = "rates,latency,processes,start,pages,steps"
_VERSIONS = "versions"  # the part of --against

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
    versions: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="NAME: [VARIABLE=VALUE ...] PYTHON",
            help="Also measure another version of this package (the part versions): a name for it, environment "
            "variables, and the Python interpreter that finds it; may be repeated. There are bounds for the names "
            f"{' and '.join(against.PREDICT)}.",
        ),
    ] = None,
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
    """Measure speed and memory of the library and of the command, against rivals, other versions, and bounds."""
    if results and not output:
        raise typer.BadParameter("--results shows what is in the file of -o: give both")
    others = _parse_versions(versions or [])
    documents = list(read_documents([data]))
    texts = [document.text for document in documents]
    cleaner = load()
    compiled()  # all parts measure it: without it, none is measured
    measurements: dict[str, Callable[[], list[Section]]] = {
        "rates": lambda: [
            speed.measure(cleaner, documents, [learner(documents) for learner in LEARNERS], megabytes, runs)
        ],
        _VERSIONS: lambda: [against.measure(others, texts, megabytes, runs, folder)],
        "latency": lambda: [latency.measure(cleaner, texts, runs)],
        "processes": lambda: [processes.throughput(texts, megabytes, runs, folder)],
        "start": lambda: [processes.start(texts, runs)],
        "pages": lambda: [pages.measure(cleaner, pages.read_pages(html or data.parent / "html"), runs)],
        "steps": lambda: _measure_steps(cleaner, texts, megabytes, runs),
        "memory": lambda: [processes.memory(texts, large, folder)],
        "growth": lambda: [growth.measure(cleaner, texts, runs, parent=folder)],
    }
    for name in _parse_names(parts, list(measurements), others):
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
    documents, training = list(read_documents([data])), list(read_corrected(train))
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


def _measure_steps(cleaner: Cleaner, texts: list[str], megabytes: float, runs: int) -> list[Section]:
    from training import score, steps  # both import the compiled kernels

    backends = compiled(), NUMPY_BACKEND
    return [
        *(steps.measure(cleaner, texts, megabytes, backend) for backend in backends),
        score.measure(cleaner, texts, megabytes, runs),
    ]


def _parse_names(parts: str, known: list[str], others: Sequence[Version]) -> list[str]:
    """The names in a comma-separated list, and the part of other versions, if there are any.

    Raises `typer.BadParameter` for a name that is not ``known``, and for a part without what it measures.
    """
    names = [name.strip() for name in parts.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise typer.BadParameter(f"--parts {parts}: choose from {','.join(known)}")
    if _VERSIONS in names and not others:
        raise typer.BadParameter(f"--parts {parts}: {_VERSIONS} needs --against")
    return [*names, _VERSIONS] if others and _VERSIONS not in names else names


def _parse_versions(given: Sequence[str]) -> list[Version]:
    """The versions of --against. Raises `typer.BadParameter` for what describes none."""
    try:
        versions = [Version.parse(each) for each in given]
    except UsageError as error:
        raise typer.BadParameter(str(error)) from error
    names = [version.name for version in (THIS, *versions)]
    if len(set(names)) < len(names):
        raise typer.BadParameter(f"--against: two versions have one name: {', '.join(names)}")
    return versions


if __name__ == "__main__":
    app()
