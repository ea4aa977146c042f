"""The command ``labels convert``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from detector.cli.labels_options import (
    AnnotatorsOption,
    AnyLabels,
    FromFormat,
    LabelFormat,
    LabelsTextField,
    Map,
    Offsets,
    Unlabelled,
    VoteName,
    reading_options,
)
from detector.cli.messages import log_as_json, print_summary
from detector.cli.options import OUTPUT, LogJson, Quiet
from detector.cli.parameters import Argument, Option
from detector.errors import UsageError

if TYPE_CHECKING:
    from detector.labelled import Counts, Rejected, Written

EXAMPLES = {
    "labels convert": (
        "detector labels convert export.json labels.jsonl",
        "detector labels convert export.jsonl labels.jsonl --map spam=appeal --unlabelled reporting",
        "detector labels convert labels.jsonl tasks.json --to label-studio",
    )
}

_STREAM = Path("-")


def convert(
    source: Annotated[Path, Argument(metavar="IN", help="A file or folder of labelled documents; - for stdin.")],
    target: Annotated[Path, Argument(metavar="OUT", help="A file, for brat and dolma a folder; - for stdout.")],
    from_format: FromFormat = None,
    mapping: Map = None,
    any_labels: AnyLabels = False,
    unlabelled: Unlabelled = None,
    annotators: AnnotatorsOption = VoteName.MAJORITY,
    offsets: Offsets = None,
    text_field: LabelsTextField = None,
    to_format: Annotated[
        LabelFormat | None,
        Option("--to", help="The format of the output (default: by its extension).", show_default=False, panel=OUTPUT),
    ] = None,
    rejected: Annotated[
        Path | None,
        Option(
            help="Leave out records that cannot be read, and write them to this file, as JSON Lines (default: the "
            "first one is an error).",
            show_default=False,
            panel=OUTPUT,
        ),
    ] = None,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Convert labelled documents from one format into another.

    Labels of stretches of text become labels of paragraphs: each gets the label that most of its characters have.
    Labels are reporting, appeal and navigation, and their kinds; other labels are an error that lists them, or are
    mapped with --map.
    """
    log_as_json(log_json)
    from detector import labelled

    options = reading_options(from_format, mapping, any_labels, unlabelled, annotators, offsets, text_field)
    _check_outputs(source, target, rejected)
    counts = labelled.Counts()
    with _rejecting(rejected) as reject:
        documents = labelled.read(source, **options, rejected=reject, counts=counts)
        written = labelled.write(documents, target, to_format.value if to_format else None)
    if not quiet:
        print_summary(_lines(counts, written), _values(counts, written))
    return 3 if counts.rejected else 0


def _check_outputs(source: Path, target: Path, rejected: Path | None) -> None:
    """Raise `UsageError` if an output is the input, or lies in it, where the next run would read it."""
    from detector.corpus.outputs import Output, check_outputs

    if target == rejected == _STREAM:
        raise UsageError("--rejected -: standard output is OUT already; name a file")
    outputs = [Output("OUT", None if target == _STREAM else target)] if not target.is_dir() else []
    outputs += [Output("--rejected", None if rejected == _STREAM else rejected)] if rejected else []
    check_outputs([None] if source == _STREAM else [source, *_read_with(source)], outputs)
    for name, path in (("OUT", target), ("--rejected", rejected)):
        if path and path != _STREAM and source.is_dir() and path.resolve().is_relative_to(source.resolve()):
            raise UsageError(f"{name}: lies in the input folder {source}; name another place")


def _read_with(source: Path) -> list[Path]:
    """The other files that may be read with one: the text of a file of brat, the page of one of CleanEval."""
    from detector.annotations.cleaneval import page_of

    if source.suffix == ".ann":
        return [source.with_suffix(".txt")]
    page = page_of(source) if source.suffix == ".txt" else None
    return [page] if page else []


@contextmanager
def _rejecting(path: Path | None) -> Iterator["Callable[[Rejected], None] | None"]:
    """What takes rejected records, and writes them to a file; None without a path."""
    if path is None:
        yield None
        return
    from detector.annotations.writing import writing
    from detector.util.json_lines import json_line

    with writing(path) as stream:

        def reject(record: "Rejected") -> None:
            stream.write(json_line({"place": record.where, "reason": record.reason, "record": record.raw}))

        yield reject


def _lines(counts: "Counts", written: "Written") -> list[str]:
    """The summary: what was written, what was mapped how, what was left out and what was lost."""
    lines = [
        f"{written.format}: documents {written.documents:,}, paragraphs {counts.paragraphs:,}, without a label "
        f"{counts.unlabelled:,}"
    ]
    if counts.spans:
        lines.append(
            f"spans {counts.spans:,}: of whole paragraphs {counts.exact:,}, over several paragraphs "
            f"{counts.crossing:,}; paragraphs with several labels or labelled in part {counts.divided:,}"
        )
    if counts.several:
        lines.append(
            f"several annotators: documents {counts.several:,}, paragraphs on which they differ {counts.disagreed:,}"
        )
    lines += [f"left out: {what} {number:,}" for what, number in sorted(counts.left_out.items())]
    lines += [
        f'lost: the field "{name}" of {number:,} documents, which {written.format} does not hold'
        for name, number in sorted(written.lost.items())
    ]
    if counts.rejected:
        lines.append(f"rejected: records that could not be read {counts.rejected:,}")
    return lines


def _values(counts: "Counts", written: "Written") -> dict[str, Any]:
    from dataclasses import asdict

    return {"format": written.format, "lost": dict(written.lost), **asdict(counts), "left_out": dict(counts.left_out)}
