"""The command ``detector``. The only module that prints."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from detector.errors import DetectorError, UsageError

if TYPE_CHECKING:  # what a command needs is imported when it runs: the others start without it
    from detector.cleaner import Cleaner, Prediction
    from detector.formats import Record
    from detector.paragraphs import Mode

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Tell the article from what the publisher says to the reader, paragraph by paragraph.",
)

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="Files, folders (with all below), or - for standard input."),
]
ModelPath = Annotated[
    Path | None, typer.Option("--model", "-m", help="A model's folder; without it, the shipped model.")
]
Threshold = Annotated[
    str, typer.Option("--threshold", "-t", help="gentle, balanced, strict, or a number from 0 (keep all) to 1.")
]
PolicyName = Annotated[str, typer.Option("--policy", help="reporting, appeals-only or text: what is kept.")]
Keep = Annotated[str | None, typer.Option(help="Labels or kinds to keep as well, with commas: about,caption.")]
Drop = Annotated[str | None, typer.Option(help="Labels or kinds to drop as well, with commas: newsletter,donation.")]
ParagraphMode = Annotated[
    str, typer.Option("--paragraphs", help="line: a line is a paragraph; blank: blank lines stand between them.")
]
FormatName = Annotated[str | None, typer.Option("--format", help="text or jsonl; without it, by the file's ending.")]
TextField = Annotated[str | None, typer.Option(help="The field of JSON Lines that holds the text.  [default: text]")]
IdField = Annotated[str, typer.Option(help="The field of JSON Lines that names a record.")]
AllFiles = Annotated[bool, typer.Option("--all-files", help="Take files of every ending from folders, as text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")]
RejectedFile = Annotated[
    Path | None, typer.Option("--rejected", help="Keep records that cannot be read here, as JSON Lines.")
]


@app.command()
def clean(
    paths: Paths = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file for one input, a folder for several.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Replace the files; the originals stay as .orig.")
    ] = False,
    removed: Annotated[Path | None, typer.Option(help="Write what was taken out here, as JSON Lines.")] = None,
    rejected: RejectedFile = None,
    threshold: Threshold = "balanced",
    policy: PolicyName = "reporting",
    keep: Keep = None,
    drop: Drop = None,
    paragraphs: ParagraphMode = "line",
    format_name: FormatName = None,
    text_field: TextField = None,
    id_field: IdField = "id",
    all_files: AllFiles = False,
    model: ModelPath = None,
    quiet: Quiet = False,
) -> None:
    """Take out of article files what is not the article."""
    from detector.formats import Fields
    from detector.inputs import plan
    from detector.run import Run

    tasks = plan(paths or [], output, in_place, all_files)
    cleaner = _cleaner(model, threshold, policy, keep, drop, paragraphs)
    with _sidecar(removed) as removed_stream, _sidecar(rejected) as rejected_stream:
        run = Run(
            cleaner, _format(format_name, text_field, paths), Fields(text_field or "text", id_field),
            removed_stream, rejected_stream, _warn,
        )  # fmt: skip
        summary = run.clean(tasks)
    if not quiet:
        _warn("\n".join(summary.lines()))
    raise typer.Exit(0 if summary.ok else 1)


@app.command()
def predict(
    paths: Paths = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write; without it, standard output.")
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Print the decisions for a person.")] = False,
    rejected: RejectedFile = None,
    threshold: Threshold = "balanced",
    policy: PolicyName = "reporting",
    keep: Keep = None,
    drop: Drop = None,
    paragraphs: ParagraphMode = "line",
    format_name: FormatName = None,
    text_field: TextField = None,
    id_field: IdField = "id",
    all_files: AllFiles = False,
    model: ModelPath = None,
) -> None:
    """Say of every paragraph what it is, how sure that is, and whether it would be kept: a JSON line a document."""
    from detector.formats import Fields
    from detector.inputs import Task, find
    from detector.run import Run

    tasks = [Task(one.source, None) for one in find(paths or [], all_files)]
    cleaner = _cleaner(model, threshold, policy, keep, drop, paragraphs)
    with _sidecar(rejected) as rejected_stream, _sidecar(output) as file:
        run = Run(
            cleaner, _format(format_name, text_field, paths), Fields(text_field or "text", id_field),
            None, rejected_stream, _warn,
        )  # fmt: skip
        out = file or sys.stdout.buffer
        summary = run.decide(tasks, _print_table if table else partial(_write_line, out))
        out.flush()
    raise typer.Exit(0 if summary.ok else 1)


@app.command()
def train(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents as JSON Lines, or folders of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder of the new model.")],
    dev: Annotated[
        list[Path] | None, typer.Option(help="More documents, of other sites, to measure the model on.")
    ] = None,
    folds: Annotated[int, typer.Option(help="How often the data is split, by site, to measure and to calibrate.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of every random choice.")] = 0,
) -> None:
    """Train a model on labelled documents, and report how good it is on sites it has not seen."""
    from detector.fit import Recipe
    from detector.train import train as train_model

    metadata = train_model(data, output, Recipe(folds=folds, seed=seed), dev or [], _warn)
    for name, figures in metadata["figures"].items():
        _print_figures(name, figures)


@app.command()
def evaluate(
    data: Annotated[list[Path], typer.Argument(help="Labelled documents as JSON Lines, or folders of them.")],
    threshold: Threshold = "balanced",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    model: ModelPath = None,
) -> None:
    """Measure a model on labelled documents."""
    from detector.cleaner import load
    from detector.labelled import read_documents
    from detector.train import measure

    figures = measure(load(model, threshold=threshold), list(read_documents(data)))
    if as_json:
        print(json.dumps(figures, indent=1))
    else:
        _print_figures("figures", figures)


@app.command()
def info(
    model: Annotated[Path | None, typer.Argument(help="A model's folder; without it, the shipped model.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the metadata as it is.")] = False,
) -> None:
    """Say what a model is: its metadata and its figures."""
    from detector.storage import load_model, shipped_model

    metadata = load_model(model).metadata
    if as_json:
        print(json.dumps(metadata, indent=1, ensure_ascii=False))
        return
    print(f"model {model or shipped_model()}")
    for name, value in metadata.items():
        if name != "figures":
            print(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    for name, figures in metadata.get("figures", {}).items():
        _print_figures(name, figures)


def _cleaner(model: Path | None, threshold: str, policy: str, keep: str | None, drop: str | None, mode: str) -> Cleaner:
    from detector.cleaner import load
    from detector.policy import POLICIES

    if policy not in POLICIES:
        raise UsageError(f"policy {policy!r}: give one of {', '.join(POLICIES)}")
    changed = POLICIES[policy].changed(_names(keep), _names(drop))
    return load(model, threshold=threshold, policy=changed, paragraphs=cast("Mode", mode))


def _names(listed: str | None) -> list[str]:
    return [name.strip() for name in (listed or "").split(",") if name.strip()]


def _format(name: str | None, text_field: str | None, paths: list[str] | None) -> str | None:
    """Standard input has no ending: naming a field means JSON Lines."""
    reads_stdin = not paths or paths == ["-"]
    return "jsonl" if name is None and text_field and reads_stdin else name


@contextlib.contextmanager
def _sidecar(path: Path | None) -> Iterator[BinaryIO | None]:
    """A file that appears when the run is through; without a path, nothing."""
    if path is None:
        yield None
        return
    from detector.files import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as stream:
        yield stream


def _warn(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _write_line(out: BinaryIO, record: Record, prediction: Prediction) -> None:
    from detector.run import decisions_line

    out.write(decisions_line(record, prediction))


def _print_table(record: Record, prediction: Prediction) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(record.id), title_justify="left", expand=True)
    for name in ("", "label", "kind", "keep", "paragraph"):
        table.add_column(name, overflow="ellipsis", no_wrap=True, ratio=1 if name == "paragraph" else None)
    for p in prediction.paragraphs:
        style = None if p.keep else "dim"
        cells = ("" if p.keep else "✗", p.label, p.kind, f"{p.keep_score:.3f}", p.text.strip())
        table.add_row(*(Text(cell) for cell in cells), style=style)
    Console().print(table)


def _print_figures(name: str, figures: dict[str, dict[str, float | None]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from detector.evaluate import FIGURES

    table = Table(title=name, title_justify="left")
    table.add_column("")
    for column in ("documents", *FIGURES):
        table.add_column(column, justify="right")
    for origin, row in figures.items():
        values = [row.get(column) for column in FIGURES]
        table.add_row(origin, f"{row['documents']:.0f}", *("" if v is None else f"{v:.4f}" for v in values))
    Console(width=140).print(table)


def main() -> None:
    """Run the command: exit code 0 for done, 1 for a failure, 2 for a call that makes no sense."""
    try:
        app()
    except UsageError as error:
        _warn(f"detector: {error}")
        sys.exit(2)
    except DetectorError as error:
        _warn(f"detector: {error}")
        sys.exit(1)
