"""Labels as labelled documents: for the file of labels, and for a model that is trained again."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from detector.annotations.own import as_record
from detector.errors import DataError
from detector.evaluation.labelled import READ, LabelledDocument, LabelledParagraph
from detector.formats.compression import compressing, compression_of
from detector.labelling.documents import Document, Documents
from detector.labelling.journal import Journal
from detector.labelling.state import Entry, State
from detector.util.atomic import replacing
from detector.util.json_lines import json_line
from detector.util.output import OutputError


def labelled(documents: Documents, document: Document, state: State) -> LabelledDocument:
    """A document with the labels that people gave it here, else with those that it came with."""
    entries = state.entries(document.digest)
    paragraphs = tuple(
        _paragraph(text, entries.get(number), document.given.get(number))
        for number, text in enumerate(documents.texts(document))
    )
    return LabelledDocument(
        document.id, document.site, document.origin, document.lang, documents.gold(document), paragraphs
    )


def _paragraph(text: str, entry: Entry | None, given: LabelledParagraph | None) -> LabelledParagraph:
    if entry is not None:
        return LabelledParagraph(text, entry.label, entry.kind, READ if entry.label is not None else None)
    return replace(given, text=text) if given else LabelledParagraph(text, None)


def has_labels(document: Document, state: State) -> bool:
    """Whether a paragraph of a document has a label."""
    entries = state.entries(document.digest)
    return any(entry.label is not None for entry in entries.values()) or bool(document.given.keys() - entries.keys())


def with_labels(documents: Documents, state: State) -> list[Document]:
    """The documents that have labels, in the order of the inputs."""
    return [document for document in documents if has_labels(document, state)]


def record(documents: Documents, document: Document, state: State) -> dict[str, Any]:
    """A document as a record of our JSON Lines; what was labelled here also with who, when, and what was suggested.

    Without a site, where the input had none: a reader takes the id for it.
    """
    found = as_record(labelled(documents, document, state))
    if document.site == document.id:
        del found["site"]
    for number, entry in state.entries(document.digest).items():
        if entry.label is not None:
            by = {"annotator": entry.by} if entry.by else {}
            suggested = {"suggested": entry.suggested._asdict()} if entry.suggested.label is not None else {}
            found["paragraphs"][number] |= {**by, "at": entry.at, **suggested, "model": entry.model}
    for paragraph in found["paragraphs"]:
        paragraph.setdefault("label", None)
    return found


class Output:
    """The file of labels, which is written again whenever it is out of date.

    The journal remembers what was written, so that a file of another origin, or one that was edited, is not replaced.
    """

    def __init__(self, path: Path, journal: Journal) -> None:
        self.path = path
        self._journal = journal
        self._stamp: tuple[int, int, int] | None = None  # of the file as it was written last

    def check(self) -> None:
        """Raise `DataError` if there is a file that was not written from the journal."""
        if self._stamp is not None and self._stamp == _stamp(self.path):
            return
        try:
            digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        except FileNotFoundError:
            return
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be read ({error.strerror}); choose another --output") from error
        if not self._journal.is_output(digest):
            raise DataError(
                f"{self.path}: was not written from {self._journal.path.name}, or was changed since, and is not "
                "replaced; rename it, and give it as an input if its labels are to count"
            )

    def content(self, records: Iterable[dict[str, Any]]) -> bytes:
        """What the file has to be."""
        buffer = io.BytesIO()
        with compressing(buffer, compression_of(self.path)) as stream:
            for each in records:
                stream.write(json_line(each))
        return buffer.getvalue()

    def announce(self, content: bytes) -> None:
        """Have the journal remember what the file is going to be. Raises `DataError` as `check` does."""
        self.check()
        self._journal.keep_output(hashlib.sha256(content).hexdigest())

    def write(self, content: bytes) -> None:
        """Replace the file with what was announced. Raises `OutputError` if nothing can be written there."""
        try:
            with replacing(self.path) as file:
                file.write(content)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror or error}") from error
        self._stamp = _stamp(self.path)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
