"""Cuts long texts into sections, which are predicted one at a time so that memory is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from detector.text.paragraphs import ParagraphBreak

SECTION_CHARACTERS = 1 << 19  # longer texts are predicted in sections of about this size
EXCERPT_CHARACTERS = 1 << 16  # of a paragraph that is longer than a section, only this much is read

_BLANK_LINE = re.compile(r"(?>\r\n|\r|\n)[^\S\r\n]*(?>\r\n|\r|\n)")  # atomic: a CRLF never matches as two line ends
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text: ``text`` begins at the character ``start``.

    If one paragraph is longer than a section, ``paragraph`` is its start and its end (exclusive) in the whole text, and
    ``text`` is only its beginning. Otherwise ``paragraph`` is None.
    """

    start: int
    text: str
    paragraph: tuple[int, int] | None = None


def sections(text: str, paragraphs: ParagraphBreak, size: int = SECTION_CHARACTERS) -> Iterator[Section]:
    """Cut a text between paragraphs into sections of at most ``size`` characters, or one more if a CRLF ends a section.

    A paragraph that is longer than ``size`` is a section of its own (`Section.paragraph`). White space that is longer
    than ``size`` becomes an empty section. There is at least one section, also for an empty text.
    """
    start = 0
    while len(text) - start > size:
        cut = _last_break(text, start, start + size, paragraphs)
        if cut:
            yield Section(start, text[start:cut])
        else:
            cut = _next_break(text, start + size, paragraphs)
            yield from _excerpt(text, start, cut)
        start = cut
    if start < len(text) or not text:
        yield Section(start, text[start:])


def _last_break(text: str, start: int, end: int, paragraphs: ParagraphBreak) -> int:
    """The position after the last paragraph break in ``text[start:end]``; 0 if there is none."""
    if paragraphs == "blank":
        return max((match.end() for match in _BLANK_LINE.finditer(text, start, end)), default=0)
    return _after_crlf(text, max(text.rfind("\n", start, end), text.rfind("\r", start, end)) + 1)


def _next_break(text: str, at: int, paragraphs: ParagraphBreak) -> int:
    """The position after the first paragraph break that ends after ``at``; the end of the text if there is none."""
    # The break may begin before ``at``: the search begins one character earlier, for blank lines one line earlier.
    pattern = _BLANK_LINE if paragraphs == "blank" else _LINE_END
    back = at - 1
    if paragraphs == "blank":
        back = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at), 0)
    match = pattern.search(text, back)
    return match.end() if match else len(text)


def _after_crlf(text: str, cut: int) -> int:
    """The position ``cut``, or the next one if it is between CR and LF."""
    return cut + 1 if cut and text[cut - 1 : cut + 1] == "\r\n" else cut


def _excerpt(text: str, start: int, stop: int) -> Iterator[Section]:
    """The section for the only paragraph in ``text[start:stop]``; an empty section if all of it is white space."""
    body = text[start:stop]
    lead = len(body) - len(body.lstrip())
    if lead == len(body):
        yield Section(start, "")
        return
    first = max(body.rfind("\n", 0, lead), body.rfind("\r", 0, lead)) + 1
    ends = _LINE_END.search(body, len(body.rstrip()))
    last = ends.start() if ends else len(body)
    yield Section(start, body[lead : lead + EXCERPT_CHARACTERS], (start + first, start + last))
