"""A labelling: what the page asks and does, with the documents, the journal and the model's suggestions.

All methods may be called from several threads. One at a time goes on, so that none sees half of a change.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from detector.labelling.agreement import agreement
from detector.labelling.documents import Document, Documents
from detector.labelling.events import Action, Event
from detector.labelling.guide import kinds_of, labels_of
from detector.labelling.journal import Journal
from detector.labelling.state import At, Outcome, State
from detector.labelling.suggestions import Suggester
from detector.labelling.work import Work

Values = dict[str, Any]  # of JSON


class RefusedError(Exception):
    """An event that cannot be taken: it makes no sense, or another one has its number. ``status`` is of the answer."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """What a window asks for: an `Event` with the number of its document.

    ``annotator`` stands before the server's. ``model`` is the digest of the model whose suggestions the window showed.
    """

    client: str
    serial: int
    action: Action
    document: int | None = None
    first: int | None = None
    last: int | None = None
    label: str | None = None
    kind: str | None = None
    seen: int = 0
    annotator: str | None = None
    model: str | None = None


class Session:
    """The labelling in this process. ``state`` has the labels after all events that were read."""

    def __init__(
        self, documents: Documents, journal: Journal, work: Work, suggester: Suggester, annotator: str | None = None
    ) -> None:
        self.lock = threading.RLock()
        self.documents = documents
        self.journal = journal
        self.work = work
        self.suggester = suggester
        self.annotator = annotator
        self.labels = labels_of(suggester.cleaner.model)
        self.kinds = kinds_of(suggester.cleaner.model)
        self.state = State()
        self._labelled = Counter({each.digest: self._labelled_in(each, self.state) for each in documents})
        self._total = self._labelled.total()
        self._done: set[str] = set()
        self.paragraphs = sum(each.paragraphs for each in documents)
        self._catch_up()

    @property
    def labelled(self) -> int:
        """The number of paragraphs that have a label."""
        return self._total

    @property
    def done(self) -> int:
        """The number of documents that are done."""
        return len(self._done)

    def post(self, asked: Asked) -> Values:
        """Record an event; when this returns, it is on the disk. The same event again has the same answer.

        Raises `RefusedError`, and `sqlite3.Error` if the journal cannot be written.
        """
        with self.lock:
            event = self._event(asked)
            with self.journal.writing():
                self._catch_up()
                before = self.journal.find(asked.client, asked.serial)
                if before is None:
                    event = replace(event, seq=self.journal.add(event))
            if before is not None:
                return self._answer_again(event, before)
            return self._answer(self._apply(event), event, self.state, self._total)

    def _event(self, asked: Asked) -> Event:
        """The event that is asked for. Raises `RefusedError` for one that makes no sense."""
        document = self._asked_document(asked)
        event = Event(
            asked.client, asked.serial, datetime.now(UTC).isoformat(timespec="milliseconds"),
            asked.annotator or self.annotator, document.digest if document else "", asked.action, seen=asked.seen,
            model=asked.model or self.suggester.digest,
        )  # fmt: skip
        if document is None or asked.action not in ("label", "clear"):
            return event
        first, last = asked.first, asked.last
        if first is None or last is None or not 0 <= first <= last < document.paragraphs:
            raise RefusedError(f"first and last: give paragraphs from 0 to {document.paragraphs - 1}, in order")
        event = replace(event, first=first, last=last)
        if asked.action == "clear":
            return event
        self._check_choice(asked)
        event = replace(event, label=asked.label, kind=asked.kind)
        if event.model != self.suggester.digest:
            return event  # it was given to suggestions of another model, which are not known here
        suggestions = self.suggester.suggest(document.digest, self.documents.texts(document))
        suggested = tuple(each.choice for each in suggestions[first : last + 1])
        return replace(event, suggested=suggested)

    def _asked_document(self, asked: Asked) -> Document | None:
        if asked.document is None and asked.action == "undo":
            return None
        if asked.document is None or not 0 <= asked.document < len(self.work.documents):
            raise RefusedError(f"document: give a number from 0 to {len(self.work.documents) - 1}")
        return self.work.documents[asked.document]

    def _check_choice(self, asked: Asked) -> None:
        labels = [each.name for each in self.labels]
        if asked.label not in labels:
            raise RefusedError(f"label: give one of {', '.join(labels)}")
        kinds = [each.name for each in self.kinds if each.label == asked.label]
        if asked.kind is not None and asked.kind not in kinds:
            raise RefusedError(f"kind: {asked.label} has {', '.join(kinds)}")

    def _answer_again(self, event: Event, before: Event) -> Values:
        """The answer that an event had when it was recorded."""
        if not event.asks_the_same(before):
            reason = f"this window has sent another event with the serial {event.serial}"
            raise RefusedError(reason, HTTPStatus.CONFLICT)
        state = State(self.journal.events(until=before.seq - 1))
        outcome = state.apply(before)
        return self._answer(outcome, before, state, sum(self._labelled_in(each, state) for each in self.documents))

    def _apply(self, event: Event) -> Outcome:
        outcome = self.state.apply(event)
        document = self.documents.get(outcome.document)
        if document is not None:
            self._total -= self._labelled[document.digest]
            self._labelled[document.digest] = self._labelled_in(document, self.state)
            self._total += self._labelled[document.digest]
            (self._done.add if self.state.is_done(document.digest) else self._done.discard)(document.digest)
        return outcome

    def _catch_up(self) -> None:
        """Apply what other processes have recorded."""
        for event in list(self.journal.events(after=self.state.seq)):
            self._apply(event)

    @staticmethod
    def _labelled_in(document: Document, state: State) -> int:
        entries = state.entries(document.digest)
        return sum(entry.label is not None for entry in entries.values()) + len(document.given.keys() - entries.keys())

    def _answer(self, outcome: Outcome, event: Event, state: State, labelled: int) -> Values:
        digest = outcome.document
        return {
            "seq": outcome.seq, "document": self.work.number.get(digest), "done": state.is_done(digest),
            "applied": [self._changed(at, state) for at in outcome.changed],
            "kept": [self._changed(at, state) for at in outcome.kept],
            "conflicts": [self._changed(at, state) for at in outcome.conflicts],
            "agreement": agreement(*state.agreement(self.suggester.digest))._asdict(), "labelled": labelled,
        }  # fmt: skip

    def _changed(self, at: At, state: State) -> Values:
        change = state.change(at)
        where = {"document": self.work.number.get(at.document), "paragraph": at.paragraph}
        return {"seq": change.seq, "client": change.client, **where, **self._shown(at, state)}

    def _shown(self, at: At, state: State) -> Values:
        """Label and kind of a paragraph, and whose they are."""
        entry, document = state.entry(*at), self.documents.get(at.document)
        if entry is not None:
            return {"label": entry.label, "kind": entry.kind, "by": entry.by}
        given = document.given.get(at.paragraph) if document else None
        return {"label": given and given.label, "kind": given and given.kind, "by": given and (given.by or "given")}

    def changes(self, since: int) -> Values:
        """What has changed behind the event ``since``."""
        with self.lock:
            self._catch_up()
            changed, done = self.state.since(since)
            return {
                "seq": self.state.seq,
                "changes": [self._changed(at, self.state) for at in changed if at.document in self.work.number],
                "done": [
                    {"document": self.work.number[digest], "done": self.state.is_done(digest)}
                    for digest in done
                    if digest in self.work.number
                ],
            }

    def progress(self) -> Values:
        """The counts, the choices and the model."""
        with self.lock:
            self._catch_up()
            return {
                "documents": len(self.documents), "done": len(self._done), "paragraphs": self.paragraphs,
                "labelled": self._total, "annotator": self.annotator, "seq": self.state.seq, "order": self.work.order,
                "labels": [{"name": each.name, "key": each.key} for each in self.labels],
                "kinds": [{"name": each.name, "label": each.label, "key": each.key} for each in self.kinds],
                "agreement": agreement(*self.state.agreement(self.suggester.digest))._asdict(),
            }  # fmt: skip

    def guide(self) -> list[Values]:
        """The label guide in short: a row for each label, and for each kind."""
        rows = [(each.label, None, each.rule) for each in self.labels]
        rows += [(each.label, each.name, each.rule) for each in self.kinds]  # type: ignore[misc]
        return [{"label": label, "kind": kind, "text": rule} for label, kind, rule in rows]

    def listed(self, start: int, limit: int) -> Values:
        """Documents in the order of work, from a number on."""
        with self.lock:
            self._catch_up()
            rows = range(max(0, start), min(max(0, start) + limit, len(self.work.documents)))
            return {"documents": [self._row(number) for number in rows], "total": len(self.work.documents)}

    def _row(self, number: int) -> Values:
        document = self.work.documents[number]
        return {
            "number": number, "id": document.id, "title": document.title, "paragraphs": document.paragraphs,
            "labelled": self._labelled[document.digest], "done": self.state.is_done(document.digest),
            "doubt": self.work.doubts[number],
        }  # fmt: skip

    def document(self, number: int) -> Values | None:
        """A document with its labels and suggestions; None if there is no such number."""
        if not 0 <= number < len(self.work.documents):
            return None
        with self.lock:
            self._catch_up()
            document = self.work.documents[number]
            texts = self.documents.texts(document)
            suggestions = self.suggester.suggest(document.digest, texts)
            paragraphs = [
                {
                    "text": text, **self._shown(At(document.digest, n), self.state),
                    "suggestion": {
                        **each.choice._asdict(), "scores": each.scores, "keep": each.keep, "doubt": each.doubt,
                    },
                }
                for n, (text, each) in enumerate(zip(texts, suggestions, strict=True))
            ]  # fmt: skip
            done = self.state.is_done(document.digest)
            return {
                "number": number, "id": document.id, "seq": self.state.seq, "done": done, "paragraphs": paragraphs,
                "model": self.suggester.digest,
            }  # fmt: skip
