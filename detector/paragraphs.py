"""Lossless split of texts into paragraphs, all texts of a batch in one UTF-8 buffer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector import speed
from detector.characters import Bytes, CharacterClass, classify

Mode: TypeAlias = Literal["line", "blank"]
Offsets: TypeAlias = NDArray[np.int64]

FRONT = 8  # bytes of padding before and after the texts, so that eight bytes can be read at any place
BACK = 32


@dataclass(frozen=True, slots=True)
class Batch:
    """The paragraphs of a batch of texts, in order.

    ``classes`` and ``folded`` (`detector.characters.classify`) are those of one buffer that holds the texts in UTF-8.
    ``document`` is each paragraph's text, an index; ``start`` and ``end`` are its bytes in the buffer; ``first`` and
    ``last`` its characters in its own text. ``bounds[d]`` to ``bounds[d + 1]`` are the paragraphs of text ``d``.
    """

    classes: Bytes
    folded: Bytes
    document: Offsets
    start: Offsets
    end: Offsets
    first: Offsets
    last: Offsets
    bounds: Offsets

    def __len__(self) -> int:
        return len(self.start)

    @property
    def documents(self) -> int:
        """How many texts the batch has."""
        return len(self.bounds) - 1


def split(texts: Sequence[str], mode: Mode = "line") -> Batch:
    r"""Split texts into paragraphs.

    With ``line`` a paragraph is a line that is not blank; lines end with ``\n``, ``\r\n`` or ``\r``. With ``blank``
    it is a run of such lines up to the next blank one. A line is blank when ``str.isspace`` holds for all its
    characters. The line ends, and everything between paragraphs, belong to no paragraph: a text is its paragraphs
    and what stands between them, nothing else.
    """
    blobs = [text.encode("utf-8", "surrogatepass") for text in texts]
    buffer = b"".join((b"\n" * FRONT, b"\n".join(blobs), b"\n" * BACK))
    lengths = np.fromiter((len(blob) + 1 for blob in blobs), dtype=np.int64, count=len(blobs))
    origin = FRONT + np.concatenate(([0], np.cumsum(lengths)))
    speed.count(len(buffer))
    fast = speed.kernels()
    lines = fast.split_lines(buffer, origin) if fast else split_lines(buffer, origin)
    if mode == "blank":
        lines = _joined(lines)
    bounds = np.searchsorted(lines.document, np.arange(len(blobs) + 1))
    return Batch(lines.classes, lines.folded, lines.document, lines.start, lines.end, lines.first, lines.last, bounds)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a buffer that are not blank: what `Batch` says of paragraphs.

    ``after_blank`` is whether a blank line or the buffer's start stands before.
    """

    classes: Bytes
    folded: Bytes
    document: Offsets
    start: Offsets
    end: Offsets
    first: Offsets
    last: Offsets
    after_blank: NDArray[np.bool_]


def split_lines(buffer: bytes, origin: Offsets) -> Lines:
    """The lines of a padded buffer whose texts begin at ``origin``."""
    classes, folded = classify(buffer)
    raw = np.frombuffer(buffer, dtype=np.uint8)
    start, end, after_blank = _lines(raw, classes)
    document = np.searchsorted(origin, start, side="right") - 1
    first, last = _characters(raw, buffer.isascii(), origin, document, start, end)
    return Lines(classes, folded, document, start, end, first, last, after_blank)


def _lines(raw: Bytes, classes: Bytes) -> tuple[Offsets, Offsets, NDArray[np.bool_]]:
    """Start and end of every line that is not blank, and whether a blank line or a text's start is before it."""
    breaks = np.flatnonzero((raw == ord("\n")) | (raw == ord("\r")))
    start, end = breaks[:-1] + 1, breaks[1:]
    inside_crlf = (start == end) & (raw[end] == ord("\n")) & (raw[start - 1] == ord("\r"))
    start, end = start[~inside_crlf], end[~inside_crlf]
    filled = np.maximum.reduceat(classes, start) > CharacterClass.SPACE
    after_blank = np.concatenate(([True], ~filled[:-1]))
    return start[filled], end[filled], after_blank[filled]


def _joined(lines: Lines) -> Lines:
    """Runs of lines with no blank line between them, within one text."""
    opens = lines.after_blank.copy()
    opens[1:] |= lines.document[1:] != lines.document[:-1]
    closes = np.concatenate((opens[1:], [True]))[: len(opens)]
    return replace(
        lines, document=lines.document[opens], start=lines.start[opens], end=lines.end[closes],
        first=lines.first[opens], last=lines.last[closes], after_blank=lines.after_blank[opens],
    )  # fmt: skip


def _characters(
    raw: Bytes, ascii_only: bool, origin: Offsets, document: Offsets, start: Offsets, end: Offsets
) -> tuple[Offsets, Offsets]:
    """Byte offsets in the buffer as character offsets in the paragraph's own text."""
    if ascii_only:
        return start - origin[document], end - origin[document]
    continuations = np.flatnonzero((raw & 0xC0) == 0x80)

    def character(at: Offsets) -> Offsets:
        return at - np.searchsorted(continuations, at)

    zero = character(origin)[document]
    return character(start) - zero, character(end) - zero
