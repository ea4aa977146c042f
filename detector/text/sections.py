"""Long texts cut into sections that are judged one after the other, so that memory stays bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from detector.text.paragraphs import ParagraphBreak

SECTION_CHARACTERS = 1 << 19  # a text longer than this is judged in sections of at most this size
EXCERPT_CHARACTERS = 1 << 16  # of a paragraph longer than a section, this much is judged

_BLANK_LINE = re.compile(r"(?>\r\n|\r|\n)[^\S\r\n]*(?>\r\n|\r|\n)")  # atomic: a CRLF is never taken for two ends
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a text, ``text`` from the character ``start`` on.

    Where one paragraph is longer than a section, ``paragraph`` is its first and last character and ``text`` only its
    beginning.
    """

    start: int
    text: str
    paragraph: tuple[int, int] | None = None


def sections(text: str, paragraphs: ParagraphBreak, size: int = SECTION_CHARACTERS) -> Iterator[Section]:
    """Cut a text between paragraphs into sections of at most ``size`` characters, or one more where a CRLF ends it.

    There is always one; of a longer stretch that holds no paragraph, it is an empty one.
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
    """Where the last paragraph that ends in ``text[start:end]`` ends, after its line break; 0 for none."""
    if paragraphs == "blank":
        return max((match.end() for match in _BLANK_LINE.finditer(text, start, end)), default=0)
    return _after_crlf(text, max(text.rfind("\n", start, end), text.rfind("\r", start, end)) + 1)


def _next_break(text: str, at: int, paragraphs: ParagraphBreak) -> int:
    # one character back, and in blank mode a line back: a break may straddle the place
    pattern = _BLANK_LINE if paragraphs == "blank" else _LINE_END
    back = at - 1
    if paragraphs == "blank":
        back = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at), 0)
    match = pattern.search(text, back)
    return match.end() if match else len(text)


def _after_crlf(text: str, cut: int) -> int:
    return cut + 1 if cut and text[cut - 1 : cut + 1] == "\r\n" else cut


def _excerpt(text: str, start: int, stop: int) -> Iterator[Section]:
    """The one paragraph of ``text[start:stop]``, or nothing of it where all is blank."""
    body = text[start:stop]
    lead = len(body) - len(body.lstrip())
    if lead == len(body):
        yield Section(start, "")
        return
    first = max(body.rfind("\n", 0, lead), body.rfind("\r", 0, lead)) + 1
    ends = _LINE_END.search(body, len(body.rstrip()))
    last = ends.start() if ends else len(body)
    yield Section(start, body[lead : lead + EXCERPT_CHARACTERS], (start + first, start + last))
