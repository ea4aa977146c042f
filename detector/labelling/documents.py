"""The documents to label. Their texts are in a temporary file, so that thousands of them need little memory."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import IO

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph

_TITLE = 80  # characters


@dataclass(frozen=True, slots=True)
class Document:
    """What is in memory of a document.

    ``digest`` is that of its paragraphs, by which it is known wherever its file lies. ``given`` are the labels that it
    came with, by paragraph; ``start`` and ``size`` are its bytes in the temporary file. ``title`` is the beginning of
    its title, or of its first paragraph. The other fields are those of `LabelledDocument`.
    """

    digest: str
    id: str
    site: str
    origin: str | None
    lang: str | None
    title: str
    paragraphs: int
    given: dict[int, LabelledParagraph]
    start: int
    size: int


class Documents:
    """The documents in the order of the inputs, each text once. ``repeated`` counts texts that were there before.

    A text that occurs with labels and without them is one document, with the labels, id and other fields of the first
    labelled one. ``conflicts`` counts the paragraphs that a later one labels differently.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="detector-")  # noqa: SIM115 - closed by `close`
        self._size = 0
        self._all: list[Document] = []
        self._places: dict[str, int] = {}  # by digest
        self.repeated = 0
        self.conflicts = 0

    def close(self) -> None:
        """Delete the temporary file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._all)

    def get(self, digest: str) -> Document | None:
        """The document with a digest."""
        place = self._places.get(digest)
        return None if place is None else self._all[place]

    def add(self, document: LabelledDocument, title: str = "") -> None:
        """Add a document that has paragraphs, and perhaps a title beside them."""
        texts = [each.text for each in document.paragraphs]
        digest = digest_of(texts)
        given = {
            n: LabelledParagraph("", each.label, each.kind, each.by)
            for n, each in enumerate(document.paragraphs)
            if each.label is not None
        }
        place = self._places.setdefault(digest, len(self._all))
        if place == len(self._all):
            self._all.append(self._stored(document, digest, texts, (title or texts[0]).strip()[:_TITLE], given))
            return
        self.repeated += 1
        found = self._all[place]
        if given and not found.given:
            self._all[place] = self._stored(document, digest, texts, found.title, given)
        elif given:
            self._all[place] = replace(found, given=self._merged(found.given, given))

    def _stored(
        self,
        document: LabelledDocument,
        digest: str,
        texts: list[str],
        title: str,
        given: dict[int, LabelledParagraph],
    ) -> Document:
        """What is in memory of a document, whose texts are written to the temporary file."""
        content = json.dumps([texts, document.gold]).encode()  # with escapes: a text may have lone surrogates
        start = self._size
        self._file.seek(start)
        self._file.write(content)
        self._size += len(content)
        return Document(
            digest, document.id, document.site, document.origin, document.lang, title, len(texts), given,
            start, len(content),
        )  # fmt: skip

    def _merged(
        self, first: Mapping[int, LabelledParagraph], second: Mapping[int, LabelledParagraph]
    ) -> dict[int, LabelledParagraph]:
        """The labels of a text that came with labels twice: the first ones where they differ, which is counted."""
        merged = {**second, **first}
        for number in first.keys() & second.keys():
            pair = first[number], second[number]
            kinds = {each.kind for each in pair if each.kind is not None}
            if pair[0].label != pair[1].label or len(kinds) > 1:
                self.conflicts += 1
            else:
                merged[number] = max(pair, key=lambda each: (each.kind is not None, each.by_reader))
        return dict(sorted(merged.items()))

    def texts(self, document: Document) -> list[str]:
        """The paragraphs of a document."""
        return self._content(document)[0]

    def gold(self, document: Document) -> str | None:
        """The text of the article alone, if the document came with it."""
        return self._content(document)[1]

    def _content(self, document: Document) -> tuple[list[str], str | None]:
        self._file.seek(document.start)
        texts, gold = json.loads(self._file.read(document.size))
        return texts, gold


def digest_of(paragraphs: Sequence[str]) -> str:
    """The SHA-256 digest of the paragraphs of a document, one per line."""
    return sha256("\n".join(paragraphs).encode("utf-8", "surrogatepass")).hexdigest()
