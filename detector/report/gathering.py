"""The documents of a report: read as all commands read their inputs, the first ones or a sample of them."""

from __future__ import annotations

import os
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from detector.corpus.all_files import Options, visit_all
from detector.corpus.one_file import Run

if TYPE_CHECKING:
    from detector.corpus.collector import Warn
    from detector.corpus.one_file import Sidecars
    from detector.corpus.plan import Plan, Task
    from detector.corpus.progress import Meter
    from detector.corpus.summary import Summary
    from detector.formats.base import Record
    from detector.results import Prediction

CHARACTERS = 1 << 25  # of all documents of a report: a browser has to hold them


class Document(NamedTuple):
    """A document of a report: its input, as the task names it, its id, and its text."""

    file: str
    id: str
    text: str


@dataclass(slots=True)
class Shortlist:
    """The documents with the lowest keys, at most ``limit``, and at most ``characters`` in all of them.

    The key is the place of a document, or for a ``sample`` a hash of its text: then it depends neither on the order of
    the inputs nor on their names. ``seen`` counts the documents that were offered.
    """

    limit: int
    sample: bool = False
    characters: int = CHARACTERS
    seen: int = 0
    _entries: list[tuple[Any, Document]] = field(default_factory=list)
    _held: int = 0  # characters
    _bound: Any = None  # the lowest key that was left out

    def offer(self, document: Document | None) -> None:
        """Take a document if there is room for it; None stands for one that is longer than all may be."""
        self.seen += 1
        if document:
            digest = blake2b(document.text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            self._take((digest if self.sample else b"", self.seen), document)

    def merge(self, other: Shortlist) -> None:
        """Offer the documents of another list with the same settings, of later documents."""
        for (digest, number), document in other._entries:
            self._take((digest, number + self.seen), document)
        self.seen += other.seen

    def _take(self, key: tuple[bytes, int], document: Document) -> None:
        if self._bound is not None and key > self._bound:
            return
        insort(self._entries, (key, document))
        self._held += len(document.text)
        while len(self._entries) > self.limit or self._held > self.characters:
            self._bound, last = self._entries.pop()
            self._held -= len(last.text)

    @property
    def documents(self) -> list[Document]:
        """The documents in the order in which they were read."""
        return [document for (_, _), document in sorted(self._entries, key=lambda entry: entry[0][1])]


@dataclass(frozen=True)
class _Reading(Run):
    """A run whose `visit` gathers whole documents in a list. Those of an input that fails are left out."""

    shortlist: Shortlist = field(default_factory=lambda: Shortlist(0))

    def visit(
        self,
        task: Task,
        summary: Summary,
        sidecars: Sidecars,
        meter: Meter,
        visit: Callable[[Record, Prediction], object],
    ) -> None:
        found = Shortlist(self.shortlist.limit, self.shortlist.sample, self.shortlist.characters)
        joined = _Joined(task.name, found)
        super().visit(task, summary, sidecars, meter, joined.add)
        joined.end()
        self.shortlist.merge(found)


class _Joined:
    """Joins the sections of each record to a document."""

    def __init__(self, file: str, shortlist: Shortlist) -> None:
        self._file, self._shortlist = file, shortlist
        self._record: Record | None = None
        self._pieces: list[str] = []
        self._room = 0

    def add(self, record: Record, prediction: Prediction) -> None:
        if record is not self._record:
            self.end()
            self._record, self._room = record, self._shortlist.characters
        self._room -= len(prediction.source)
        if self._room >= 0:
            self._pieces.append(prediction.source)

    def end(self) -> None:
        if self._record is not None:
            document = Document(self._file, self._record.id, "".join(self._pieces))
            self._shortlist.offer(document if self._room >= 0 else None)
        self._record, self._pieces = None, []


def gather(plan: Plan, run: Run, options: Options, shortlist: Shortlist, warn: Warn) -> Summary:
    """Read all inputs of a plan, and offer their documents to a list. Returns the summary of the run, as `visit_all`.

    Also raises errors as `visit_all` does.
    """
    reading = _Reading(run.cleaner, run.fields, run.max_rejected, shortlist=shortlist)
    return visit_all(plan, reading, options, _nothing, warn)


def _nothing(record: Record, prediction: Prediction) -> None:
    """The documents are taken from the run itself."""


def shown_names(tasks: Sequence[Task]) -> dict[str, str]:
    """What a report calls the inputs, by the names of their tasks.

    It is the path below the folder that all local inputs have in common: nothing tells of the machine.
    """
    files = {task.name: Path(task.source).absolute() for task in tasks if isinstance(task.source, Path)}
    try:
        folder = os.path.commonpath([file.parent for file in files.values()]) if files else ""
    except ValueError:  # on several drives
        folder = ""
    names = {name: file.relative_to(folder).as_posix() if folder else file.name for name, file in files.items()}
    return {task.name: names.get(task.name, "standard input" if task.source is None else task.name) for task in tasks}


def shown_id(document: Document) -> str:
    """The id of a document without the name of its input; empty if it is no more than that."""
    return document.id.removeprefix(document.file).removeprefix(":") if _is_place(document) else document.id


def _is_place(document: Document) -> bool:
    return document.id == document.file or document.id.startswith(f"{document.file}:")
