"""The journal: what was added stays, and what is no journal is refused."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from detector.errors import DataError
from detector.labelling import journal as module
from detector.labelling.events import Choice, Event
from detector.labelling.journal import Journal, Known, ModelEvent

EVENT = Event(
    "window-0001", 1, "2031-03-04T07:15:00.000+00:00", "Ada", "digest", "label", 0, 1, "appeal", "donation", 4,
    (Choice("appeal", "app"), Choice("reporting", None)), "model",
)  # fmt: skip


def added(journal: Journal, event: Event = EVENT) -> int:
    with journal.writing():
        return journal.add(event)


def numbered(serial: int, **fields: object) -> Event:
    from dataclasses import replace

    return replace(EVENT, serial=serial, **fields)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.journal"


def test_what_was_added_is_there_when_it_is_opened_again(path: Path) -> None:
    first = Journal(path)
    assert [added(first), added(first, numbered(2, by=None, label=None, suggested=()))] == [1, 2]
    first.close()
    events = list(Journal(path).events())
    assert events == [numbered(1, seq=1), numbered(2, seq=2, by=None, label=None, suggested=())]


def test_events_are_found_by_number_and_by_window(path: Path) -> None:
    journal = Journal(path)
    for serial in (1, 2, 3):
        added(journal, numbered(serial))
    assert [event.seq for event in journal.events(after=1)] == [2, 3]
    assert [event.seq for event in journal.events(until=2)] == [1, 2]
    assert journal.find("window-0001", 2) == numbered(2, seq=2)
    assert journal.find("window-0002", 2) is None
    assert journal.with_events() == {"digest"}


def test_nothing_of_a_block_that_fails_is_added(path: Path) -> None:
    journal = Journal(path)

    def fail() -> None:
        with journal.writing():
            journal.add(EVENT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(journal.events()) == []
    assert added(journal) == 1


def test_a_number_of_a_window_is_added_once(path: Path) -> None:
    journal = Journal(path)
    added(journal)
    with pytest.raises(sqlite3.IntegrityError):
        added(journal)
    assert len(list(journal.events())) == 1


@pytest.mark.parametrize("table", ["events", "models"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET at = ''", "DELETE FROM {}"])
def test_events_can_only_be_added(table: str, statement: str, path: Path) -> None:
    journal = Journal(path)
    added(journal)
    journal.add_model_event(ModelEvent("2031", "started", {"documents": 1}))
    other = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="only added"):
        other.execute(statement.format(table))


def test_two_processes_take_turns(path: Path) -> None:
    one, other = Journal(path), Journal(path)
    done: list[int] = []
    with one.writing():
        one.add(EVENT)
        thread = threading.Thread(target=lambda: done.append(added(other, numbered(2))))
        thread.start()
        assert done == []
    thread.join()
    assert done == [2]
    assert [event.serial for event in one.events()] == [1, 2]


def test_who_waits_for_too_long_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT", 0.01)
    one = Journal(path)
    other = Journal(path)
    with one.writing():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            added(other)
        with pytest.raises(DataError, match="another program holds it"):
            Journal(path)
    assert added(other) == 1


def test_it_waits_for_the_disk(path: Path) -> None:
    journal = Journal(path)
    settings = {name: journal._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous",)}
    assert settings == {"synchronous": 3}  # EXTRA


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_only_its_owner_may_read_it(path: Path) -> None:
    Journal(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def _other_version(path: Path) -> None:
    Journal(path).close()
    sqlite3.connect(path).execute("PRAGMA user_version = 99")


def _damaged(path: Path) -> None:
    journal = Journal(path)
    with journal.writing():
        for serial in range(1, 300):
            journal.add(numbered(serial))
    journal.close()
    content = bytearray(path.read_bytes())
    content[5 * 4096 : 7 * 4096] = b"\xa5" * 8192
    path.write_bytes(content)


def _other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE articles (text)")
    connection.commit()


WRONG = [
    ("text", lambda path: path.write_text("no database " * 100), "put back a copy"),
    ("another database", _other_database, "no journal of 'detector label'"),
    ("another version", _other_version, "version 99, this program has 1: update"),
    ("damaged", _damaged, "damaged"),
    ("a folder", lambda path: path.mkdir(), "cannot be used as the journal"),
]


@pytest.mark.parametrize(("name", "make", "said"), WRONG, ids=[name for name, *_ in WRONG])
def test_what_is_no_journal_is_refused_and_stays(name: str, make: object, said: str, path: Path) -> None:
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DataError, match=said) as refused:
        Journal(path)
    assert str(path) in str(refused.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_documents_keep_their_first_places(path: Path) -> None:
    journal = Journal(path)
    journal.keep_documents([Known("a", "a.txt", 3), Known("b", "b.txt", 1, 0)])
    journal.keep_documents([Known("a", "a.txt", 3, 1), Known("b", "b.txt", 1, 7)])
    assert [known.place for known in journal.documents().values()] == [1, 0]


def test_settings_and_outputs_are_remembered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OUTPUTS", 2)
    journal = Journal(path)
    assert journal.setting("secret", "one") == journal.setting("secret", "two") == "one"
    journal.keep_setting("port", "7000")
    assert journal.setting("port", "0") == "7000"
    for digest in "abc":
        journal.keep_output(digest)
    assert [journal.is_output(digest) for digest in "abc"] == [False, True, True]


def test_a_disk_that_is_full_is_told(path: Path) -> None:
    journal = Journal(path)
    journal._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(DataError, match=r"labels\.journal: cannot be written \(database or disk is full\)"):
        journal.keep_setting("long", "x" * 100_000)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        added(journal, numbered(1, client="x" * 100_000))
    assert list(journal.events()) == []


def test_what_happened_to_the_model_is_kept_in_order(path: Path) -> None:
    journal = Journal(path)
    for action in ("started", "ready"):
        journal.add_model_event(ModelEvent("2031", action, {"better": True}))
    assert [(event.action, event.seq) for event in journal.model_events()] == [("started", 1), ("ready", 2)]
    assert [event.action for event in journal.model_events(after=1)] == ["ready"]
