"""The command ``detector``. The only module that prints."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from detector import __version__
from detector.errors import DetectorError, UsageError
from detector.options import (
    AllFiles,
    Drop,
    FormatName,
    IdField,
    Keep,
    MaxRejected,
    ModelPath,
    ParagraphMode,
    Paths,
    PolicyName,
    RejectedFile,
    TextField,
    Threshold,
)
from detector.workers import stay_on_one_thread

if TYPE_CHECKING:  # what a command needs is imported when it runs: the others start without it
    from detector.cleaner import Cleaner, Prediction
    from detector.formats import Record
    from detector.paragraphs import Mode
    from detector.run import Run

_CallError: type[Exception] = typer.BadParameter.__bases__[0]  # of the command library that this typer stands on

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"detector {__version__}")
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Tell the article from what the publisher says to the reader, paragraph by paragraph."""


@app.command()
def clean(
    paths: Paths = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file for one input, a folder for several.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Replace the files; the originals stay as .orig.")
    ] = False,
    removed: Annotated[
        Path | None, typer.Option(help="Write what was taken out here, as JSON Lines or, by its ending, Parquet.")
    ] = None,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=0, help="How many processes; 0 for one a core.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Do all again, also what is up to date.")] = False,
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
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary and no progress.")] = False,
) -> None:
    """Take out of article files what is not the article.

    Of several inputs, what is up to date in the output folder is not done again.
    """
    stay_on_one_thread()
    from detector.corpus import Options, clean_all
    from detector.inputs import plan

    form = _format(format_name, text_field, paths)
    planned = plan(paths or [], output, in_place, all_files, form)
    _require([task.source for task in planned.tasks] + [task.target for task in planned.tasks], form, removed, rejected)
    cleaner = _cleaner(model, threshold, policy, keep, drop, paragraphs)
    to_stdout = any(task.target is None for task in planned.tasks)
    summary = clean_all(
        planned,
        _run(cleaner, form, text_field, id_field, max_rejected),
        Options(jobs or os.cpu_count() or 1, force, removed, rejected, quiet or to_stdout, sys.stderr.isatty()),
        _warn,
    )
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
    max_rejected: MaxRejected = None,
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
    stay_on_one_thread()
    from detector.corpus import Options, predict_all
    from detector.inputs import Task, find
    from detector.lines import decisions_line
    from detector.sidecar import sidecar

    if table and output:
        raise UsageError("--table prints for a person, and --output writes a file: give one of them")
    form = _format(format_name, text_field, paths)
    tasks = [Task(one.source, None, str(one.source or one.place)) for one in find(paths or [], all_files)]
    _require([task.source for task in tasks], form, output, rejected)
    cleaner = _cleaner(model, threshold, policy, keep, drop, paragraphs)
    with sidecar(output) as file:
        out = file or sys.stdout.buffer
        summary = predict_all(
            tasks,
            _run(cleaner, form, text_field, id_field, max_rejected),
            Options(rejected=rejected),
            _print_table if table else lambda record, prediction: out.write(decisions_line(record, prediction)),
            _warn,
        )
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
    """Train a model on labelled documents, and report how good it is on sites it has not seen.

    Its word vectors are those of the shipped model.
    """
    from detector.recipe import Recipe
    from detector.train import train as train_model

    trained = train_model(data, output, Recipe(folds=folds, seed=seed), dev or [], _warn)
    for name, figures in trained.metadata["figures"].items():
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
    from detector.evaluate import evaluate as evaluate_cleaner
    from detector.labelled import read_documents

    figures = evaluate_cleaner(load(model, threshold=threshold), list(read_documents(data))).figures
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
        if name not in ("figures", "confusion"):  # the one as tables below, the other in the card
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
    """The format's name, checked. Standard input has no ending: naming a field means JSON Lines."""
    from detector.formats import format_of

    if name is not None:
        return format_of(None, name).name
    reads_stdin = not paths or paths == ["-"]
    return "jsonl" if text_field and reads_stdin else None


def _require(files: Sequence[Path | None], form: str | None, *sidecars: Path | None) -> None:
    """Find out before anything is done whether a library is missing."""
    from detector import formats, sidecar

    formats.require(files, form)
    for path in sidecars:
        sidecar.require(path)


def _run(cleaner: Cleaner, form: str | None, text_field: str | None, id_field: str, max_rejected: int | None) -> Run:
    from detector.formats import Fields
    from detector.run import Run

    return Run(cleaner, form, Fields(text_field or "text", id_field), max_rejected)


def _warn(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print_table(record: Record, prediction: Prediction) -> None:
    from rich.console import Console

    from detector.tables import decisions_table

    Console().print(decisions_table(record, prediction))


def _print_figures(name: str, figures: dict[str, dict[str, float | None]]) -> None:
    from rich.console import Console

    from detector.tables import figures_table

    Console(width=140).print(figures_table(name, figures))


def main() -> None:
    """Run the command, and exit with 0 for done, 1 for a failure, 2 for a call that makes no sense.

    Interrupted (Ctrl-C) it is 130, as shells have it for signals. Where nobody reads the output any more (``| head``),
    typer ends it, silently, with 1.
    """
    import signal

    signal.signal(signal.SIGTERM, _terminate)  # so that half-written files are cleared away
    try:
        code = app(prog_name="detector", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except _CallError as error:
        _warn(_call_error(error))
        code = 2
    except (DetectorError, OSError) as error:
        _warn(f"detector: {error}")
        code = 2 if isinstance(error, UsageError) else 1
    gc.freeze()  # the end is a fifth of a short run where everything is looked through for garbage once more
    sys.exit(code)


def _terminate(*_: object) -> None:
    sys.exit(143)


def _call_error(error: Exception) -> str:
    message: str = error.format_message()  # type: ignore[attr-defined]
    if "\n" in message:  # the whole help, for a command without anything
        return message
    command = getattr(getattr(error, "ctx", None), "command_path", "detector")
    return f"{command}: {message} (see {command} --help)"
