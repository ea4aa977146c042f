"""The command ``report``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from detector.cli import runs
from detector.cli.messages import log_as_json, print_message
from detector.cli.options import (
    OUTPUT,
    AllFiles,
    Drop,
    EffortOption,
    FormatOption,
    IdField,
    Jobs,
    Keep,
    LogJson,
    MaxRejected,
    MaxRemoved,
    ModelOption,
    ParagraphBreakName,
    ParagraphsOption,
    Paths,
    PhrasesFile,
    PolicyName,
    PolicyOption,
    Quiet,
    RejectedFile,
    RepeatsFiles,
    TextField,
    Threshold,
)
from detector.cli.parameters import Option
from detector.errors import UsageError
from detector.util.threads import use_one_thread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from detector.cleaner import Cleaner
    from detector.corpus.summary import Summary
    from detector.util.urls import Place

EXAMPLES = {
    "report": (
        "detector report corpus/ -o report.html",
        "detector report pages.jsonl.gz -o report.html --sample --limit 500 --jobs 0",
    )
}


def report(
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
    max_removed: MaxRemoved = 0.5,
    model: ModelOption = None,
    effort: EffortOption = None,
    phrases: PhrasesFile = None,
    repeats: RepeatsFiles = None,
    output: Annotated[
        str | None,
        Option(
            "-o",
            "--output",
            metavar="<path>",
            help="The file for the page, such as report.html (default: standard output).",
            show_default=False,
            panel=OUTPUT,
        ),
    ] = None,
    limit: Annotated[
        int, Option(min=1, help="The most documents on the page; the page says how many it leaves out.", panel=OUTPUT)
    ] = 2000,
    sample: Annotated[
        bool,
        Option("--sample", help="Choose the documents at random, always the same ones, not the first.", panel=OUTPUT),
    ] = False,
    reasons: Annotated[int, Option(min=0, help="The most reasons for each paragraph; 0: none.", panel=OUTPUT)] = 5,
    title: Annotated[
        str | None, Option(help="The title of the page (default: the input).", show_default=False, panel=OUTPUT)
    ] = None,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    jobs: Jobs = 1,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Make a page that shows what would be removed and why, with a slider for the threshold.

    It is one HTML file, which needs no network. It shows each paragraph in the colour of its label, with its score and
    the reasons for it.
    """
    log_as_json(log_json)
    use_one_thread()
    runs.check_model(model, effort)
    output = runs.unless_stdout(output)
    page, rejected_place = runs.place("--output", output), runs.place("--rejected", rejected)
    _check_output(page)
    selection, sidecars = runs.selection_of(all_files, format_name, text_field), {"--rejected": rejected_place}
    planned = runs.plan_to_read(paths, selection, sidecars, (phrases, repeats), model, {"--output": page})
    from detector.corpus.all_files import Options
    from detector.report.gathering import Shortlist, gather, shown_names
    from detector.report.report import About
    from detector.report.report import report as pieces_of

    cleaner = runs.cleaner_of(model, threshold, policy, keep, drop, paragraphs, max_removed, phrases, repeats, effort)
    run = runs.run_of(cleaner, text_field, id_field, max_rejected)
    runs.require_streams(planned, writes_stdout=output is None)
    if isinstance(page, Path):
        page.parent.mkdir(parents=True, exist_ok=True)
    options = Options(rejected=rejected_place, quiet=quiet or not output, terminal=runs.is_terminal())
    shortlist = Shortlist(limit, sample)
    summary = gather(planned, run, options, shortlist, print_message)
    documents = shortlist.documents
    lines = None
    if documents or not summary.failed:  # else an earlier page stays
        names = shown_names(planned.tasks)
        about = About(
            title or _title([*names.values()]), _model_name(model, cleaner), names, shortlist.seen, sample, reasons,
            _evidence(phrases, repeats),
        )  # fmt: skip
        _write(page, pieces_of(cleaner, documents, about, summary, runs.processes(jobs), print_message))
        if left_out := shortlist.seen - len(documents):
            print_message(f"left out {left_out:,} of {shortlist.seen:,} documents: see --limit and --sample")
        lines = _lines(output, summary)
    return runs.end(planned, summary, quiet or (not output and not log_json), lines)


def _check_output(page: "Place | None") -> None:
    """Raise `UsageError`, before anything is read, if the page cannot be written where it should be."""
    if isinstance(page, Path) and page.is_dir():
        raise UsageError(f"{page}: is a folder; name a file for the page, such as {page / 'report.html'}")
    if page is None and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError("the page would be written to the terminal: name a file for it, with --output report.html")


def _write(place: "Place | None", pieces: "Iterable[bytes]") -> None:
    """Write the page; a file appears complete or not at all."""
    from detector.util.atomic import replacing
    from detector.util.output import standard_output

    if isinstance(place, Path):
        with replacing(place) as file:
            file.writelines(pieces)
    elif place is None:
        with standard_output() as stream:
            stream.writelines(pieces)
    else:
        from detector.util.remote import publish
        from detector.util.scratch import Scratch

        with Scratch() as scratch:
            local = scratch.path / "report.html"
            with replacing(local) as file:
                file.writelines(pieces)
            publish(local, place)


def _lines(output: str | None, summary: "Summary") -> list[str]:
    """The summary as lines to print: nothing is removed yet."""
    from detector.util.counted import counted

    removed, kept = (each["paragraphs"] for each in (summary.report()["removed"], summary.report()["kept"]))
    what = f"{removed:,} of {counted(removed + kept, 'paragraph')} would be removed"
    return [f"{output}: {counted(summary.documents, 'document')}, {what}", *summary.lines()[3:]]


def _model_name(model: str | None, cleaner: "Cleaner") -> str:
    """What the page calls the model."""
    if cleaner.encoder:
        return f"{model}, effort {cleaner.effort:g}"
    folder = runs.folder_of(model)
    return folder.resolve().name if folder else "of the package"


def _title(names: list[str]) -> str:
    """The title of a page on inputs."""
    return f"detector: {names[0]}" if len(names) == 1 else f"detector: {len(names):,} files"


def _evidence(phrases: Path | None, repeats: list[Path] | None) -> tuple[str, ...]:
    """What the page says of the evidence that its cleaner had."""
    files = [("phrases", [phrases] if phrases else []), ("repeats", repeats or [])]
    return tuple(f"{name} of {', '.join(path.name for path in paths)}" for name, paths in files if paths)
