"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Files, folders (with all below), or - for standard input."),
]
ModelPath = Annotated[
    Path | None, typer.Option("--model", "-m", help="A model's folder; without it, the shipped model.")
]
Threshold = Annotated[
    str, typer.Option("--threshold", "-t", help="gentle, balanced, strict, or a number from 0 (keep all) to 1.")
]
PolicyName = Annotated[str, typer.Option("--policy", help="reporting, appeals-only or text: what is kept.")]
Keep = Annotated[str | None, typer.Option(help="Labels or kinds to keep as well, with commas: about,caption.")]
Drop = Annotated[str | None, typer.Option(help="Labels or kinds to drop as well, with commas: newsletter,donation.")]
ParagraphMode = Annotated[
    str, typer.Option("--paragraphs", help="line: a line is a paragraph; blank: blank lines stand between them.")
]
FormatName = Annotated[
    str | None,
    typer.Option("--format", help="text, jsonl, csv, tsv, parquet or warc; without it, by each file's ending."),
]
TextField = Annotated[
    str | None,
    typer.Option(help="The field or column that holds the text; dots lead into nested JSON.  [default: text]"),
]
IdField = Annotated[str, typer.Option(help="The field, column or WARC header that names a record.")]
AllFiles = Annotated[bool, typer.Option("--all-files", help="Take files of every ending from folders, as text.")]
RejectedFile = Annotated[
    Path | None,
    typer.Option(
        "--rejected",
        help="Keep records that cannot be read here; cleaning several inputs, that is OUTPUT/_rejected.jsonl.",
    ),
]
MaxRejected = Annotated[int | None, typer.Option(min=0, help="Stop when more records than this cannot be read.")]
