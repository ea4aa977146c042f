"""The journal of a labelling: every action of every person, in a file of SQLite, to which lines are only added.

What was added in a block of `Journal.writing` is on the disk when the block ends: it outlives the process, and a loss
of power if the disk does what it says. Several processes may write to one journal; SQLite lets one do so at a time, and
the others wait.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from detector.errors import DataError
from detector.labelling.events import Choice, Event
from detector.util.atomic import sync_folder

VERSION = 1  # of the tables; raise it with every change of them
APPLICATION = 0x64746C62  # how SQLite and `file` tell a journal from other databases
SYNCHRONOUS = "EXTRA"  # wait for the disk at the end of each block, also for the names of files
WAIT = 10.0  # seconds to wait while another process writes
_OUTPUTS = 100  # digests of outputs that are remembered
_TABLES = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, client TEXT NOT NULL, serial INTEGER NOT NULL CHECK (serial > 0),
    at TEXT NOT NULL, by TEXT, document TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('label', 'clear', 'done', 'reopen', 'undo')),
    first INTEGER NOT NULL, last INTEGER NOT NULL, label TEXT, kind TEXT, seen INTEGER NOT NULL,
    suggested TEXT NOT NULL, model TEXT NOT NULL, UNIQUE (client, serial)
);
CREATE TABLE models (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE documents (digest TEXT PRIMARY KEY, id TEXT NOT NULL, paragraphs INTEGER NOT NULL, place INTEGER);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE outputs (number INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL);
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
CREATE TRIGGER models_stay BEFORE UPDATE ON models BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
CREATE TRIGGER models_are_kept BEFORE DELETE ON models BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
"""
_COLUMNS = (
    "client", "serial", "at", "by", "document", "action", "first", "last", "label", "kind", "seen", "suggested",
    "model",
)  # fmt: skip


class ModelEvent(NamedTuple):
    """What happened to the model: ``action`` is ``started``, ``ready``, ``failed``, ``accepted`` or ``rejected``."""

    at: str
    action: str
    detail: Mapping[str, Any]
    seq: int = 0


class Known(NamedTuple):
    """A document that a journal knows. ``place`` is its number in the order that teaches most, if that is known."""

    digest: str
    id: str
    paragraphs: int
    place: int | None = None


class Journal:
    """An open journal. Threads share it under a lock of theirs: `detector.labelling.session`.

    Raises `DataError` for a file that is no journal, is damaged, or is of another version. Where the disk is full, or
    another process writes for too long, nothing is added: the methods about events raise `sqlite3.Error`, the others
    `DataError`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        is_new = not path.exists()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # it has a secret: that of the page's address
            self._connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise DataError(f"{path}: cannot be used as the journal ({error}); {_remedy(error)}") from error
        if is_new:
            sync_folder(path.parent)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA journal_mode = DELETE")  # one file, also on file systems where processes share no memory
        run(f"PRAGMA synchronous = {SYNCHRONOUS}")
        run("PRAGMA fullfsync = ON")  # macOS: also the disk's own buffer
        with self.writing():
            version, application = (run(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id"))
            if not version and not application and not run("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _statements():
                    run(statement)
                run(f"PRAGMA user_version = {VERSION}")
                run(f"PRAGMA application_id = {APPLICATION}")
                return
        self._check(version, application)

    def _check(self, version: int, application: int) -> None:
        if application != APPLICATION:
            raise DataError(f"{self.path}: is no journal of 'detector label'; choose another --output")
        if version != VERSION:
            remedy = "update the detector" if version > VERSION else "finish it with the version that began it"
            raise DataError(f"{self.path}: is a journal of version {version}, this program has {VERSION}: {remedy}")
        found = self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise DataError(
                f"{self.path}: the journal is damaged ({str(found)[:80]}); put back a copy of it, or choose another "
                "--output and give the labels that were written as an input"
            )

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the journal for writing. When the block ends, what it added is on the disk; all of it, or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DataError(f"{self.path}: cannot be written ({error}); {_remedy(error)}") from error

    def add(self, event: Event) -> int:
        """Add an event, in a block of `writing`. Returns its number."""
        values = [getattr(event, name) for name in _COLUMNS]
        values[_COLUMNS.index("suggested")] = json.dumps(event.suggested)
        places = ", ".join("?" * len(_COLUMNS))
        cursor = self._connection.execute(f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES ({places})", values)  # noqa: S608 - names of ours
        return int(cursor.lastrowid or 0)

    def events(self, after: int = 0, until: int | None = None) -> Iterator[Event]:
        """The events in order, from the one behind ``after``, up to ``until``."""
        query = f"SELECT {', '.join(_COLUMNS)}, seq FROM events WHERE seq > ? AND seq <= ? ORDER BY seq"  # noqa: S608
        rows = self._connection.execute(query, (after, (1 << 62) if until is None else until))
        return map(_event, rows)

    def find(self, client: str, serial: int) -> Event | None:
        """The event that a window has sent under a number, if it is there."""
        query = f"SELECT {', '.join(_COLUMNS)}, seq FROM events WHERE client = ? AND serial = ?"  # noqa: S608
        row = self._connection.execute(query, (client, serial)).fetchone()
        return _event(row) if row else None

    def add_model_event(self, event: ModelEvent) -> int:
        """Add what happened to the model. Returns its number."""
        values = (event.at, event.action, json.dumps(event.detail))
        with self.writing():
            cursor = self._connection.execute("INSERT INTO models (at, action, detail) VALUES (?, ?, ?)", values)
        return int(cursor.lastrowid or 0)

    def model_events(self, after: int = 0) -> list[ModelEvent]:
        """What happened to the model, in order."""
        rows = self._connection.execute(
            "SELECT at, action, detail, seq FROM models WHERE seq > ? ORDER BY seq", (after,)
        )
        return [ModelEvent(at, action, json.loads(detail), seq) for at, action, detail, seq in rows]

    def documents(self) -> dict[str, Known]:
        """The documents that are known, by digest."""
        rows = self._connection.execute("SELECT digest, id, paragraphs, place FROM documents")
        return {row[0]: Known(*row) for row in rows}

    def with_events(self) -> set[str]:
        """The digests of the documents that events are about."""
        return {row[0] for row in self._connection.execute("SELECT DISTINCT document FROM events WHERE document <> ''")}

    def keep_documents(self, documents: Iterable[Known]) -> None:
        """Remember documents, with their places where these are known."""
        with self._telling(), self.writing():
            self._connection.executemany(
                "INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET "
                "place = coalesce(place, excluded.place)",
                documents,
            )

    def setting(self, name: str, default: str) -> str:
        """The value of a setting; the default is kept where there is none yet."""
        with self._telling(), self.writing():
            self._connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, default))
            return str(self._connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()[0])

    def keep_setting(self, name: str, value: str) -> None:
        """Keep the value of a setting in place of the one before."""
        with self._telling(), self.writing():
            self._connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def keep_output(self, digest: str) -> None:
        """Remember the digest of an output, before it is written. The latest hundred are kept."""
        with self._telling(), self.writing():
            number = self._connection.execute("INSERT INTO outputs (digest) VALUES (?)", (digest,)).lastrowid
            self._connection.execute("DELETE FROM outputs WHERE number <= ?", ((number or 0) - _OUTPUTS,))

    def is_output(self, digest: str) -> bool:
        """Whether this is the digest of an output that was written from this journal."""
        return bool(self._connection.execute("SELECT 1 FROM outputs WHERE digest = ?", (digest,)).fetchone())


def _event(row: tuple[Any, ...]) -> Event:
    values = dict(zip((*_COLUMNS, "seq"), row, strict=True))
    suggested = tuple(Choice(*each) for each in json.loads(values.pop("suggested")))
    return Event(**values, suggested=suggested)


def _statements() -> Iterator[str]:
    """The statements of `_TABLES`, which are executed one by one: a script would end the transaction."""
    statement = ""
    for part in _TABLES.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            if statement.strip(";\n "):
                yield statement
            statement = ""


def _remedy(error: Exception) -> str:
    text = str(error)
    if "locked" in text:
        return "another program holds it: end that, or choose another --output"
    if "not a database" in text or "malformed" in text:
        return "it is damaged, or no journal: put back a copy of it, or choose another --output"
    return "see whether its folder can be written, or choose another --output"
