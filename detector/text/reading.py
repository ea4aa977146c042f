"""What of a batch the model reads: long paragraphs in parts, and no documents that are made of tiny paragraphs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.text.characters import CharacterClass
from detector.text.paragraphs import Batch
from detector.util.arrays import Bytes, Offsets, segment_sum

PART_BYTES = 1 << 14  # of a paragraph that are read at a time
_STRIDE = PART_BYTES - (1 << 8)  # a cut may move back by the difference, to a space
# A document of at least so many paragraphs that have on average fewer bytes is not read. It is no text that the model
# knows (no document of the training data is like this), and would take up to 35 times as long as ordinary text.
TINY_PARAGRAPHS = 16
TINY_BYTES = 16


def is_read(batch: Batch) -> NDArray[np.bool_]:
    """Whether each document of a batch is read."""
    number = np.diff(batch.bounds)
    size = segment_sum(batch.end - batch.start, batch.bounds)
    return (number < TINY_PARAGRAPHS) | (size >= number * TINY_BYTES)


@dataclass(frozen=True, slots=True)
class Parts:
    """Paragraphs and parts of paragraphs as the rows of a batch; ``paragraph`` is the paragraph of each row."""

    batch: Batch
    paragraph: Offsets

    def best(self, scores: NDArray[np.floating]) -> Offsets:
        """The row with the highest score of each paragraph, the first of them where several have it."""
        order = np.lexsort((-scores, self.paragraph))
        opens = np.append(True, np.diff(self.paragraph) > 0)
        best: Offsets = order[opens[: len(order)]]
        return best


def divide_long(batch: Batch) -> Parts | None:
    """Divide paragraphs of more than `PART_BYTES` bytes into parts, at spaces where there are any; None for no such."""
    size = batch.end - batch.start
    if not len(batch) or int(size.max()) <= PART_BYTES:
        return None
    number = np.where(size > PART_BYTES, -(-size // _STRIDE), 1)
    paragraph = np.repeat(np.arange(len(batch)), number)
    first = np.cumsum(number) - number
    start, end = batch.start[paragraph], batch.end[paragraph]
    start += (np.arange(len(paragraph)) - first[paragraph]) * _STRIDE
    inner = np.setdiff1d(np.arange(len(paragraph)), first)
    start[inner] = [_cut(at, batch) for at in start[inner].tolist()]
    end[inner - 1] = start[inner]
    char_start, char_end = batch.char_start[paragraph], batch.char_end[paragraph]
    for row in inner.tolist():  # in order, so that the row before is known
        char_start[row] = char_start[row - 1] + _characters(batch.folded[start[row - 1] : start[row]])
    char_end[inner - 1] = char_start[inner]
    bounds = np.append(first, len(paragraph))[batch.bounds]
    parts = replace(
        batch, document=batch.document[paragraph], start=start, end=end, char_start=char_start, char_end=char_end,
        bounds=bounds,
    )  # fmt: skip
    return Parts(parts, paragraph)


def _cut(at: int, batch: Batch) -> int:
    """The last position by ``at`` that follows a space; the last one that begins a character if none is near."""
    near = slice(at - (PART_BYTES - _STRIDE), at)
    spaces = np.flatnonzero(batch.classes[near] == CharacterClass.SPACE)
    if spaces.size:
        return near.start + int(spaces[-1]) + 1
    begins = np.flatnonzero(_begins_character(batch.folded[near.start + 1 : at + 1]))
    return near.start + 1 + int(begins[-1])


def _begins_character(folded: Bytes) -> NDArray[np.bool_]:
    begins: NDArray[np.bool_] = (folded & np.uint8(0xC0)) != 0x80
    return begins


def _characters(folded: Bytes) -> int:
    return int(_begins_character(folded).sum())
