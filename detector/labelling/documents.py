"""The documents to label. Their texts are in a temporary file, so that thousands of them need little memory."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    """The documents in the order of the inputs, each text once. ``repeated`` counts texts that were there before."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="detector-")  # noqa: SIM115 - closed by `close`
        self._size = 0
        self._all: list[Document] = []
        self._by_digest: dict[str, Document] = {}
        self.repeated = 0

    def close(self) -> None:
        """Delete the temporary file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._all)

    def get(self, digest: str) -> Document | None:
        """The document with a digest."""
        return self._by_digest.get(digest)

    def add(self, document: LabelledDocument, title: str = "") -> bool:
        """Add a document that has paragraphs, and perhaps a title beside them. Returns whether its text is new."""
        texts = [each.text for each in document.paragraphs]
        digest = digest_of(texts)
        if digest in self._by_digest:
            self.repeated += 1
            return False
        content = json.dumps([texts, document.gold]).encode()  # with escapes: a text may have lone surrogates
        given = {n: each for n, each in enumerate(document.paragraphs) if each.label is not None}
        added = Document(
            digest, document.id, document.site, document.origin, document.lang, (title or texts[0]).strip()[:_TITLE],
            len(texts), {n: LabelledParagraph("", each.label, each.kind, each.by) for n, each in given.items()},
            self._size, len(content),
        )  # fmt: skip
        self._file.write(content)
        self._size += len(content)
        self._all.append(added)
        self._by_digest[digest] = added
        return True

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
