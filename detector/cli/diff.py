"""The command ``diff``."""

import os
import sys
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
from detector.util.threads import use_one_thread

if TYPE_CHECKING:
    from detector.corpus.differences import Paint

EXAMPLES = {
    "diff": (
        "detector diff article.txt",
        "detector diff corpus/ --threshold gentle > changes.diff",
        "detector diff article.txt --unified | patch -p1",
    )
}


def diff(
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
    unified: Annotated[
        bool, Option("--unified", "-u", help="Print the diff without colour, also in a terminal.", panel=OUTPUT)
    ] = False,
    context: Annotated[
        int,
        Option("--context", "-U", min=0, max=1_000_000, help="The number of lines around each change.", panel=OUTPUT),
    ] = 3,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Print what cleaning would change, as unified diffs: coloured in a terminal, else for patch.

    Texts that cleaning leaves as they are have no diff. Files with several records have one for each of them, named
    by its id.
    """
    log_as_json(log_json)
    use_one_thread()
    runs.check_model(model, effort)
    rejected_place = runs.place("--rejected", rejected)
    selection = runs.selection_of(all_files, format_name, text_field)
    planned = runs.plan_to_read(paths, selection, {"--rejected": rejected_place}, (phrases, repeats), model)
    from detector.corpus.all_files import Options, predict_all
    from detector.corpus.differences import DiffingRun
    from detector.formats.base import Fields

    cleaner = runs.cleaner_of(model, threshold, policy, keep, drop, paragraphs, max_removed, phrases, repeats, effort)
    runs.require_streams(planned, writes_stdout=True)
    run = DiffingRun(
        cleaner, Fields(text_field or "text", id_field), max_rejected, context=context,
        paint=None if unified or not sys.stdout.isatty() or "NO_COLOR" in os.environ else _paint(),
    )  # fmt: skip
    options = Options(rejected=rejected_place, quiet=True, terminal=runs.is_terminal())
    return runs.end(planned, predict_all(planned, run, options, None, print_message), quiet or not log_json)


def _paint() -> "Paint":
    """Colours a line of a diff by what it begins with."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    styles = {b"-": "red", b"+": "green", b"@": "cyan"}

    def paint(line: bytes) -> bytes:
        style = "bold" if line.startswith((b"--- ", b"+++ ")) else styles.get(line[:1])
        if style is None:
            return line
        with console.capture() as captured:
            console.print(Text(line.decode("utf-8", "replace").rstrip("\n"), style=style))
        return captured.get().encode()

    return paint
