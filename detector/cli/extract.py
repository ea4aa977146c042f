"""The command ``extract``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from detector.cli import runs
from detector.cli.messages import log_as_json
from detector.cli.options import (
    INPUT,
    OUTPUT,
    Drop,
    EffortOption,
    ExtractorName,
    Force,
    IdField,
    Jobs,
    Keep,
    LogJson,
    MaxRejected,
    MaxRemoved,
    ModelOption,
    PageFormatName,
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
    Threshold,
)
from detector.cli.parameters import Option
from detector.errors import UsageError
from detector.util.threads import use_one_thread

if TYPE_CHECKING:
    from detector.corpus.inputs import Selection

EXAMPLES = {
    "extract": (
        "detector extract page.html -o clean.txt",
        "detector extract page.html --with readability --extracted extracted.txt -o clean.txt",
        "detector extract site/ --with trafilatura -o clean/ --extracted extracted/ --jobs 0",
        "detector extract --list",
    )
}


def extract(
    paths: Paths = None,
    extractor: Annotated[
        ExtractorName,
        Option("--with", help="The extractor, which has to be installed (see --list).", panel=INPUT),
    ] = ExtractorName.TRAFILATURA,
    listed: Annotated[
        bool, Option("--list", help="List the extractors and their versions, and exit.", panel=INPUT)
    ] = False,
    format_name: Annotated[
        PageFormatName | None,
        Option(
            "--format",
            help="The format of all inputs (default: by file extension; else html).",
            show_default=False,
            panel=INPUT,
        ),
    ] = None,
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
    extracted: Annotated[
        str | None,
        Option(
            metavar="<path>",
            help="Also write what the extractor returns, before it is cleaned: a file for one input, a folder for "
            "several.",
            show_default=False,
            panel=OUTPUT,
        ),
    ] = None,
    removed: RemovedFile = None,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    jobs: Jobs = 1,
    force: Force = False,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Extract the articles of HTML pages with another library, and remove boilerplate from what it returns.

    The results are plain text, of WARC files WARC with plain text conversions. In folders, files with the extension
    of a web page or a WARC file are read.
    """
    if listed:
        return _list()
    log_as_json(log_json)
    use_one_thread()
    runs.check_model(model, effort)
    output = runs.unless_stdout(output)
    from detector.corpus.plan import plan

    removed_place, rejected_place = runs.place("--removed", removed), runs.place("--rejected", rejected)
    planned = plan(
        paths or [],
        runs.place("--output", output, may_be_folder=True),
        selection=_selection(extractor, format_name),
        into_folder=runs.names_folder(output),
        beside={"--removed": removed_place, "--rejected": rejected_place},
        also_read=runs.files_of(model, phrases, repeats),
        extracted=_local(extracted),
    )
    runs.require_for(planned, removed_place, rejected_place)
    runs.begin_to_load(model)
    import detector.corpus.all_files  # noqa: F401 # while the model is read

    cleaner = runs.cleaner_of(model, threshold, policy, keep, drop, paragraphs, max_removed, phrases, repeats, effort)
    run = runs.run_of(cleaner, None, id_field, max_rejected)
    return runs.clean(planned, run, removed_place, rejected_place, jobs, force, quiet)


def _selection(extractor: ExtractorName, format_name: PageFormatName | None) -> "Selection":
    from detector.corpus.inputs import Selection

    name = format_name.value if format_name else None
    return Selection(format_name=name, stdin_format="html", extractor=extractor.value)


def _local(extracted: str | None) -> Path | None:
    place = runs.place("--extracted", extracted, may_be_folder=True)
    if place is not None and not isinstance(place, Path):
        raise UsageError(f"--extracted {place}: is a URL; name a local file or folder")
    return place


def _list() -> int:
    from detector.extractors import EXTRACTORS, is_installed, version

    for name, extractor in EXTRACTORS.items():
        state = version(name) if is_installed(name) else f"not installed: pip install {extractor.package}"
        print(f"{name:<12} {state}")
    return 0
