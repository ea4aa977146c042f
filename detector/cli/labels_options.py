"""Options of the commands that read labelled documents, and their choices."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from detector.cli.options import INPUT
from detector.cli.parameters import Argument, Option
from detector.errors import UsageError


class LabelFormat(StrEnum):
    """The choices of ``--from`` and ``--to``: all of `detector.labelled.formats`."""

    BRAT = "brat"
    CLEANEVAL = "cleaneval"
    CSV = "csv"
    DOCCANO = "doccano"
    DOLMA = "dolma"
    JSONL = "jsonl"
    LABEL_STUDIO = "label-studio"
    LINES = "lines"
    PARQUET = "parquet"
    PRODIGY = "prodigy"
    SPACY = "spacy"
    TSV = "tsv"


class VoteName(StrEnum):
    """The choices of ``--annotators``: those of `detector.annotations.reading.Annotators`."""

    MAJORITY = "majority"
    FIRST = "first"
    EACH = "each"


class UnitName(StrEnum):
    """The choices of ``--offsets``: those of `detector.annotations.reading.Unit`."""

    CHARACTERS = "characters"
    UTF_16 = "utf-16"


LabelledData = Annotated[
    list[Path],
    Argument(
        metavar="DATA",
        help="Files of labelled documents in any format, such as JSON Lines (see 'detector labels convert'), or "
        "folders of them.",
    ),
]
FromFormat = Annotated[
    LabelFormat | None,
    Option("--from", help="The format of the input (default: by its content).", show_default=False, panel=INPUT),
]
Map = Annotated[
    list[str] | None,
    Option(
        "--map",
        metavar="name=label",
        help="Take this name of a label for that label or kind, as in spam=appeal; name= is for no label. Can be "
        "repeated.",
        show_default=False,
        panel=INPUT,
    ),
]
AnyLabels = Annotated[
    bool,
    Option("--any-labels", help="Take labels that are not in the label guide as they are.", panel=INPUT),
]
Unlabelled = Annotated[
    str | None,
    Option(
        metavar="label",
        help="The label of text that no span covers, such as reporting (default: none).",
        show_default=False,
        panel=INPUT,
    ),
]
AnnotatorsOption = Annotated[
    VoteName,
    Option(
        "--annotators",
        help="For a text that several people labelled: the label that most of them gave (majority), that of the first, "
        "or a document for each.",
        panel=INPUT,
    ),
]
Offsets = Annotated[
    UnitName | None,
    Option(
        help="What offsets count: characters, or utf-16 code units (default: what the format's own tool counts).",
        show_default=False,
        panel=INPUT,
    ),
]
LabelsTextField = Annotated[
    str | None,
    Option(
        "--text-field",
        help="The field or column of the text, where the format leaves it open.",
        show_default=False,
        panel=INPUT,
    ),
]


def reading_options(
    from_format: LabelFormat | None,
    mapping: Sequence[str] | None,
    any_labels: bool,
    unlabelled: str | None = None,
    annotators: VoteName = VoteName.MAJORITY,
    offsets: UnitName | None = None,
    text_field: str | None = None,
) -> dict[str, Any]:
    """The values of these options as arguments of `detector.labelled.read`. Raises `UsageError`."""
    return {
        "format": from_format.value if from_format else None,
        "mapping": names_mapped(mapping or ()),
        "any_labels": any_labels,
        "unlabelled": unlabelled,
        "annotators": annotators.value,
        "offsets": offsets.value if offsets else None,
        "text_field": text_field,
    }


def names_mapped(given: Sequence[str]) -> dict[str, str]:
    """What the values of ``--map`` map names to. Raises `UsageError`, also for a name that is mapped to two."""
    from detector.labelled import parse_map

    mapping: dict[str, str] = {}
    for each in given:
        name, target = parse_map(each)
        if mapping.setdefault(name, target) != target:
            raise UsageError(f"--map {each}: {name} is mapped to {mapping[name] or 'no label'} as well; choose one")
    return mapping
