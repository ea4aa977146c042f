"""The command ``clean``."""

from typing import Annotated

from detector.cli import runs
from detector.cli.messages import log_as_json
from detector.cli.options import (
    OUTPUT,
    AllFiles,
    Drop,
    EffortOption,
    Force,
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
    RemovedFile,
    RepeatsFiles,
    Results,
    TextField,
    Threshold,
)
from detector.cli.parameters import Option
from detector.errors import UsageError
from detector.util.threads import use_one_thread

EXAMPLES = {
    "clean": (
        "detector clean article.txt -o clean.txt",
        "detector clean pages.jsonl.gz -o clean.jsonl.gz --text-field body",
        "detector clean corpus/ -o clean/ --removed removed.jsonl --jobs 0",
        "cat article.txt | detector clean - > clean.txt",
        "detector clean page.html -o clean.txt",
        "detector clean article.txt --phrases phrases.tsv -o clean.txt",
    )
}


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
    max_removed: MaxRemoved = 0.5,
    phrases: PhrasesFile = None,
    repeats: RepeatsFiles = None,
    model: ModelOption = None,
    effort: EffortOption = None,
    output: Results = None,
    in_place: Annotated[
        bool,
        Option("--in-place", help="Replace the inputs, and keep them as FILE.orig.", panel=OUTPUT),
    ] = False,
    removed: RemovedFile = None,
    html_text: Annotated[
        bool,
        Option("--html-text", help="Of HTML, write the text as it is before cleaning: remove nothing.", panel=OUTPUT),
    ] = False,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    jobs: Jobs = 1,
    force: Force = False,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Remove boilerplate from article texts: all paragraphs that are not the article.

    Results keep the format of their inputs; those of HTML are plain text. With several inputs, those with an up-to-date
    result in the output folder are skipped.
    """
    log_as_json(log_json)
    use_one_thread()
    runs.check_model(model, effort)
    if in_place and output == "-":
        raise UsageError("--in-place and --output exclude each other: use one of them")
    output = runs.unless_stdout(output)
    from detector.corpus.plan import plan

    removed_place, rejected_place = runs.place("--removed", removed), runs.place("--rejected", rejected)
    planned = plan(
        paths or [],
        runs.place("--output", output, may_be_folder=True),
        in_place,
        runs.selection_of(all_files, format_name, text_field),
        into_folder=runs.names_folder(output),
        force=force,
        beside={"--removed": removed_place, "--rejected": rejected_place},
        also_read=runs.files_of(model, phrases, repeats),
    )
    runs.require_for(planned, removed_place, rejected_place)
    threshold = runs.html_text_threshold(planned, removed) if html_text else threshold
    runs.begin_to_load(model)
    import detector.corpus.all_files  # noqa: F401 # while the model is read

    cleaner = runs.cleaner_of(model, threshold, policy, keep, drop, paragraphs, max_removed, phrases, repeats, effort)
    run = runs.run_of(cleaner, text_field, id_field, max_rejected)
    return runs.clean(planned, run, removed_place, rejected_place, jobs, force, quiet)
