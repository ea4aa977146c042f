"""Several windows and two processes on one journal: nothing is lost, doubled or overwritten, whatever their order.

The reference keeps, for each paragraph, the labels that were given, in order; the last one that was not undone counts.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from labelling import LABELS, TEXTS, documents_of

from detector.cleaner import Cleaner
from detector.labelling.journal import Journal
from detector.labelling.session import Asked, RefusedError, Session
from detector.labelling.suggestions import Suggester
from detector.labelling.work import Work

WINDOWS = ("window-aaaa", "window-bbbb", "window-cccc")
_documents = st.integers(0, 1)
_windows, _processes = st.sampled_from(WINDOWS), st.integers(0, 1)


@dataclass
class Given:
    """A label that was given, or taken away."""

    window: str
    choice: tuple[str | None, str | None]
    undone: bool = False


@dataclass
class Paragraph:
    """What happened to a paragraph: what was given, and the last change with its window."""

    given: list[Given] = field(default_factory=list)
    changed: int = 0
    by: str = ""

    @property
    def choice(self) -> tuple[str | None, str | None]:
        left = [each for each in self.given if not each.undone]
        return left[-1].choice if left else (None, None)


class Windows(RuleBasedStateMachine):
    """Windows that label at the same time, each through one of two processes at a time."""

    cleaner: Cleaner

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.sessions = [self.session(), self.session()]
        self.serial = dict.fromkeys(WINDOWS, 0)
        self.seen = dict.fromkeys(WINDOWS, 0)
        self.answers: dict[Asked, dict[str, Any]] = {}
        self.paragraphs = [[Paragraph() for _ in texts] for texts in TEXTS]
        self.undoable: dict[str, list[list[tuple[Paragraph, Given]]]] = {window: [] for window in WINDOWS}
        self.number = 0

    def session(self) -> Session:
        journal = Journal(Path(self.folder.name) / "labels.journal")
        journal._connection.execute("PRAGMA synchronous = OFF")  # what is tested here is the order, not the disk
        documents, suggester = documents_of(), Suggester(self.cleaner)
        return Session(documents, journal, Work(documents, journal, suggester, "plain"), suggester)

    def teardown(self) -> None:
        for session in self.sessions:
            session.journal.close()
            session.documents.close()
        self.folder.cleanup()

    def post(self, window: str, process: int, action: str, **fields: Any) -> dict[str, Any]:
        self.serial[window] += 1
        asked = Asked(window, self.serial[window], action, seen=self.seen[window], **fields)  # type: ignore[arg-type]
        answer = self.answers[asked] = self.sessions[process].post(asked)
        self.number += 1
        assert answer["seq"] == self.number  # nothing comes between, and nothing is left out
        return answer

    @rule(window=_windows, process=_processes, document=_documents, first=st.integers(0, 2), more=st.integers(0, 1),
          label=st.sampled_from((*LABELS, None)))  # fmt: skip
    def label(
        self, window: str, process: int, document: int, first: int, more: int, label: tuple[str, str | None] | None
    ) -> None:
        last = min(first + more, len(TEXTS[document]) - 1)
        fields = {"document": document, "first": first, "last": last}
        if label:
            answer = self.post(window, process, "label", label=label[0], kind=label[1], **fields)
        else:
            answer = self.post(window, process, "clear", **fields)
        changed, conflicts, entries = [], [], []
        for number in range(first, last + 1):
            paragraph = self.paragraphs[document][number]
            if paragraph.by not in ("", window) and paragraph.changed > self.seen[window]:
                conflicts += [number] if paragraph.choice != (label or (None, None)) else []
                continue
            entry = Given(window, label or (None, None))
            paragraph.given.append(entry)
            paragraph.changed, paragraph.by = self.number, window
            entries.append((paragraph, entry))
            changed.append(number)
        self.undoable[window].append(entries)
        assert [each["paragraph"] for each in answer["applied"]] == changed
        assert [each["paragraph"] for each in answer["conflicts"]] == conflicts

    @rule(window=_windows, process=_processes)
    def undo(self, window: str, process: int) -> None:
        answer = self.post(window, process, "undo")
        entries = self.undoable[window].pop() if self.undoable[window] else []
        kept = 0
        for paragraph, entry in entries:
            on_top = [each for each in paragraph.given if not each.undone][-1:] == [entry]
            entry.undone = True
            if on_top:
                paragraph.changed, paragraph.by = self.number, window
            kept += not on_top
        assert len(answer["kept"]) == kept

    @rule(window=_windows, process=_processes)
    def look(self, window: str, process: int) -> None:
        self.seen[window] = self.sessions[process].changes(0)["seq"]

    @rule(data=st.data(), process=_processes)
    def send_again(self, data: st.DataObject, process: int) -> None:
        """A window has not got the answer, and sends an event again, perhaps much later, or to the other process."""
        if self.answers:
            asked = data.draw(st.sampled_from(list(self.answers)))
            assert self.sessions[process].post(asked) == self.answers[asked]

    @rule(data=st.data(), process=_processes)
    def send_another_under_the_same_number(self, data: st.DataObject, process: int) -> None:
        if self.answers:
            asked = data.draw(st.sampled_from(list(self.answers)))
            with pytest.raises(RefusedError):
                self.sessions[process].post(Asked(asked.client, asked.serial, "done", document=3))

    @rule(process=_processes)
    def start_again(self, process: int) -> None:
        """A process ends without a word, and another one takes its place."""
        self.sessions[process].journal.close()
        self.sessions[process].documents.close()
        self.sessions[process] = self.session()

    @invariant()
    def all_see_the_same(self) -> None:
        for session in self.sessions:
            assert session.changes(0)["seq"] == self.number
            for number, paragraphs in enumerate(self.paragraphs):
                document = session.document(number)
                assert document is not None
                found = [(each["label"], each["kind"]) for each in document["paragraphs"]]
                assert found == [each.choice for each in paragraphs]
            labelled = sum(each.choice[0] is not None for paragraphs in self.paragraphs for each in paragraphs)
            assert session.labelled == labelled


def test_windows_and_processes_take_turns(tiny_cleaner: Cleaner) -> None:
    machine = type("Machine", (Windows,), {"cleaner": tiny_cleaner})
    run_state_machine_as_test(machine, settings=settings(max_examples=30, stateful_step_count=30, deadline=None))
