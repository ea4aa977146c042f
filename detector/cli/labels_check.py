"""The commands ``labels check`` and ``labels split``."""

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from detector.cli import runs
from detector.cli.labels_options import FromFormat, Map, names_mapped
from detector.cli.messages import print_message
from detector.cli.options import DECISIONS, OUTPUT, EffortOption
from detector.cli.parameters import Argument, Option
from detector.errors import DataError, UsageError

if TYPE_CHECKING:
    from detector.cli.labels_tables import Part
    from detector.evaluation.label_checks import Located, Report
    from detector.evaluation.site_split import Units

EXAMPLES = {
    "labels check": (
        "detector labels check labels.jsonl",
        "detector labels check labelled/ --model default --top 50",
    ),
    "labels split": (
        "detector labels split labels.jsonl -o parts/",
        "detector labels split more.jsonl -o new/ --keep parts/",
    ),
}
FOUND = 3  # the exit code where something was found
_ADVICE = (
    "detector: the model agrees with labels that it was trained on: what it was trained on cannot be told from it, so "
    "choose one that has not seen these documents"
)


class ByName(StrEnum):
    """The choices of ``--by``: all of `detector.evaluation.site_split.UNITS`."""

    SITE = "site"
    DOCUMENT = "document"
    LANG = "lang"


LabelledData = Annotated[
    list[Path],
    Argument(metavar="DATA", help="Labelled documents: JSON Lines, or another format of labels; files or folders."),
]
Similarity = Annotated[
    float,
    Option(
        min=0.1,
        max=1,
        help="Documents are near-duplicates from this share of common runs of three words on.",
    ),
]


def check(
    data: LabelledData,
    from_format: FromFormat = None,
    mapping: Map = None,
    model: Annotated[
        str | None,
        Option(
            "--model",
            "-m",
            metavar="<path>",
            help="Also list the labels that a model disagrees with: the folder of a model, default for the model that "
            "comes with the package, or accurate for the accurate one.",
            show_default=False,
            panel=DECISIONS,
        ),
    ] = None,
    effort: EffortOption = None,
    similarity: Similarity = 0.7,
    top: Annotated[int, Option(min=0, help="List this many findings of each check; 0: all.", panel=OUTPUT)] = 10,
    as_json: Annotated[bool, Option("--json", help="Print the report as JSON.", panel=OUTPUT)] = False,
) -> int:
    """Check labelled documents: count labels, kinds, languages and sites, and list what to look at again.

    That is: the same text with different labels, near-duplicate documents of different sites, documents with one label
    only or none, very long and empty paragraphs, and, with a model, the labels that it most disagrees with, worst
    first.
    """
    runs.check_model(model, effort)
    from detector.annotations.located import read_located

    documents = read_located(data, from_format and from_format.value, names_mapped(mapping or ()), any_labels=True)
    limit = top or None
    report = _report(documents, model, effort, similarity, limit)
    if as_json:
        from detector.cli.labels_tables import report_as_json

        print(json.dumps(report_as_json(report), indent=1, ensure_ascii=False))
    else:
        _print_report(report, limit)
    return FOUND if report.found.total() else 0


def split(
    data: LabelledData,
    output: Annotated[
        Path,
        Option("-o", "--output", help="A new folder, for one file of JSON Lines per part.", show_default=False),
    ],
    by: Annotated[ByName, Option(help="What is never split: a site, a document, or a language.")] = ByName.SITE,
    parts: Annotated[
        str, Option(metavar="name=share,…", help="The parts and their shares of the documents, which sum to 1.")
    ] = "train=0.8,dev=0.1,test=0.1",
    seed: Annotated[int, Option(min=0, help="Another seed makes another split.")] = 0,
    keep: Annotated[
        Path | None,
        Option(
            help="The folder of an earlier split: its sites stay in the parts where they are, and near-duplicates of "
            "its documents go there, too.",
            show_default=False,
        ),
    ] = None,
    separate: Annotated[
        bool,
        Option("--separate-near-duplicates", help="Let near-duplicate documents of different sites go to two parts."),
    ] = False,
    similarity: Similarity = 0.7,
    from_format: FromFormat = None,
    mapping: Map = None,
    as_json: Annotated[bool, Option("--json", help="Print the table as JSON.", panel=OUTPUT)] = False,
) -> int:
    """Split labelled documents by site into parts such as train, dev and test.

    The parts have nearly the same shares of documents, labels and languages. Sites that hold near-duplicates of each
    other stay together. The same data and seed make the same split.
    """
    from detector.evaluation.site_split import Units, parse_parts, split_units

    shares = parse_parts(parts)
    _check_paths(data, output)

    def documents() -> Iterator["Located"]:
        from detector.annotations.located import read_located

        return read_located(data, from_format and from_format.value, names_mapped(mapping or ()), any_labels=True)

    units = Units(by.value, together=not separate)
    without = 0
    for item in documents():
        units.add(item.document)
        without += by is ByName.SITE and item.document.site == item.document.id
    if without:
        print_message(f"detector: {without} documents have no site: each counts as a site of its own")
    kept = _kept(keep, shares, units) if keep else {}
    part_of = split_units(units.units(), shares, seed, units.near_duplicates(similarity), kept, by.value)
    counted = _write(documents(), part_of, output, list(shares), by.value)
    _print_parts(counted, by.value, as_json)
    return 0


def _check_paths(data: list[Path], output: Path) -> None:
    """Raise `UsageError` for input that cannot be read twice, and for an output among the inputs."""
    from detector.util.atomic import is_stream

    for path in data:
        if path == Path("-") or is_stream(path):
            raise UsageError(f"{path}: the input is read twice; name a file")
        if path.is_dir() and path.resolve() in (output.resolve(), *output.resolve().parents):
            raise UsageError(f"{output}: is inside of {path}, where its files would be read again; name another folder")


def _report(
    documents: Iterator["Located"], model: str | None, effort: float | None, similarity: float, top: int | None
) -> "Report":
    from detector.evaluation.label_checks import check_labels

    if model is None:
        return check_labels(documents, similarity, top)
    from detector.evaluation.disagreement import Disagreement
    from detector.loading import load

    disagreement = Disagreement(load(model, effort=effort), top)
    report = check_labels(documents, similarity, top, disagreement.add)
    report.found["disagreement"] = disagreement.found
    report.findings["disagreement"] = disagreement.findings
    print_message(_ADVICE)
    if disagreement.unknown:
        names = ", ".join(f"{name[:40]} ({count})" for name, count in disagreement.unknown.most_common(5))
        print_message(f"detector: not compared, since the model does not have these labels: {names}")
    return report


def _print_report(report: "Report", top: int | None) -> None:
    from rich.console import Console

    from detector.cli.labels_tables import count_tables, finding_lines
    from detector.util.output import writing_to

    console = Console()
    with writing_to("standard output"):
        print(f"{report.documents:,} documents, {report.paragraphs:,} paragraphs")
        for table in count_tables(report, top):
            console.print(table)
        for line in finding_lines(report):
            print(line)
        if not report.found.total():
            print("nothing was found")


def _kept(folder: Path, parts: Mapping[str, float], units: "Units") -> dict[str, str]:
    """The part of each unit of an earlier split, whose documents are added to ``units`` as kept."""
    from detector.evaluation.labelled import read_documents

    files = {name: folder / f"{name}.jsonl" for name in parts}
    missing = [str(path) for path in files.values() if not path.is_file()]
    if missing:
        raise UsageError(f"--keep {folder}: {', '.join(missing)} is missing; name the folder of an earlier split")
    others = sorted(path.stem for path in folder.glob("*.jsonl") if path.stem not in parts)
    if others:
        raise UsageError(
            f"--keep {folder}: also has {', '.join(f'{name}.jsonl' for name in others)}: sites of a part of the "
            "earlier split would go to other parts. Give each part a share in --parts, as in "
            f"{','.join(f'{name}=…' for name in (*parts, *others))}; move files that are no parts elsewhere"
        )
    found: dict[str, str] = {}
    for name, path in files.items():
        if path.stat().st_size:
            found.update((units.add_kept(document), name) for document in read_documents([path]))
    return found


def _write(
    documents: Iterator["Located"], part_of: Mapping[str, str], folder: Path, names: list[str], by: str
) -> dict[str, "Part"]:
    """Write each document to the file of its part. Returns what went into the parts."""
    from contextlib import ExitStack

    from detector.annotations.own import as_record
    from detector.annotations.writing import writing_folder
    from detector.cli.labels_tables import Part
    from detector.evaluation.site_split import unit_of
    from detector.util.json_lines import json_line
    from detector.util.output import open_output

    parts = {name: Part() for name in names}
    with writing_folder(folder) as inside, ExitStack() as stack:
        files = {name: stack.enter_context(open_output(inside / f"{name}.jsonl")) for name in names}
        for document, where, record in documents:
            unit = unit_of(document, by)
            if unit not in part_of:
                raise DataError(f"{where}: the data changed while it was read; split again")
            parts[part_of[unit]].add(document, unit)
            files[part_of[unit]].write(json_line(record or as_record(document)))
    return parts


def _print_parts(parts: Mapping[str, "Part"], by: str, as_json: bool) -> None:
    from rich.console import Console

    from detector.cli.labels_tables import parts_as_json, parts_table

    if as_json:
        print(json.dumps(parts_as_json(parts), indent=1, ensure_ascii=False))
    else:
        Console(width=140).print(parts_table(parts, by))
