"""The interface of a format of labelled documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from detector.annotations.reading import Reading
from detector.annotations.source import Source
from detector.evaluation.labelled import LabelledDocument

# What a format may hold of a document besides its paragraphs and their labels.
FIELDS = frozenset({"id", "site", "lang", "origin", "gold", "kind", "by"})


class AnnotationFormat(Protocol):
    """A format of labelled documents."""

    @property
    def name(self) -> str:
        """The name, as for ``--from`` and ``--to``."""

    @property
    def extensions(self) -> tuple[str, ...]:
        """Extensions of file names that ask for this format in writing: ``(".spacy",)``. Empty if it needs ``--to``."""

    @property
    def holds(self) -> frozenset[str]:
        """Those of `FIELDS` that writing keeps. What is lost is counted and reported."""

    def recognises(self, source: Source) -> bool:
        """Whether the content is of this format. It may only look at what the source has at its beginning."""

    def read(self, source: Source, reading: Reading) -> Iterator[LabelledDocument]:
        """Read documents, lazily where the format allows.

        Raises `DataError`, with file and line, for what cannot be read, unless ``reading`` keeps it aside.
        """

    def write(self, documents: Iterable[LabelledDocument], path: Path) -> None:
        """Write documents to a file, or to a folder where the format is one: complete, or not at all.

        Raises `DataError` for a document that the format cannot hold, and `OutputError`.
        """
