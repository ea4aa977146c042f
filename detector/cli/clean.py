"""The commands ``clean`` and ``predict``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detector.cli.messages import print_message
from detector.cli.options import (
    OUTPUT,
    RUN,
    AllFiles,
    Drop,
    FormatName,
    FormatOption,
    IdField,
    Jobs,
    Keep,
    MaxRejected,
    ModelOption,
    ParagraphBreakName,
    ParagraphsOption,
    Paths,
    PolicyName,
    PolicyOption,
    Quiet,
    RejectedFile,
    TextField,
    Threshold,
)
from detector.errors import UsageError
from detector.util.threads import use_one_thread

if TYPE_CHECKING:  # at run time, each command imports what it needs, so that it starts fast
    from detector.cleaner import Cleaner, Prediction
    from detector.corpus.one_file import Run
    from detector.formats.base import Record
    from detector.formats.registry import FileType

CLEAN_EXAMPLES = (
    "detector clean article.txt -o clean.txt",
    "detector clean pages.jsonl.gz -o clean.jsonl.gz --text-field body",
    "detector clean corpus/ -o clean/ --removed removed.jsonl --jobs 0",
    "cat article.txt | detector clean - > clean.txt",
)
PREDICT_EXAMPLES = (
    "detector predict article.txt --table",
    "detector predict corpus/ -o decisions.jsonl --jobs 0",
)


def clean(
    paths: Paths = None,
    all_files: AllFiles = False,
    format_name: FormatOption = None,
    text_field: TextField = None,
    id_field: IdField = "id",
    paragraphs: ParagraphsOption = ParagraphBreakName.LINE,
    threshold: Threshold = "balanced",
    policy: PolicyOption = PolicyName.REPORTING,
    keep: Keep = None,
    drop: Drop = None,
    model: ModelOption = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="<path>",
            help="A file for one input, a folder for several (default: standard output). For one input, a name "
            "that ends with a slash is a folder.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="Replace the inputs, and keep them as FILE.orig.", rich_help_panel=OUTPUT),
    ] = False,
    removed: Annotated[
        Path | None,
        typer.Option(
            help="Write the removed text to this file: JSON Lines (.jsonl, .jsonl.gz) or Parquet (.parquet).",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    jobs: Jobs = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Also make results again that are up to date.", rich_help_panel=RUN)
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Remove boilerplate from article texts: all paragraphs that are not the article.

    Results keep the format of their inputs. With several inputs, those with an up-to-date result in the output folder
    are skipped.
    """
    use_one_thread()
    from detector.corpus.all_files import Options, clean_all
    from detector.corpus.plan import plan

    planned = plan(
        paths or [],
        Path(output) if output else None,
        in_place,
        all_files,
        _format(format_name, text_field, paths),
        into_folder=_names_folder(output),
    )
    _require((kind for task in planned.tasks for kind in (task.type, task.target_type)), removed, rejected)
    cleaner = _cleaner(model, threshold, policy, keep, drop, paragraphs)
    _announce_stdin(paths)
    to_stdout = any(task.target is None for task in planned.tasks)
    summary = clean_all(
        planned,
        _run(cleaner, text_field, id_field, max_rejected),
        Options(jobs or os.cpu_count() or 1, force, removed, rejected, quiet or to_stdout, sys.stderr.isatty()),
        print_message,
    )
    if not quiet:
        print_message("\n".join(summary.lines()))
    raise typer.Exit(0 if summary.ok else 1)


def predict(
    paths: Paths = None,
    all_files: AllFiles = False,
    format_name: FormatOption = None,
    text_field: TextField = None,
    id_field: IdField = "id",
    paragraphs: ParagraphsOption = ParagraphBreakName.LINE,
    threshold: Threshold = "balanced",
    policy: PolicyOption = PolicyName.REPORTING,
    keep: Keep = None,
    drop: Drop = None,
    model: ModelOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The file for the decisions (default: standard output).",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Print the decisions as tables to read.", rich_help_panel=OUTPUT)
    ] = False,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    jobs: Jobs = 1,
    quiet: Quiet = False,
) -> None:
    """Print the decision on every paragraph: its label, its kind, their probabilities, and whether it would be kept.

    The output has one line of JSON per text, in the order of the inputs, with one entry per paragraph.
    """
    use_one_thread()
    from detector.corpus.all_files import Options, predict_all, visit_all
    from detector.corpus.plan import Task, find
    from detector.corpus.sidecar import sidecar

    if table and (output or jobs != 1):
        raise UsageError("--table prints to the terminal, from one process: use it without --output and --jobs")
    if output and output.is_dir():
        raise UsageError(f"{output}: is a folder; name a file for the decisions")
    found = find(paths or [], all_files, _format(format_name, text_field, paths))
    tasks = [Task(one.source, None, one.file, one.type) for one in found]
    _require((task.type for task in tasks), output, rejected)
    cleaner = _cleaner(model, threshold, policy, keep, drop, paragraphs)
    _announce_stdin(paths)
    run = _run(cleaner, text_field, id_field, max_rejected)
    options = Options(
        jobs or os.cpu_count() or 1, rejected=rejected, quiet=quiet or not output, terminal=sys.stderr.isatty()
    )
    with sidecar(output) as file:
        stream = file or sys.stdout.buffer
        if table:
            summary = visit_all(tasks, run, options, _print_table, print_message)
        else:
            summary = predict_all(tasks, run, options, stream, print_message)
        stream.flush()
    if output and not quiet:
        print_message("\n".join(summary.lines()))
    raise typer.Exit(0 if summary.ok else 1)


def _cleaner(
    model: Path | None,
    threshold: str,
    policy: PolicyName,
    keep: str | None,
    drop: str | None,
    paragraphs: ParagraphBreakName,
) -> Cleaner:
    from detector.cleaner import load
    from detector.policy import POLICIES

    changed = POLICIES[policy.value].changed(_names(keep), _names(drop))
    return load(model, threshold=threshold, policy=changed, paragraphs=paragraphs.value)


def _names_folder(output: str | None) -> bool:
    return bool(output) and str(output).endswith(("/", os.sep))


def _names(listed: str | None) -> list[str]:
    return [name.strip() for name in (listed or "").split(",") if name.strip()]


def _reads_stdin(paths: list[str] | None) -> bool:
    return not paths or paths == ["-"]


def _format(name: FormatName | None, text_field: str | None, paths: list[str] | None) -> str | None:
    """The name of the format, None for a choice by file extension.

    Standard input has no extension: with the name of a text field, it is JSON Lines.
    """
    if name is not None:
        return name.value
    return "jsonl" if text_field and _reads_stdin(paths) else None


def _announce_stdin(paths: list[str] | None) -> None:
    if _reads_stdin(paths) and sys.stdin.isatty():
        print_message("detector: reading text from the terminal; end it with Ctrl-D, or name a file (see --help)")


def _require(types: Iterable[FileType], *sidecars: Path | None) -> None:
    """Raise `UsageError`, before anything is read or written, if a library is missing."""
    from detector.corpus import sidecar
    from detector.formats import registry

    registry.require(types)
    for path in sidecars:
        sidecar.require(path)


def _run(cleaner: Cleaner, text_field: str | None, id_field: str, max_rejected: int | None) -> Run:
    from detector.corpus.one_file import Run
    from detector.formats.base import Fields

    return Run(cleaner, Fields(text_field or "text", id_field), max_rejected)


def _print_table(record: Record, prediction: Prediction) -> None:
    from rich.console import Console

    from detector.cli.tables import decisions_table

    Console().print(decisions_table(record, prediction))
