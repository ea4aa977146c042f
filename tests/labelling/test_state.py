"""Events to labels: undo, and what happens where two windows differ."""

from __future__ import annotations

from typing import Any

import pytest

from detector.labelling.events import Choice, Event
from detector.labelling.state import At, State

A, B = "window-aaaa", "window-bbbb"
GIVEN = {"label": "appeal", "kind": "donation"}


def event(seq: int, client: str, action: str, first: int = 0, last: int = 0, **fields: Any) -> Event:
    if action == "label":
        fields = {**GIVEN, **fields}
        fields.setdefault("suggested", (Choice("appeal", "donation"),) * (last - first + 1))
    seen = fields.pop("seen", seq - 1)
    return Event(
        client, seq, "2031-03-04T00:00:00.000+00:00", None, "doc", action, first, last, seen=seen, model="m", seq=seq,
        **fields,
    )  # type: ignore[arg-type]  # fmt: skip


def labels(state: State, number: int = 3) -> list[str | None]:
    entries = [state.entry("doc", paragraph) for paragraph in range(number)]
    return [entry.label if entry else None for entry in entries]


# what is done, in order, and the labels of three paragraphs in the end
HISTORIES: list[tuple[str, list[Event], list[str | None]]] = [
    ("a range", [event(1, A, "label", 0, 1)], ["appeal", "appeal", None]),
    ("undo", [event(1, A, "label", 0, 1), event(2, A, "undo")], [None, None, None]),
    ("undo of nothing", [event(1, A, "undo"), event(2, A, "label")], ["appeal", None, None]),
    ("undo twice", [event(1, A, "label"), event(2, A, "label", label="reporting"), event(3, A, "undo"),
                    event(4, A, "undo")], [None, None, None]),
    ("undo once of two", [event(1, A, "label"), event(2, A, "label", label="reporting"), event(3, A, "undo")],
     ["appeal", None, None]),
    ("clear", [event(1, A, "label", 0, 2), event(2, A, "clear", 1, 1)], ["appeal", None, "appeal"]),
    ("undo of clear", [event(1, A, "label", 0, 2), event(2, A, "clear", 1, 1), event(3, A, "undo")], ["appeal"] * 3),
    ("undo is of this window's", [event(1, A, "label"), event(2, B, "label", 1, 1), event(3, A, "undo")],
     [None, "appeal", None]),
    ("another window's later label wins over undo",
     [event(1, A, "label", 0, 1), event(2, B, "label", 0, 0, label="reporting"), event(3, A, "undo")],
     ["reporting", None, None]),
    ("what was undone below does not come back",
     [event(1, A, "label"), event(2, B, "label", label="reporting"), event(3, A, "undo"), event(4, B, "undo")],
     [None, None, None]),
    ("a label that the window had not seen stays",
     [event(1, A, "label"), event(2, B, "label", 0, 1, label="reporting", seen=0)], ["appeal", "reporting", None]),
    ("a label that the window had seen is replaced",
     [event(1, A, "label"), event(2, B, "label", 0, 1, label="reporting", seen=1)], ["reporting", "reporting", None]),
    ("the window's own label is replaced, seen or not",
     [event(1, A, "label"), event(2, A, "label", label="reporting", seen=0)], ["reporting", None, None]),
    ("a label that was not seen is not taken away", [event(1, A, "label"), event(2, B, "clear", seen=0)],
     ["appeal", None, None]),
    ("a label that another window took away, not seen, is not given again",
     [event(1, A, "label"), event(2, A, "undo"), event(3, B, "label", label="reporting", seen=1)], [None] * 3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "events", "expected"), HISTORIES, ids=[name for name, *_ in HISTORIES])
def test_labels_after_events(name: str, events: list[Event], expected: list[str | None]) -> None:
    assert labels(State(events)) == expected


def test_what_an_event_changes_and_leaves() -> None:
    state = State([event(1, A, "label", 0, 0), event(2, A, "label", 1, 1, label="reporting")])
    outcome = state.apply(event(3, B, "label", 0, 2, seen=0))
    assert outcome.changed == (At("doc", 2),)
    assert outcome.conflicts == (At("doc", 1),)  # paragraph 0 has this label already
    assert state.change(At("doc", 1)) == (2, A)
    undone = state.apply(event(4, A, "undo"))
    assert (undone.changed, undone.kept) == ((At("doc", 1),), ())
    state.apply(event(5, B, "label", 0, 0, label="navigation"))
    undone = state.apply(event(6, A, "undo"))
    assert (undone.changed, undone.kept) == ((), (At("doc", 0),))


def test_documents_are_done_and_open_again() -> None:
    state = State([event(1, A, "done")])
    assert state.is_done("doc")
    state.apply(event(2, A, "undo"))
    assert not state.is_done("doc")
    state.apply(event(3, A, "done"))
    state.apply(event(4, B, "done"))
    state.apply(event(5, B, "undo"))
    assert state.is_done("doc")  # it was before
    state.apply(event(6, A, "undo"))
    assert state.is_done("doc")  # another window has changed it since
    state.apply(event(7, B, "reopen"))
    assert not state.is_done("doc")
    assert not state.is_done("other")


def test_what_has_changed_since() -> None:
    state = State([event(1, A, "label", 0, 1), event(2, B, "label", 1, 1), event(3, B, "done"), event(4, A, "label")])
    assert state.since(0) == ([At("doc", 0), At("doc", 1)], ["doc"])
    assert state.since(1) == ([At("doc", 1), At("doc", 0)], ["doc"])
    assert state.since(3) == ([At("doc", 0)], [])
    assert state.since(4) == ([], [])


def test_agreement_counts_the_latest_labels_by_model() -> None:
    state = State([event(1, A, "label", 0, 2)])
    assert state.agreement("m") == (3, 3)
    state.apply(event(2, A, "label", 0, 0, label="reporting"))
    assert state.agreement("m") == (3, 2)
    state.apply(event(3, A, "clear", 1, 1))
    assert state.agreement("m") == (2, 1)
    state.apply(event(4, A, "undo"))
    assert state.agreement("m") == (3, 2)
    assert state.agreement("another") == (0, 0)
