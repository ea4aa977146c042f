"""Options that several commands share, and their choices."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

INPUT, DECISIONS, OUTPUT, RUN = "Input", "Decisions", "Output", "Run"  # the panels of the help


class FormatName(StrEnum):
    """The names of the file formats."""

    TEXT = "text"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    WARC = "warc"


class PolicyName(StrEnum):
    """The names of the policies."""

    REPORTING = "reporting"
    APPEALS_ONLY = "appeals-only"
    TEXT = "text"


class ParagraphBreakName(StrEnum):
    """How paragraphs are separated in a text."""

    LINE = "line"
    BLANK = "blank"


def _threshold_names() -> list[str]:
    return ["gentle", "balanced", "strict"]


Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Files, folders with everything below them, patterns, or - for standard input (the default).",
        show_default=False,
    ),
]
AllFiles = Annotated[
    bool,
    typer.Option("--all-files", help="Take files of every ending from folders, as text.", rich_help_panel=INPUT),
]
FormatOption = Annotated[
    FormatName | None,
    typer.Option(
        "--format",
        help="The format of every input. Without it, each file's ending decides; standard input is text, or JSON Lines "
        "where --text-field is given.",
        show_default=False,
        rich_help_panel=INPUT,
    ),
]
TextField = Annotated[
    str | None,
    typer.Option(
        help="The field or column that holds the text; dots lead into nested JSON (article.body).  [default: text]",
        show_default=False,
        rich_help_panel=INPUT,
    ),
]
IdField = Annotated[
    str, typer.Option(help="The field, column or WARC header that names a record.", rich_help_panel=INPUT)
]
ParagraphsOption = Annotated[
    ParagraphBreakName,
    typer.Option(
        "--paragraphs",
        help="What separates paragraphs: every line is one (line), or blank lines stand between them (blank).",
        rich_help_panel=INPUT,
    ),
]
Threshold = Annotated[
    str,
    typer.Option(
        "--threshold",
        "-t",
        help="The least probability with which a paragraph is kept: gentle, balanced, strict, or a number from 0 (keep "
        "everything) to 1.",
        autocompletion=_threshold_names,
        rich_help_panel=DECISIONS,
    ),
]
PolicyOption = Annotated[
    PolicyName,
    typer.Option(
        "--policy",
        help="What is kept: the article (reporting), everything but appeals (appeals-only), or the article with bylines "
        "and biographies (text).",
        rich_help_panel=DECISIONS,
    ),
]
Keep = Annotated[
    str | None,
    typer.Option(
        help="Labels or kinds to keep as well, separated by commas: about,metadata.",
        show_default=False,
        rich_help_panel=DECISIONS,
    ),
]
Drop = Annotated[
    str | None,
    typer.Option(
        help="Labels or kinds to remove as well, separated by commas: caption,note.",
        show_default=False,
        rich_help_panel=DECISIONS,
    ),
]
ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model",
        "-m",
        help="The folder of a model. Without it, the shipped model.",
        show_default=False,
        rich_help_panel=DECISIONS,
    ),
]
RejectedFile = Annotated[
    Path | None,
    typer.Option(
        "--rejected",
        help="Write records that cannot be read to this file. With several inputs, they go to OUTPUT/_rejected.jsonl.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
MaxRejected = Annotated[
    int | None,
    typer.Option(
        min=0, help="Stop when more records than this cannot be read.", show_default=False, rich_help_panel=RUN
    ),
]
Jobs = Annotated[
    int,
    typer.Option("-j", "--jobs", min=0, help="The number of processes; 0 for one per core.", rich_help_panel=RUN),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no summary and no progress.", rich_help_panel=RUN)]
Data = Annotated[
    list[Path],
    typer.Argument(help="Labelled documents as JSON Lines, compressed or not, or folders of them.", show_default=False),
]
