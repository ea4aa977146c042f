"""What the commands that read texts share: from their options to a run, and from its summary to an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.cli.messages import logs_json, print_message, print_summary
from detector.corpus.messages import Message
from detector.encoder.names import ACCURATE, named_model, require_libraries
from detector.errors import UsageError

if TYPE_CHECKING:  # at run time, each command imports what it needs, so that it starts fast
    from detector.cleaner import Cleaner
    from detector.cli.options import FormatName, ParagraphBreakName, PolicyName
    from detector.corpus.inputs import Selection
    from detector.corpus.one_file import Run
    from detector.corpus.plan import Plan
    from detector.corpus.summary import Summary
    from detector.formats.registry import FileType
    from detector.util.urls import Place

FAILED, TO_CHECK = 1, 3  # exit codes


def selection_of(all_files: bool, format_name: FormatName | None, text_field: str | None) -> Selection:
    """Which files are read, and as what. Standard input has no extension: with a text field, it is JSON Lines."""
    from detector.corpus.inputs import Selection

    return Selection(all_files, format_name.value if format_name else None, "jsonl" if text_field else "text")


def place(option: str, path: str | None, may_be_folder: bool = False) -> Place | None:
    """The place that the value of an option names, as `given_place` has it; None without a value."""
    return None if path is None else given_place(option, path, may_be_folder)


def given_place(name: str, path: str, may_be_folder: bool = False) -> Place:
    """The place that an option or an argument names: a local path, or a URL.

    Raises `UsageError` for an empty path, for ``-``, and for a name of a folder, which ends with a slash, unless it
    ``may_be_folder``.
    """
    from detector.util.urls import place_of

    if not path:
        raise UsageError(f"{name}: an empty path; name a file or a folder")
    if path == "-":
        raise UsageError(f"{name} -: is no standard stream here; name a file (one that is called - is ./-)")
    if names_folder(path) and not may_be_folder:
        raise UsageError(f"{name} {path}: is the name of a folder; name a file")
    return place_of(path)


def names_folder(path: str | None) -> bool:
    """Whether a path ends with a slash, as a folder's name."""
    return path is not None and path.endswith(("/", os.sep))


def unless_stdout(output: str | None) -> str | None:
    """The value of ``--output``; None for ``-``, standard output, which is the default."""
    return None if output == "-" else output


def html_text_threshold(plan: Plan, removed: str | None) -> str:
    """The threshold for ``--html-text``, with which nothing is removed. Raises `UsageError` if it makes no sense."""
    from detector.formats.registry import is_of_pages

    if removed is not None:
        raise UsageError("--html-text removes nothing, so that there is nothing to write to --removed: leave out one")
    if not any(is_of_pages(task.type.format_name) for task in plan.tasks):
        raise UsageError(
            "--html-text is for HTML, and none of the inputs is HTML; see whether --format has to be named"
        )
    return "0"


def check_model(model: str | None, effort: float | None = None, others: tuple[str | None, ...] = ()) -> None:
    """Raise `UsageError`, before anything is read or written, where a model cannot be used with these options.

    ``model`` is the value of ``--model``, ``effort`` that of ``--effort``, which counts for ``others``, too: the value
    of ``--compare``.
    """
    if "" in (model, *others):
        raise UsageError(f"{'--model' if model == '' else '--compare'}: an empty path; name the folder of a model")
    if ACCURATE in (model, *others):
        require_libraries()
    elif effort is not None:
        raise UsageError(f"--effort {effort:g} is for the accurate model: name it, too, with --model {ACCURATE}")


def check_output_name(output: Path) -> None:
    """Raise `UsageError` for a new model whose path, without a folder before it, is the name of the accurate model."""
    if str(output) == ACCURATE:
        raise UsageError(f"--output {output}: {ACCURATE} is the name of the accurate model; choose another folder")


def begin_to_load(model: str | None) -> None:
    """Begin to load the default model, if that decides first, while the modules that work with it are imported."""
    if folder_of(model) is None:
        from detector.inference.shipped import begin_to_read

        begin_to_read()


def cleaner_of(
    model: str | None,
    threshold: str,
    policy: PolicyName,
    keep: str | None,
    drop: str | None,
    paragraphs: ParagraphBreakName,
    max_removed: float,
    phrases: Path | None = None,
    repeats: list[Path] | None = None,
    effort: float | None = None,
) -> Cleaner:
    """The cleaner that options describe."""
    from detector.loading import load
    from detector.policy import POLICIES

    changed = POLICIES[policy.value].changed(_names(keep), _names(drop))
    return load(
        model, threshold=threshold, policy=changed, paragraphs=paragraphs.value, max_removed=max_removed,
        phrases=phrases, repeats=repeats or None, effort=effort,
    )  # fmt: skip


def folder_of(model: str | None) -> Path | None:
    """The folder that ``--model`` names; None for a model that is shipped."""
    return None if named_model(model) in (None, ACCURATE) else Path(model or "")


def files_of(model: str | None, phrases: Path | None = None, repeats: list[Path] | None = None) -> list[Path]:
    """The files of a cleaner, which no output may replace; those of the shipped models are out of reach."""
    folder = folder_of(model)
    of_model = list(folder.iterdir()) if folder and folder.is_dir() else []
    return [*of_model, *([phrases] if phrases else []), *(repeats or [])]


def plan_to_read(
    paths: list[str] | None,
    selection: Selection,
    sidecars: dict[str, Place | None],
    evidence: tuple[Path | None, list[Path] | None],
    model: str | None,
    page: dict[str, Place | None] | None = None,
) -> Plan:
    """The plan of a command that reads inputs and makes no results of its own; the model begins to be loaded.

    ``sidecars`` and ``page`` are what it writes, by option; ``evidence`` are the files of phrases and of counts. Raises
    `UsageError` as `detector.corpus.plan.plan_decisions` does, and if a library is missing.
    """
    from detector.corpus.plan import plan_decisions

    planned = plan_decisions(paths or [], selection, {**(page or {}), **sidecars}, files_of(model, *evidence))
    require((task.type for task in planned.tasks), *sidecars.values())
    begin_to_load(model)
    return planned


def run_of(cleaner: Cleaner, text_field: str | None, id_field: str, max_rejected: int | None) -> Run:
    """The run that options describe."""
    from detector.corpus.one_file import Run
    from detector.formats.base import Fields

    return Run(cleaner, Fields(text_field or "text", id_field), max_rejected)


def processes(jobs: int) -> int:
    """The number of processes for ``--jobs``."""
    return jobs or os.cpu_count() or 1


def is_terminal() -> bool:
    """Whether progress can be drawn on standard error."""
    return sys.stderr is not None and sys.stderr.isatty() and not logs_json()


def require(types: Iterable[FileType], *sidecars: Place | None) -> None:
    """Raise `UsageError`, before anything is read or written, if a library is missing."""
    from detector.corpus import sidecar
    from detector.formats import registry

    registry.require(types)
    for path in sidecars:
        sidecar.require(path)


def require_for(plan: Plan, *sidecars: Place | None) -> None:
    """As `require`, for the inputs and results of a plan."""
    require((kind for task in plan.tasks for kind in (task.type, task.target_type)), *sidecars)


def require_streams(plan: Plan, writes_stdout: bool) -> None:
    """Raise `UsageError` if a standard stream is closed that is needed; tell who reads from a terminal how to end."""
    if writes_stdout and sys.__stdout__ is None:
        raise UsageError("standard output is closed: name a file for it with --output")
    if all(task.source is not None for task in plan.tasks):
        return
    if sys.stdin is None:
        raise UsageError("standard input is closed: name a file to read")
    if sys.stdin.isatty():
        print_message("detector: reading text from the terminal; end it with Ctrl-D, or name a file (see --help)")


def clean(
    plan: Plan, run: Run, removed: Place | None, rejected: Place | None, jobs: int, force: bool, quiet: bool
) -> int:
    """Clean what is planned. Returns the exit code."""
    from detector.corpus.all_files import Options, clean_all

    to_stdout = any(task.target is None for task in plan.tasks)
    require_streams(plan, to_stdout)
    options = Options(processes(jobs), force, removed, rejected, quiet or to_stdout, is_terminal())
    return end(plan, clean_all(plan, run, options, print_message), quiet)


def end(plan: Plan, summary: Summary, quiet: bool, lines: list[str] | None = None) -> int:
    """Print which folders could not be read, and the summary (or ``lines``), unless ``quiet``. Returns the exit code.

    It is 1 if something could not be read or written, 3 if everything was but an input came out empty or
    held no document, else 0.
    """
    for line in plan.unreadable:
        print_message(Message(line, "failed", "error"))
    if not quiet:
        print_summary(summary.lines() if lines is None else lines, _values(plan, summary))
    if plan.unreadable or not summary.ok:
        return FAILED
    return TO_CHECK if summary.to_check else 0


def _values(plan: Plan, summary: Summary) -> dict[str, Any]:
    """The summary as JSON values: of a folder of results, those of its summary file."""
    if isinstance(plan.folder, Path):
        from detector.corpus.plan import SUMMARY_FILE
        from detector.util.json_lines import read_json_lines

        return next(read_json_lines(plan.folder / SUMMARY_FILE), {})
    if plan.folder is not None:
        from detector.corpus.mirror import summary_values

        return summary_values(plan.folder)
    counts = {"files": len(plan.tasks), "done_before": summary.up_to_date}
    return {**counts, **summary.report(), "bytes": summary.bytes}


def _names(listed: str | None) -> list[str]:
    return [name.strip() for name in (listed or "").split(",") if name.strip()]
