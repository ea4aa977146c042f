"""The command ``explain``."""

from enum import StrEnum
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
    from collections.abc import Callable

    from detector.cleaner import Prediction
    from detector.formats.base import Record

EXAMPLES = {
    "explain": (
        "detector explain article.txt",
        "detector explain article.txt --only removed --top 5",
        "detector explain corpus/ --json > reasons.jsonl",
    )
}


class Chosen(StrEnum):
    """The choices of ``--only``: all of `detector.corpus.explaining.CHOICES`."""

    REMOVED = "removed"
    KEPT = "kept"
    DOUBT = "doubt"


def explain(
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
    top: Annotated[int, Option("--top", min=1, help="The number of reasons for each paragraph.", panel=OUTPUT)] = 3,
    only: Annotated[
        Chosen | None,
        Option(
            "--only",
            help="Only paragraphs that are removed or kept, or whose score is near the threshold (doubt).",
            show_default=False,
            panel=OUTPUT,
        ),
    ] = None,
    json: Annotated[
        bool, Option("--json", help="Print one line of JSON per text, with every reason.", panel=OUTPUT)
    ] = False,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Print why each paragraph is kept or removed: the reasons, and what each adds to the log-odds of keeping it.

    Reasons above 0 speak for keeping the paragraph, reasons below 0 for removing it; all of them sum to its score.
    """
    log_as_json(log_json)
    use_one_thread()
    runs.check_model(model, effort)
    if json and top != 3:
        raise UsageError("--json prints every reason: use it without --top")
    rejected_place = runs.place("--rejected", rejected)
    selection = runs.selection_of(all_files, format_name, text_field)
    planned = runs.plan_to_read(paths, selection, {"--rejected": rejected_place}, (phrases, repeats), model)
    from detector.corpus.all_files import Options, predict_all, visit_all
    from detector.corpus.explaining import ExplainingRun
    from detector.formats.base import Fields

    cleaner = runs.cleaner_of(model, threshold, policy, keep, drop, paragraphs, max_removed, phrases, repeats, effort)
    runs.require_streams(planned, writes_stdout=True)
    run = ExplainingRun(cleaner, Fields(text_field or "text", id_field), max_rejected, only=only and only.value)
    options = Options(rejected=rejected_place, quiet=True, terminal=runs.is_terminal())
    if json:
        summary = predict_all(planned, run, options, None, print_message)
    else:
        summary = visit_all(planned, run, options, _printer(top, run.only), print_message)
    return runs.end(planned, summary, quiet or not log_json)


def _printer(top: int, only: str | None) -> "Callable[[Record, Prediction], None]":
    """Prints the reasons for the decisions on a text."""
    from rich.console import Console

    from detector.cli.reasons_table import reasons_table
    from detector.util.output import writing_to

    console = Console()

    def print_reasons(record: "Record", prediction: "Prediction") -> None:
        with writing_to("standard output"):
            console.print(reasons_table(record, prediction, top, only))

    return print_reasons
