"""What happens while people label: events, and what the model had suggested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Action: TypeAlias = Literal["label", "clear", "done", "reopen", "undo"]


class Choice(NamedTuple):
    """A label and a kind, each None where there is none."""

    label: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One action of a person.

    ``client`` is the window that it comes from, and ``serial`` its number there, from 1. ``at`` is the time in UTC (ISO
    8601), ``by`` the name of the person, if it is known. ``document`` is the digest of a document. ``first`` to
    ``last``, inclusive, are the paragraphs that ``label`` and ``clear`` change, counted from 0. ``seen`` is the number
    of the last event that the window knew of. ``suggested`` has what the model, whose digest is ``model``, had
    suggested for each of these paragraphs. ``seq`` is the number of the event in its journal, from 1; 0 before it is
    recorded.
    """

    client: str
    serial: int
    at: str
    by: str | None
    document: str
    action: Action
    first: int = 0
    last: int = -1
    label: str | None = None
    kind: str | None = None
    seen: int = 0
    suggested: tuple[Choice, ...] = ()
    model: str = ""
    seq: int = 0

    @property
    def paragraphs(self) -> range:
        """The numbers of the paragraphs that it is about."""
        return range(self.first, self.last + 1)

    def asks_the_same(self, other: Event) -> bool:
        """Whether both ask for the same thing: a window has sent its request again."""
        return self._asked() == other._asked()

    def _asked(self) -> tuple[object, ...]:
        return self.document, self.action, self.first, self.last, self.label, self.kind
