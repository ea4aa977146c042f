"""Split texts into paragraphs without loss; all texts of a batch share one UTF-8 buffer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.text.characters import CharacterClass, classify
from detector.util.arrays import Bytes, Offsets

ParagraphBreak: TypeAlias = Literal["line", "blank"]

# Bytes of padding before and after the texts: eight bytes can be read before any offset, 64 bytes from any offset on.
FRONT = 8
BACK = 64


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches of the texts of a batch, in order.

    ``classes`` and ``folded`` (`detector.text.characters.classify`) are those of one buffer that holds all texts in
    UTF-8. The other arrays have one entry per stretch: ``document`` is the index of its text, ``start`` and ``end`` its
    bytes in the buffer, ``char_start`` and ``char_end`` its characters in its own text. All ends are exclusive.
    """

    classes: Bytes
    folded: Bytes
    document: Offsets
    start: Offsets
    end: Offsets
    char_start: Offsets
    char_end: Offsets

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True)
class Lines(Spans):
    """The lines of a buffer that are not blank; ``after_blank`` tells which follow a blank line or begin the buffer."""

    after_blank: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch(Spans):
    """The paragraphs of a batch of texts; text ``d`` has the paragraphs ``bounds[d]`` to ``bounds[d + 1]``."""

    bounds: Offsets

    @property
    def documents(self) -> int:
        """The number of texts in the batch."""
        return len(self.bounds) - 1


LineSplitter: TypeAlias = Callable[[bytes, Offsets], Lines]


def split(texts: Sequence[str], paragraphs: ParagraphBreak = "line", splitter: LineSplitter | None = None) -> Batch:
    r"""Split texts into paragraphs.

    With ``line``, a paragraph is a line that is not blank; lines end with ``\n``, ``\r\n`` or ``\r``. With ``blank``,
    it is a run of such lines up to the next blank line. A line is blank when ``str.isspace`` holds for all its
    characters. Line ends and everything between paragraphs belong to no paragraph: a text consists of its paragraphs
    and what is between them, and nothing else.

    ``splitter`` works on the bytes: `split_lines`, or a function that returns the same arrays.
    """
    blobs = [text.encode("utf-8", "surrogatepass") for text in texts]
    buffer = b"".join((b"\n" * FRONT, b"\n".join(blobs), b"\n" * BACK))
    lengths = np.fromiter((len(blob) + 1 for blob in blobs), dtype=np.int64, count=len(blobs))
    origin = FRONT + np.concatenate(([0], np.cumsum(lengths)))
    lines = (splitter or split_lines)(buffer, origin)
    if paragraphs == "blank":
        lines = _join(lines)
    bounds = np.searchsorted(lines.document, np.arange(len(blobs) + 1))
    return Batch(
        lines.classes, lines.folded, lines.document, lines.start, lines.end, lines.char_start, lines.char_end, bounds
    )


def split_lines(buffer: bytes, origin: Offsets) -> Lines:
    """The lines of a padded buffer whose texts begin at the bytes ``origin``."""
    classes, folded = classify(buffer)
    raw = np.frombuffer(buffer, dtype=np.uint8)
    start, end, after_blank = _lines(raw, classes)
    document = np.searchsorted(origin, start, side="right") - 1
    char_start, char_end = _characters(raw, buffer.isascii(), origin, document, start, end)
    return Lines(classes, folded, document, start, end, char_start, char_end, after_blank)


def _lines(raw: Bytes, classes: Bytes) -> tuple[Offsets, Offsets, NDArray[np.bool_]]:
    """Start and end of every line that is not blank, and whether it follows a blank line or begins the buffer."""
    breaks = np.flatnonzero((raw == ord("\n")) | (raw == ord("\r")))
    start, end = breaks[:-1] + 1, breaks[1:]
    inside_crlf = (start == end) & (raw[end] == ord("\n")) & (raw[start - 1] == ord("\r"))
    start, end = start[~inside_crlf], end[~inside_crlf]
    filled = np.maximum.reduceat(classes, start) > CharacterClass.SPACE
    after_blank = np.concatenate(([True], ~filled[:-1]))
    return start[filled], end[filled], after_blank[filled]


def _join(lines: Lines) -> Lines:
    """Join runs of lines that have no blank line between them, within one text."""
    opens = lines.after_blank.copy()
    opens[1:] |= lines.document[1:] != lines.document[:-1]
    closes = np.concatenate((opens[1:], [True]))[: len(opens)]
    return replace(
        lines, document=lines.document[opens], start=lines.start[opens], end=lines.end[closes],
        char_start=lines.char_start[opens], char_end=lines.char_end[closes], after_blank=lines.after_blank[opens],
    )  # fmt: skip


def _characters(
    raw: Bytes, ascii_only: bool, origin: Offsets, document: Offsets, start: Offsets, end: Offsets
) -> tuple[Offsets, Offsets]:
    """Turn byte offsets in the buffer into character offsets in the paragraph's own text."""
    if ascii_only:
        return start - origin[document], end - origin[document]
    continuations = np.flatnonzero((raw & 0xC0) == 0x80)

    def character(at: Offsets) -> Offsets:
        return at - np.searchsorted(continuations, at)

    zero = character(origin)[document]
    return character(start) - zero, character(end) - zero
