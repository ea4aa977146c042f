"""Labels by readers, which replace guessed or earlier ones: digests of lines, with a label and a kind for each.

They are lines of pages that nobody had read, and lines to whose label a model gave little out-of-fold probability. The
file holds no text: a line is named by the SHA-256 digest of its page and its text. A correction holds for the line in
all texts of the page. How they were read is in `training/RESULTS.md`.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph, read_documents

FILE = Path(__file__).with_name("corrections.tsv")
_DIGITS = 20  # hexadecimal digits of a digest that are kept


def line_digest(document: LabelledDocument, text: str) -> str:
    """The digest by which a correction names a line of a page."""
    name = "\n".join((document.site, document.id, text))
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def read_corrections(file: Path) -> dict[str, tuple[str, str | None]]:
    """The label and the kind of each digest in a file. Raises `DataError` for a row that is none."""
    found = {}
    with file.open(encoding="utf-8", newline="") as rows:
        for number, row in enumerate(csv.reader(rows, "excel-tab"), 1):
            if len(row) != 3 or len(row[0]) != _DIGITS:
                raise DataError(f"{file}, line {number}: not a digest, a label and a kind")
            found[row[0]] = row[1], row[2] or None
    return found


def read_corrected(paths: Sequence[Path]) -> Iterable[LabelledDocument]:
    """The labelled documents of files, with the corrections applied."""
    corrections = read_corrections(FILE)
    for document in read_documents(paths):
        paragraphs = tuple(_corrected(document, paragraph, corrections) for paragraph in document.paragraphs)
        yield replace(document, paragraphs=paragraphs)


def _corrected(
    document: LabelledDocument, paragraph: LabelledParagraph, corrections: dict[str, tuple[str, str | None]]
) -> LabelledParagraph:
    if (found := corrections.get(line_digest(document, paragraph.text))) is None:
        return paragraph
    return replace(paragraph, label=found[0], kind=found[1], by="read")
