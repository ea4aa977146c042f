"""Events to labels: who labelled what, what was undone, and what was left as it is because two people differed.

The state follows from the events alone, in their order: who reads the same journal has the same state.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from detector.labelling.events import Choice, Event


@dataclass(frozen=True, slots=True)
class Entry:
    """What a person has said of a paragraph; a label of None takes the label away. ``before`` is what it replaced."""

    seq: int
    label: str | None
    kind: str | None
    by: str | None
    at: str
    suggested: Choice
    model: str
    before: Entry | None = field(default=None, repr=False, compare=False)

    @property
    def agrees(self) -> bool:
        """Whether it is the label that the model had suggested."""
        return self.label == self.suggested.label


class At(NamedTuple):
    """A paragraph: the digest of its document, and its number there."""

    document: str
    paragraph: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an event has changed, and what it has left as it is.

    ``kept`` are paragraphs of an event that is undone which another window has changed since; ``conflicts`` those that
    another window has changed in another way before this one knew of it. ``document`` is the one that the event is
    about: of ``undo``, that of the event that is undone.
    """

    seq: int
    document: str
    changed: tuple[At, ...] = ()
    kept: tuple[At, ...] = ()
    conflicts: tuple[At, ...] = ()


class Change(NamedTuple):
    """The number of an event, and its window."""

    seq: int
    client: str


class _Undoable(NamedTuple):
    """An event, the paragraphs that it has changed, and whether its document was done before."""

    event: Event
    changed: tuple[At, ...]
    was_done: bool


@dataclass
class _Doc:
    """What is known of a document: the latest entry of each paragraph, and who changed it last."""

    entries: dict[int, Entry] = field(default_factory=dict)
    changes: dict[int, Change] = field(default_factory=dict)
    done: bool = False
    done_seq: int = 0


class State:
    """The labels after all events that were applied. ``seq`` is the number of the last one."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.seq = 0
        self._documents: defaultdict[str, _Doc] = defaultdict(_Doc)
        self._undoable: defaultdict[str, list[_Undoable]] = defaultdict(list)
        self._undone: set[int] = set()
        self._log: list[tuple[int, At]] = []  # of changed paragraphs; -1 stands for the document
        self._compared: Counter[tuple[str, bool]] = Counter()  # by model, and whether it agrees
        for event in events:
            self.apply(event)

    def entry(self, document: str, paragraph: int) -> Entry | None:
        """What was said of a paragraph last; None if nothing, or if all of it was undone."""
        return self._documents[document].entries.get(paragraph) if document in self._documents else None

    def entries(self, document: str) -> dict[int, Entry]:
        """What was said of the paragraphs of a document."""
        return self._documents[document].entries if document in self._documents else {}

    def is_done(self, document: str) -> bool:
        """Whether a document is done."""
        return document in self._documents and self._documents[document].done

    @property
    def documents(self) -> list[str]:
        """The digests of the documents of which something was said."""
        return [digest for digest, doc in self._documents.items() if doc.entries or doc.done]

    def agreement(self, model: str) -> tuple[int, int]:
        """How many paragraphs people have labelled that saw what this model suggests, and in how many they agree."""
        agreed = self._compared[model, True]
        return agreed + self._compared[model, False], agreed

    def since(self, seq: int) -> tuple[list[At], list[str]]:
        """The paragraphs, and the documents done or reopened, that events behind ``seq`` have changed."""
        changed = dict.fromkeys(at for _, at in self._log[bisect_right(self._log, seq, key=lambda each: each[0]) :])
        return [at for at in changed if at.paragraph >= 0], [at.document for at in changed if at.paragraph < 0]

    def change(self, at: At) -> Change:
        """The last event that has changed a paragraph, and its window."""
        doc = self._documents.get(at.document)
        return (doc.changes.get(at.paragraph) if doc else None) or Change(0, "")

    def apply(self, event: Event) -> Outcome:
        """Apply the next event, and say what came of it."""
        self.seq = event.seq
        if event.action == "undo":
            return self._undo(event)
        if event.action in ("done", "reopen"):
            return self._mark(event)
        return self._label(event)

    def _label(self, event: Event) -> Outcome:
        doc = self._documents[event.document]
        changed, conflicts = [], []
        for offset, paragraph in enumerate(event.paragraphs):
            at, now, last = At(event.document, paragraph), doc.entries.get(paragraph), doc.changes.get(paragraph)
            if (
                last and last.client != event.client and last.seq > event.seen
            ):  # by another window, not seen by this one
                if now is None or (now.label, now.kind) != (event.label, event.kind):
                    conflicts.append(at)
                continue
            suggested = event.suggested[offset] if offset < len(event.suggested) else Choice(None, None)
            entry = Entry(event.seq, event.label, event.kind, event.by, event.at, suggested, event.model, now)
            self._set(at, entry, event)
            changed.append(at)
        self._undoable[event.client].append(_Undoable(event, tuple(changed), doc.done))
        return Outcome(event.seq, event.document, tuple(changed), conflicts=tuple(conflicts))

    def _mark(self, event: Event) -> Outcome:
        self._undoable[event.client].append(_Undoable(event, (), self.is_done(event.document)))
        self._set_done(event.document, event.action == "done", event)
        return Outcome(event.seq, event.document)

    def _undo(self, event: Event) -> Outcome:
        if not self._undoable[event.client]:
            return Outcome(event.seq, event.document)
        undone, touched, was_done = self._undoable[event.client].pop()
        self._undone.add(undone.seq)
        if undone.action in ("done", "reopen"):
            if self._documents[undone.document].done_seq == undone.seq:
                self._set_done(undone.document, was_done, event)
            return Outcome(event.seq, undone.document)
        changed, kept = [], []
        for at in touched:
            now = self.entry(*at)
            if now is None or now.seq != undone.seq:
                kept.append(at)
                continue
            before = now.before
            while before is not None and before.seq in self._undone:
                before = before.before
            self._set(at, before, event)
            changed.append(at)
        return Outcome(event.seq, undone.document, tuple(changed), tuple(kept))

    def _set(self, at: At, entry: Entry | None, event: Event) -> None:
        doc = self._documents[at.document]
        self._compare(doc.entries.pop(at.paragraph, None), -1)
        if entry is not None:
            doc.entries[at.paragraph] = entry
        self._compare(entry, 1)
        doc.changes[at.paragraph] = Change(event.seq, event.client)
        self._log.append((event.seq, at))

    def _compare(self, entry: Entry | None, number: int) -> None:
        if entry is not None and entry.label is not None and entry.suggested.label is not None:
            self._compared[entry.model, entry.agrees] += number

    def _set_done(self, document: str, done: bool, event: Event) -> None:
        doc = self._documents[document]
        doc.done, doc.done_seq = done, event.seq
        self._log.append((event.seq, At(document, -1)))
