"""The command ``predict``."""

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
    from detector.cleaner import Prediction
    from detector.formats.base import Record

EXAMPLES = {
    "predict": (
        "detector predict article.txt --table",
        "detector predict corpus/ -o decisions.jsonl --jobs 0",
    )
}


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
    max_removed: MaxRemoved = 0.5,
    phrases: PhrasesFile = None,
    repeats: RepeatsFiles = None,
    model: ModelOption = None,
    effort: EffortOption = None,
    output: Annotated[
        str | None,
        Option(
            "-o",
            "--output",
            metavar="<path>",
            help="The file for the decisions (default: standard output).",
            show_default=False,
            panel=OUTPUT,
        ),
    ] = None,
    table: Annotated[bool, Option("--table", help="Print the decisions as tables to read.", panel=OUTPUT)] = False,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    jobs: Jobs = 1,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Print the decision on every paragraph: its label, its kind, their probabilities, and whether it would be kept.

    The output has one line of JSON per text, in the order of the inputs, with one entry per paragraph.
    """
    log_as_json(log_json)
    use_one_thread()
    runs.check_model(model, effort)
    output = runs.unless_stdout(output)
    if table and (output or jobs != 1):
        raise UsageError("--table prints to the terminal, from one process: use it without --output and --jobs")
    decisions, rejected_place = runs.place("--output", output), runs.place("--rejected", rejected)
    if isinstance(decisions, Path) and decisions.is_dir():
        raise UsageError(f"{output}: is a folder; name a file for the decisions")
    selection = runs.selection_of(all_files, format_name, text_field)
    sidecars = {"--output": decisions, "--rejected": rejected_place}
    planned = runs.plan_to_read(paths, selection, sidecars, (phrases, repeats), model)
    from detector.corpus.all_files import Options, predict_all, visit_all

    cleaner = runs.cleaner_of(model, threshold, policy, keep, drop, paragraphs, max_removed, phrases, repeats, effort)
    run = runs.run_of(cleaner, text_field, id_field, max_rejected)
    runs.require_streams(planned, writes_stdout=output is None)
    options = Options(
        runs.processes(jobs), rejected=rejected_place, quiet=quiet or not output, terminal=runs.is_terminal()
    )
    if table:
        summary = visit_all(planned, run, options, _print_table, print_message)
    else:
        summary = predict_all(planned, run, options, decisions, print_message)
    return runs.end(planned, summary, quiet or (not output and not log_json))


def _print_table(record: "Record", prediction: "Prediction") -> None:
    from rich.console import Console

    from detector.cli.tables import decisions_table
    from detector.util.output import writing_to

    with writing_to("standard output"):
        Console().print(decisions_table(record, prediction))
