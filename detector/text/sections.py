"""Cuts long texts into sections, which are predicted one at a time so that memory is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from detector.errors import UsageError
from detector.text.paragraphs import ParagraphBreak

_STEP = 1 << 18  # characters that are taken from a string at a time
_LINE = re.compile(r"\r\n|\r|\n")
_BLANK_LINE = re.compile(r"(?>\r\n|\r|\n)[^\S\r\n]*(?>\r\n|\r|\n)")  # atomic: a CRLF never matches as two line ends
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Limits:
    """The size of a section: at most so many characters and lines, and so many around it as its context."""

    characters: int = 1 << 19
    lines: int = 1 << 13
    context_characters: int = 1 << 14
    context_lines: int = 1 << 7


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text, which begins at the character ``start`` of the text and, as a rule, with a paragraph.

    ``before`` and ``after`` are the lines around it, as far as they are read for the decisions on this section. An
    ``unread`` section is one paragraph that is longer than a section, up to the character ``end`` of the section; or a
    part of it, if ``continued`` tells that the paragraph began in the section before.
    """

    start: int
    text: str
    before: str = ""
    after: str = ""
    unread: bool = False
    end: int = 0
    continued: bool = False


def count_lines(text: str) -> int:
    """The number of characters that end a line; a CRLF counts as two."""
    lines = text.count("\n")
    return lines + text.count("\r") if "\r" in text else lines  # looking for one is faster than counting


def is_short(text: str, lines: int, limits: Limits = LIMITS) -> bool:
    """Whether a text is one section; ``lines`` is the number that `count_lines` returns."""
    return len(text) <= limits.characters and lines <= limits.lines


def sections(text: str | Iterable[str], paragraphs: ParagraphBreak, limits: Limits = LIMITS) -> Iterator[Section]:
    """Cut a text, or the text that consecutive chunks make, into sections that together are the whole text.

    Sections begin at paragraphs. Blank lines belong to the section before them; a run of them that is longer than the
    context of a section is an unread section. There is at least one section, also for an empty text. The sections do
    not depend on the chunks. Little more than a section is in memory at a time. Raises `UsageError` as `given_chunks`
    does.
    """
    chunks = _steps(text) if isinstance(text, str) else given_chunks(text)
    return _Cutter(chunks, paragraphs, limits).sections()


def _steps(text: str) -> Iterator[str]:
    return (text[at : at + _STEP] for at in range(0, len(text), _STEP))


def given_chunks(text: str | Iterable[str]) -> Iterator[str]:
    """The consecutive chunks of a text: a string is one. Raises `UsageError` for anything else than strings."""
    if isinstance(text, str):
        return iter((text,))
    if not isinstance(text, Iterable) or _is_bytes(text):
        raise UsageError(f"a text is a str, or an iterable of its chunks, not a {type(text).__name__}")
    return map(_checked, text)


def _is_bytes(given: object) -> bool:
    return isinstance(given, bytes | bytearray)


def _checked(chunk: str) -> str:
    if not isinstance(chunk, str):
        raise UsageError(f"a chunk of a text is a str, not a {type(chunk).__name__}")
    return chunk


class _Cutter:
    """Cuts sections off the text that is read ahead."""

    def __init__(self, chunks: Iterator[str], paragraphs: ParagraphBreak, limits: Limits) -> None:
        self._chunks = chunks
        self._paragraphs = paragraphs
        self._limits = limits
        self._blank_end = limits.characters + limits.context_characters  # blank lines are followed up to here
        self._ahead = ""
        self._ended = False  # nothing comes after what is read ahead
        self._before = ""
        self._start = 0

    def sections(self) -> Iterator[Section]:
        while self._fill() and not self._is_last():
            limit = self._section_end()
            end = self._last_break(limit) or self._after_blank_lines(0)  # blank lines may begin the text
            if end:
                yield self._read(self._after_blank_lines(end))
            else:
                yield self._unread(self._unread_end(limit))
                yield from self._rest_of_paragraph()
            yield from self._rest_of_blank_lines()
        if self._ahead or not self._start:
            yield self._read(len(self._ahead))

    def _is_last(self) -> bool:
        """Whether all that is read ahead is the last section."""
        if len(self._ahead) > self._limits.characters:
            return False
        return is_short(self._ahead, count_lines(self._ahead), self._limits)

    def _fill(self) -> bool:
        """Read ahead a section and its context, as far as there is text. Returns whether there is any."""
        pieces, size = [self._ahead], len(self._ahead)
        while size < self._blank_end + 2 and not self._ended:  # two more, so that no CRLF is cut
            chunk = next(self._chunks, None)
            self._ended = chunk is None
            pieces.append(chunk or "")
            size += len(chunk or "")
        self._ahead = "".join(pieces)
        return bool(self._ahead)

    def _section_end(self) -> int:
        """The number of characters ahead that may be in one section."""
        end = self._limits.characters
        last = next(islice(_LINE.finditer(self._ahead, 0, end), self._limits.lines - 1, None), None)
        return _after_crlf(self._ahead, min(last.end() if last else end, len(self._ahead)))

    def _last_break(self, end: int) -> int:
        """The position after the last paragraph break that ends by ``end``; 0 if there is none."""
        if self._paragraphs == "blank":
            return max((match.end() for match in _BLANK_LINE.finditer(self._ahead, 0, end)), default=0)
        return _after_last_line(self._ahead, 0, end)

    def _after_blank_lines(self, at: int) -> int:
        """The beginning of the first line from ``at`` on that is not blank, or as far as blank lines are followed."""
        match = _SPACE.match(self._ahead, at, self._blank_end)
        stop = match.end() if match else at
        if stop == len(self._ahead):  # so the text has ended
            return stop
        return max(at, _after_last_line(self._ahead, at, stop))

    def _read(self, end: int) -> Section:
        before = self._before
        start, text = self._take(end)
        self._before = self._tail(before + text)
        return Section(start, text, before, self._head(self._blank_end - end))

    def _unread(self, stop: int, end: int | None = None, continued: bool = False) -> Section:
        """An unread section of ``stop`` characters, of which the first ``end`` belong to the paragraph."""
        start, text = self._take(stop)
        self._before = ""
        if end is None:
            end = stop if self._ahead else _without_blank_lines(text)
        return Section(start, text, unread=True, end=end, continued=continued)

    def _unread_end(self, end: int) -> int:
        """``end``, or the last position before it from which a blank line after the paragraph is still found."""
        return (len(self._ahead[:end].rstrip()) if self._paragraphs == "blank" else end) or end

    def _take(self, end: int) -> tuple[int, str]:
        """Cut ``end`` characters off; returns where they begin in the text, and the characters."""
        start, text = self._start, self._ahead[:end]
        self._start, self._ahead = start + end, self._ahead[end:]
        return start, text

    def _rest_of_paragraph(self) -> Iterator[Section]:
        """The rest of a paragraph of which a section has been cut off, with the blank lines after it."""
        pattern = _BLANK_LINE if self._paragraphs == "blank" else _LINE
        while self._fill():
            limit = _after_crlf(self._ahead, min(self._limits.characters, len(self._ahead)))
            if found := pattern.search(self._ahead, 0, limit):
                yield self._unread(self._after_blank_lines(found.end()), found.start(), continued=True)
                return
            yield self._unread(self._unread_end(limit), continued=True)

    def _rest_of_blank_lines(self) -> Iterator[Section]:
        """The rest of a run of blank lines that was too long for the section before it."""
        continued = False
        while self._fill() and (end := self._after_blank_lines(0)):
            yield self._unread(end, end, continued)
            continued = True

    def _tail(self, text: str) -> str:
        """The last lines of a text, as the context of what follows."""
        tail = text[max(len(text) - self._limits.context_characters, 0) :]
        start, end = len(tail), len(tail)
        for _ in range(self._limits.context_lines + 1):  # the first line end that is found ends the last line
            found = max(tail.rfind("\n", 0, end), tail.rfind("\r", 0, end))
            if found < 0:
                return tail if len(tail) == len(text) else tail[start:]
            start, end = found + 1, found - (tail[max(found - 1, 0) : found + 1] == "\r\n")
        return tail[start:]

    def _head(self, known: int) -> str:
        """The first lines of what is read ahead, of which ``known`` characters are there at least, as context."""
        head = self._ahead[: max(min(self._limits.context_characters, known), 0)]
        ends = [match.end() for match in islice(_LINE.finditer(head), self._limits.context_lines)]
        if len(ends) == self._limits.context_lines or (ends and len(head) < len(self._ahead)):
            return head[: ends[-1]]
        return head


def _after_last_line(text: str, start: int, end: int) -> int:
    """The position after the last line end in ``text[start:end]``; 0 if there is none."""
    return _after_crlf(text, max(text.rfind("\n", start, end), text.rfind("\r", start, end)) + 1)


def _without_blank_lines(text: str) -> int:
    """The end of the last line of a text that is not blank."""
    last = _LINE.search(text, len(text.rstrip()))
    return last.start() if last else len(text)


def _after_crlf(text: str, at: int) -> int:
    """The position ``at``, or the next one if it is between CR and LF."""
    return at + 1 if at and text[at - 1 : at + 1] == "\r\n" else at
