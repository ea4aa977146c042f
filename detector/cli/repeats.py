"""The commands ``repeats learn``, ``repeats merge``, ``repeats show``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from detector.cli import runs
from detector.cli.messages import log_as_json, print_message, print_summary
from detector.cli.options import (
    INPUT,
    OUTPUT,
    AllFiles,
    FormatOption,
    Jobs,
    LogJson,
    MaxRejected,
    ParagraphBreakName,
    ParagraphsOption,
    Paths,
    Quiet,
    RejectedFile,
    TextField,
)
from detector.cli.parameters import Argument, Option
from detector.corpus.messages import Message
from detector.errors import UsageError
from detector.util.threads import use_one_thread

if TYPE_CHECKING:
    from detector.corpus.plan import Plan
    from detector.corpus.summary import Summary
    from detector.evidence.repeats import Repeated
    from detector.evidence.repeats_file import RepeatedParagraphs

EXAMPLES: dict[str, tuple[str, ...]] = {
    "repeats learn": (
        "detector repeats learn corpus/ -o paper.repeats",
        "detector repeats learn pages.jsonl.gz -o sites.repeats --by site --jobs 0",
        "detector repeats learn crawl.warc.gz -o hosts.repeats --format warc --by host",
    ),
    "repeats merge": ("detector repeats merge monday.counts tuesday.counts -o week.repeats",),
    "repeats show": ("detector repeats show paper.repeats --top 20",),
}

_Output = Annotated[
    str | None, Option("-o", "--output", metavar="<path>", help="The file to write.", show_default=False, panel=OUTPUT)
]
_MinDocuments = Annotated[
    int, Option(min=2, help="Leave out paragraphs that are in fewer documents of each site.", panel=OUTPUT)
]
_MinShare = Annotated[
    float,
    Option(min=0, max=1, help="Leave out paragraphs that are in a smaller share of a site's documents.", panel=OUTPUT),
]
_Partial = Annotated[
    bool,
    Option("--partial", help="Write all counts, to be merged with others by 'detector repeats merge'.", panel=OUTPUT),
]


def learn(
    paths: Paths = None,
    all_files: AllFiles = False,
    format_name: FormatOption = None,
    text_field: TextField = None,
    by: Annotated[
        str | None,
        Option(
            help="What tells a document's site: a field of its record (site, also nested: meta.site), host (of the URL "
            "in --url-field), or folder (default: the whole corpus is one site).",
            show_default=False,
            panel=INPUT,
        ),
    ] = None,
    url_field: Annotated[
        str | None,
        Option(
            help="The field that holds the URL for --by host (default: url, in crawls WARC-Target-URI).",
            show_default=False,
            panel=INPUT,
        ),
    ] = None,
    paragraphs: ParagraphsOption = ParagraphBreakName.LINE,
    output: _Output = None,
    min_documents: _MinDocuments = 2,
    min_share: _MinShare = 0.0,
    partial: _Partial = False,
    rejected: RejectedFile = None,
    max_rejected: MaxRejected = None,
    jobs: Jobs = 1,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Count in how many documents each paragraph occurs, for 'detector clean --repeats'.

    The file holds no text, only hashes of paragraphs that repeat. Documents with the same paragraphs count as one.
    """
    log_as_json(log_json)
    use_one_thread()
    from detector.corpus.plan import plan_decisions

    target = _target(output)
    rejected_place = runs.place("--rejected", rejected)
    if rejected_place is not None and not isinstance(rejected_place, Path):
        raise UsageError(f"--rejected {rejected_place}: is a URL; name a local file")
    if url_field is not None and by != "host":
        raise UsageError("--url-field is for --by host: give both, or neither")
    planned = plan_decisions(
        paths or [],
        runs.selection_of(all_files, format_name, text_field),
        {"--output": target, "--rejected": rejected_place},
    )
    runs.require((task.type for task in planned.tasks), rejected_place)
    runs.require_streams(planned, writes_stdout=False)
    from detector.repeats.learn import Options
    from detector.repeats.learn import learn as learn_all
    from detector.repeats.reading import Reading
    from detector.repeats.sites import Sites
    from detector.repeats.summing import Pruning

    reading = Reading(text_field or "text", Sites(by, url_field), paragraphs.value, max_rejected)
    for task in planned.tasks:
        reading.sites.check(task)
    pruning = Pruning(min_documents, min_share)
    options = Options(runs.processes(jobs), rejected_place, pruning, partial, quiet, runs.is_terminal())
    summary, repeats = learn_all(planned, reading, target, options, print_message)
    return _end(planned, summary, repeats, quiet)


def merge(
    parts: Annotated[
        list[Path] | None,
        Argument(metavar="PART", help="Files of 'detector repeats learn --partial'."),
    ] = None,
    output: _Output = None,
    min_documents: _MinDocuments = 2,
    min_share: _MinShare = 0.0,
    partial: _Partial = False,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Merge counts of parts of a corpus: the result is the same as if the whole had been counted at once.

    A document or part that comes twice counts once.
    """
    log_as_json(log_json)
    from detector.corpus.outputs import Output, check_outputs
    from detector.repeats.learn import merge as merge_all
    from detector.repeats.summing import Pruning

    target = _target(output)
    if not parts:
        raise UsageError("no files to merge: name those of 'detector repeats learn --partial'")
    check_outputs(list(parts), [Output(f"--output {target}", target)])
    repeats = merge_all(parts, target, Pruning(min_documents, min_share), partial)
    if not quiet and repeats is not None:
        print_summary(_lines(repeats), _values(repeats))
    return 0


def show(
    file: Annotated[Path, Argument(metavar="FILE", help="A file of 'detector repeats learn'.")],
    top: Annotated[int, Option(min=0, help="How many of the paragraphs that repeat most are listed.")] = 10,
    as_json: Annotated[bool, Option("--json", help="Print JSON.")] = False,
) -> int:
    """Print what a file of counts holds: totals, and the counts of the paragraphs that repeat most.

    Paragraphs are named by their hashes: the file does not hold their text.
    """
    from detector.evidence.repeats import Repeats
    from detector.util.output import standard_output

    repeats = Repeats.read(file)
    most = repeats.most(top)
    with standard_output() as stream:
        if as_json:
            from detector.util.json_lines import json_line

            stream.write(json_line({**_values(repeats.counts), "top": [each._asdict() for each in most]}))
        else:
            lines = [*_lines(repeats.counts), *(_row(each) for each in most)]
            stream.write("".join(f"{line}\n" for line in lines).encode())
    return 0


def _target(output: str | None) -> Path:
    """The file to write. Raises `UsageError` if none is named, or it cannot be one."""
    if output is None:
        raise UsageError("no file to write: name it with --output")
    place = runs.place("--output", output)
    if not isinstance(place, Path):
        raise UsageError(f"--output {output}: is a URL; name a local file")
    if place.is_dir():
        raise UsageError(f"--output {output}: is a folder; name a file in it")
    return place


def _end(plan: "Plan", summary: "Summary", repeats: "RepeatedParagraphs | None", quiet: bool) -> int:
    """Print the summary. Returns the exit code, as `detector.cli.runs.end` does."""
    for line in plan.unreadable:
        print_message(Message(line, "failed", "error"))
    if not quiet:
        print_summary(_lines(repeats, summary), _values(repeats, summary))
    if plan.unreadable or not summary.ok:
        return runs.FAILED
    return runs.TO_CHECK if summary.to_check else 0


def _lines(repeats: "RepeatedParagraphs | None", summary: "Summary | None" = None) -> list[str]:
    lines = []
    if summary is not None:
        others = (("null", summary.nulls), ("rejected", summary.rejected), ("failed", len(summary.failed)))
        more = "".join(f", {name} {number:,}" for name, number in others if number)
        lines.append(f"read: documents {summary.documents:,}{more}")
    if repeats is not None:
        totals = repeats.totals
        lines += [
            f"counted: different documents {totals.documents:,}, sites {totals.sites:,}, different "
            f"paragraphs {totals.paragraphs:,}",
            f"repeated: paragraphs {len(repeats):,}",
        ]
    return lines


def _values(repeats: "RepeatedParagraphs | None", summary: "Summary | None" = None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if summary is not None:
        values |= {name: getattr(summary, name) for name in ("documents", "nulls", "rejected", "failed")}
    if repeats is not None:
        totals = repeats.totals
        values |= {"different_documents": totals.documents, "sites": totals.sites, "paragraphs": totals.paragraphs}
        values["repeated"] = len(repeats)
    return values


def _row(most: "Repeated") -> str:
    return (
        f"{most.key}  in {most.documents:,} of {most.of:,} documents ({most.documents / most.of:.1%}), on "
        f"{most.sites:,} {'site' if most.sites == 1 else 'sites'}, {most.amount:.2f} log-odds against reporting"
    )
