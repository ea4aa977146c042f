"""The documents in the order in which they are labelled. The journal keeps it, so that it stays the same."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Literal, TypeAlias

from detector.errors import UsageError
from detector.labelling.documents import Document, Documents
from detector.labelling.journal import Journal, Known
from detector.labelling.order import Measures, order_of
from detector.labelling.suggestions import Suggester
from detector.util.counted import counted

Order: TypeAlias = Literal["teach", "plain"]
_SHOWN = 3  # documents in a message


class Work:
    """The documents in order. The place of a document is its number.

    Raises `UsageError` if labels in the journal are of documents that are not there.
    """

    def __init__(self, documents: Documents, journal: Journal, suggester: Suggester, order: Order) -> None:
        known = journal.documents()
        _check(documents, journal, known)
        given = list(documents)
        measures = Measures.joined(list(suggester.measure(map(documents.texts, given))))
        places = _places(given, measures, known) if order == "teach" else {}
        journal.keep_documents(Known(each.digest, each.id, each.paragraphs, places.get(each.digest)) for each in given)
        self.order = order
        self.documents = sorted(given, key=lambda each: places[each.digest]) if places else given
        self.number = {document.digest: number for number, document in enumerate(self.documents)}
        doubts = dict(zip((each.digest for each in given), measures.doubt.tolist(), strict=True))
        self.doubts = [round(doubts[each.digest], 4) for each in self.documents]

    def token(self, journal: Journal) -> str:
        """The secret part of the page's address, of 43 characters.

        It is the same as long as the journal and the numbers of the documents are: a page that is still open when the
        server comes back goes on, and one whose numbers mean other documents is not let in.
        """
        secret = journal.setting("secret", secrets.token_hex(32))
        numbers = "\n".join([self.order, *(each.digest for each in self.documents)])
        digest = hmac.digest(bytes.fromhex(secret), numbers.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _places(given: Sequence[Document], measures: Measures, known: dict[str, Known]) -> dict[str, int]:
    """The place of each document in the order that teaches most. New documents come behind those that have one."""
    places = {digest: each.place for digest, each in known.items() if each.place is not None}
    new = [number for number, each in enumerate(given) if each.digest not in places]
    following = max(places.values(), default=-1) + 1
    labelled = [place for place, number in enumerate(new) if len(given[number].given) == given[number].paragraphs]
    ranked = order_of(measures.of(new), labelled)
    return places | {given[new[number]].digest: following + place for place, number in enumerate(ranked)}


def _check(documents: Documents, journal: Journal, known: dict[str, Known]) -> None:
    missing = sorted(digest for digest in journal.with_events() if documents.get(digest) is None)
    if missing:
        names = ", ".join(known[digest].id[:40] if digest in known else digest[:12] for digest in missing[:_SHOWN])
        be = "is" if len(missing) == 1 else "are"
        raise UsageError(
            f"{journal.path}: has labels of {counted(len(missing), 'document')} that {be} not among these inputs "
            f"({names}); give their files, too, or choose another --output"
        )
