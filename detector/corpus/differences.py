"""What cleaning would change, as unified diffs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from detector.corpus.one_file import Run
from detector.corpus.plan import Task
from detector.formats.base import Record
from detector.results import SectionPrediction

_IN_MEMORY = 1 << 20  # bytes of a hunk
_NO_END = b"\\ No newline at end of file\n"
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}

Paint = Callable[[bytes], bytes]  # colours a line


@dataclass(frozen=True)
class DiffingRun(Run):
    """A run whose `predict` writes a unified diff for each document that cleaning would change.

    ``context`` is the number of lines around a change; ``paint`` colours the lines for a terminal.
    """

    context: int = 3
    paint: Paint | None = None

    def lines(self, task: Task, record: Record, sections: Iterable[SectionPrediction]) -> Iterator[bytes]:
        """The lines of the diff of a document; none where nothing changes."""
        found = unified(document_name(task, record), changed_lines(sections), self.context)
        return map(self.paint, found) if self.paint else iter(found)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text, with its end, and what of it stays: all, nothing (None), or another line."""

    old: bytes
    new: bytes | None


def document_name(task: Task, record: Record) -> str:
    """The path of the file, below the current folder where it is there; with the id where it has several records."""
    name = task.name
    if task.source is not None and isinstance(task.source, Path):
        path = task.source.absolute()
        name = (path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path).as_posix()
    return name if task.type.format_name == "text" else f"{name}#{record.id}"


def changed_lines(sections: Iterable[SectionPrediction]) -> Iterator[Line]:
    r"""The lines of a text, which end with ``\n``, and what cleaning makes of them."""
    old, new = "", ""
    for section in sections:
        for text, is_kept in _stretches(section):
            for piece in _lines(text):
                old, new = old + piece, new + piece if is_kept else new
                if piece.endswith("\n"):
                    yield _line(old, new)
                    old, new = "", ""
    if old:
        yield _line(old, new)


def _lines(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def _stretches(section: SectionPrediction) -> Iterator[tuple[str, bool]]:
    """The text of a section in order, in stretches that are kept or removed."""
    source, at = section.prediction.source, 0
    for start, stop in section.prediction.removed_spans():
        yield source[at:start], True
        yield source[start:stop], False
        at = stop
    yield source[at:], True


def _line(old: str, new: str) -> Line:
    return Line(_encoded(old), _encoded(new) if new else None)


def _encoded(text: str) -> bytes:
    """The bytes that a text was read from, if that was UTF-8."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # of another encoding
        return text.encode("utf-8", "surrogatepass")


def unified(name: str, lines: Iterable[Line], context: int) -> Iterator[bytes]:
    """A unified diff of a document, with ``context`` lines around each change; nothing where nothing changes."""
    hunks = _Hunks(context)
    header: list[bytes] = [f"--- {_quoted('a/', name)}\n".encode(), f"+++ {_quoted('b/', name)}\n".encode()]
    for line in lines:
        for piece in hunks.add(line):
            yield from header
            header = []
            yield piece
    for piece in hunks.end():
        yield from header
        header = []
        yield piece


def _quoted(prefix: str, name: str) -> str:
    """A name as Git and patch read it: in quotation marks where it has control characters, else with a tab at its end
    where it has spaces.
    """
    shown = _encoded(prefix + name.removeprefix("/")).decode("utf-8", "replace")
    if any(character < " " or character in '"\\' for character in shown):
        escaped = "".join(_ESCAPES.get(c, c if c >= " " else f"\\{ord(c):03o}") for c in shown)
        return f'"{escaped}"'
    return f"{shown}\t" if " " in shown else shown


class _Hunks:
    """Gathers the lines of a text to hunks. One hunk is held at a time, on disk where it is large."""

    def __init__(self, context: int) -> None:
        self._context = context
        self._before: deque[Line] = deque(maxlen=context)  # lines that did not change, and are in no hunk
        self._old = self._new = 1  # numbers of the next lines
        self._hunk: _Hunk | None = None
        self._same = 0  # lines since the last change

    def add(self, line: Line) -> Iterator[bytes]:
        """Take a line; yields the hunk that ended before it."""
        if line.old != line.new:
            self._hunk = self._hunk or self._begin()
            self._hunk.change(line)
            self._same = 0
        else:
            self._same += 1
            if self._hunk and self._same > 2 * self._context:
                yield from self._end(self._hunk)
            if self._hunk:
                self._hunk.keep(line)
            else:
                self._before.append(line)
        self._old += 1
        self._new += line.new is not None

    def end(self) -> Iterator[bytes]:
        """The hunk that is held."""
        if self._hunk:
            yield from self._end(self._hunk)

    def _begin(self) -> _Hunk:
        hunk = _Hunk(self._old - len(self._before), self._new - len(self._before))
        for line in self._before:
            hunk.keep(line)
        self._before.clear()
        return hunk

    def _end(self, hunk: _Hunk) -> Iterator[bytes]:
        """Write a hunk, without the lines after its context, which may belong to the next one."""
        self._hunk = None
        self._before.extend(hunk.cut(self._context))
        yield from hunk.written()


class _Hunk:
    """Lines that changed, with those between and around them."""

    def __init__(self, old: int, new: int) -> None:
        self._starts = (old, new)
        self._counts = [0, 0]
        self._lines: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 # `written` closes it
        self._tail: list[Line] = []  # lines since the last change

    def keep(self, line: Line) -> None:
        """Add a line that did not change."""
        self._tail.append(line)

    def change(self, line: Line) -> None:
        """Add a line that is removed or changed."""
        for kept in self._tail:
            self._write(b" ", kept.old, old=1, new=1)
        self._tail = []
        self._write(b"-", line.old, old=1, new=0)
        if line.new is not None:
            self._write(b"+", line.new, old=0, new=1)

    def cut(self, context: int) -> list[Line]:
        """The lines since the last change that are beyond the context; they are no part of the hunk any more."""
        beyond, self._tail = self._tail[context:], self._tail[:context]
        return beyond

    def written(self) -> Iterator[bytes]:
        """The hunk's lines, with their header."""
        for kept in self._tail:
            self._write(b" ", kept.old, old=1, new=1)
        old, new = (
            f"{start if count else start - 1},{count}" if count != 1 else f"{start}"
            for start, count in zip(self._starts, self._counts, strict=True)
        )
        yield f"@@ -{old} +{new} @@\n".encode()
        self._lines.seek(0)
        yield from self._lines
        self._lines.close()

    def _write(self, mark: bytes, line: bytes, old: int, new: int) -> None:
        self._counts[0] += old
        self._counts[1] += new
        self._lines.write(mark + line + (b"" if line.endswith(b"\n") else b"\n" + _NO_END))
