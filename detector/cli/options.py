"""Arguments and options that several commands share, and their choices."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from detector.cli.parameters import Argument, Option

INPUT, DECISIONS, OUTPUT, RUN = "Input", "Decisions", "Output", "Run"  # panels of the help


class FormatName(StrEnum):
    """The choices of ``--format``: all of `detector.formats.registry.FORMATS`."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    WARC = "warc"
    HTML = "html"
    MHTML = "mhtml"
    WARC_HTML = "warc-html"


class PageFormatName(StrEnum):
    """The choices of ``--format`` where only HTML is read."""

    HTML = "html"
    MHTML = "mhtml"
    WARC_HTML = "warc-html"


class ExtractorName(StrEnum):
    """The choices of ``--with``: all of `detector.extractors.EXTRACTORS`."""

    TRAFILATURA = "trafilatura"
    READABILITY = "readability"
    NEWSPAPER4K = "newspaper4k"
    RESILIPARSE = "resiliparse"
    JUSTEXT = "justext"
    BOILERPY3 = "boilerpy3"


class PolicyName(StrEnum):
    """The choices of ``--policy``: all of `detector.policy.POLICIES`."""

    REPORTING = "reporting"
    APPEALS_ONLY = "appeals-only"
    TEXT = "text"


class ParagraphBreakName(StrEnum):
    """The choices of ``--paragraphs``: those of `detector.text.paragraphs.ParagraphBreak`."""

    LINE = "line"
    BLANK = "blank"


Paths = Annotated[
    list[str] | None,
    Argument(
        metavar="PATH",
        help="Files, folders with their subfolders, patterns such as 'corpus/*.txt', URLs such as s3://bucket/corpus/, "
        "or - for standard input (default: standard input).",
    ),
]
AllFiles = Annotated[
    bool,
    Option(
        "--all-files",
        help="In folders, also read files with an unknown extension, as plain text.",
        panel=INPUT,
    ),
]
FormatOption = Annotated[
    FormatName | None,
    Option(
        "--format",
        help="The format of all inputs (default: by file extension; for standard input text, or jsonl with "
        "--text-field).",
        show_default=False,
        panel=INPUT,
    ),
]
TextField = Annotated[
    str | None,
    Option(
        help="The field or column that holds the text (default: text). Dots lead into nested JSON: article.body.",
        show_default=False,
        panel=INPUT,
    ),
]
IdField = Annotated[str, Option(help="The field, column or WARC header that holds a record's id.", panel=INPUT)]
ParagraphsOption = Annotated[
    ParagraphBreakName,
    Option(
        "--paragraphs",
        help="What ends a paragraph: the end of the line (line), or a blank line (blank).",
        panel=INPUT,
    ),
]
Threshold = Annotated[
    str,
    Option(
        "--threshold",
        "-t",
        help="Keep a paragraph if the probability of what is kept is at least this: gentle, balanced or strict (from "
        "low to high), or a number from 0 (keep all) to 1.",
        completions=("gentle", "balanced", "strict"),
        panel=DECISIONS,
    ),
]
PolicyOption = Annotated[
    PolicyName,
    Option(
        "--policy",
        help="What to keep: the article (reporting), everything except appeals to the reader (appeals-only), or the "
        "article with bylines, other metadata, and notes about the author (text).",
        panel=DECISIONS,
    ),
]
Keep = Annotated[
    str | None,
    Option(
        help="Labels or kinds to keep in addition, separated by commas: about,metadata (see 'detector info').",
        show_default=False,
        panel=DECISIONS,
    ),
]
Drop = Annotated[
    str | None,
    Option(
        help="Labels or kinds to remove in addition, separated by commas: caption,note.",
        show_default=False,
        panel=DECISIONS,
    ),
]
MaxRemoved = Annotated[
    float,
    Option(
        min=0,
        max=1,
        help="Keep a text whole of which more than this share of the characters would be removed, from 0 to 1, unless "
        "it looks like a whole page; 1 keeps none whole.",
        panel=DECISIONS,
    ),
]
ModelOption = Annotated[
    str | None,
    Option(
        "--model",
        "-m",
        metavar="<path>",
        help="The folder of a model, accurate for the accurate model (a folder of that name is ./accurate), or default "
        "for the model that comes with the package (the default).",
        show_default=False,
        panel=DECISIONS,
    ),
]
EffortOption = Annotated[
    float | None,
    Option(
        "--effort",
        min=0,
        max=1,
        help="With --model accurate: how much of a text its encoder reads again, from 0 (nothing) to 1 (everything; "
        "default: see 'detector info accurate').",
        show_default=False,
        panel=DECISIONS,
    ),
]
PhrasesFile = Annotated[
    Path | None,
    Option(
        "--phrases",
        help="A file of phrases, one per line: the phrase, a label or kind, and a strength, separated by tabs. They "
        "are evidence for the model.",
        show_default=False,
        panel=DECISIONS,
    ),
]
RepeatsFiles = Annotated[
    list[Path] | None,
    Option(
        "--repeats",
        help="Counts of repeated paragraphs that 'detector repeats learn' has made. They are evidence for the model. "
        "Can be given several times.",
        show_default=False,
        panel=DECISIONS,
    ),
]
Results = Annotated[
    str | None,
    Option(
        "-o",
        "--output",
        metavar="<path>",
        help="A file for one input, a folder for several (default: standard output). For one input, a name that ends "
        "with a slash is a folder.",
        show_default=False,
        panel=OUTPUT,
    ),
]
RemovedFile = Annotated[
    str | None,
    Option(
        "--removed",
        metavar="<path>",
        help="Write the removed text to this file: JSON Lines (.jsonl, .jsonl.gz) or Parquet (.parquet).",
        show_default=False,
        panel=OUTPUT,
    ),
]
RejectedFile = Annotated[
    str | None,
    Option(
        "--rejected",
        metavar="<path>",
        help="Write records that cannot be read to this file, as JSON Lines (default: OUTPUT/_rejected.jsonl for a "
        "folder of results, else nowhere).",
        show_default=False,
        panel=OUTPUT,
    ),
]
MaxRejected = Annotated[
    int | None,
    Option(
        min=0,
        help="Stop when more records than this cannot be read (default: never).",
        show_default=False,
        panel=RUN,
    ),
]
Jobs = Annotated[
    int,
    Option(
        "-j",
        "--jobs",
        min=0,
        help="The number of processes, and of threads where there are fewer inputs; 0: one per CPU core.",
        panel=RUN,
    ),
]
Force = Annotated[bool, Option("--force", help="Also make results again that are up to date.", panel=RUN)]
Quiet = Annotated[bool, Option("--quiet", "-q", help="Print neither summary nor progress.", panel=RUN)]
LogJson = Annotated[
    bool,
    Option(
        "--log-json",
        help="Print all messages as JSON, one object per line; the summary is the last one.",
        panel=RUN,
    ),
]
