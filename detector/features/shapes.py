"""The shape of a paragraph: its length, its characters by class, and the characters it begins and ends with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.features.tokens import Tokens, paragraph_bounds
from detector.text.characters import CLASSES, CharacterClass
from detector.text.paragraphs import Batch
from detector.util.arrays import Floats, log2, ratio, segment_sum

_C = CharacterClass
FIRST_CLASSES = (
    (_C.UPPER,), (_C.LETTER,), (_C.DIGIT,), (_C.QUOTE, _C.APOSTROPHE), (_C.BULLET, _C.DASH), (_C.OPEN,), (_C.UNSPACED,),
)  # fmt: skip
LAST_CLASSES = (
    (_C.PERIOD,), (_C.QUESTION,), (_C.EXCLAMATION,), (_C.COLON,), (_C.QUOTE,), (_C.CLOSE,), (_C.COMMA,),
    (_C.LETTER, _C.UPPER), (_C.DIGIT,), (_C.UNSPACED,), (_C.BULLET,),
)  # fmt: skip
COUNTED = tuple(c for c in _C if c >= _C.PERIOD and c != _C.CONTINUATION)  # one after the other
SHAPE_NAMES = (
    "characters", "words", "word length", "beyond ASCII", "upper case", "digits", "punctuation",
    "capitalised words", "words in capitals", "numbers",
    *(f"{c.name.lower()}s" for c in COUNTED),
    *(f"first is {c[0].name.lower()}" for c in FIRST_CLASSES),
    *(f"last is {c[0].name.lower()}" for c in LAST_CLASSES),
)  # fmt: skip
WORD_LENGTH_UNIT = 8  # bytes of a word whose length counts as 1


def shapes(batch: Batch, tokens: Tokens) -> Floats:
    """The shape of each paragraph: shares from 0 to 1 and counts as `log2`, ``(paragraphs, len(SHAPE_NAMES))``."""
    counts = _class_counts(batch)
    characters = batch.char_end - batch.char_start
    words = tokens.counts
    in_words = segment_sum(tokens.end - tokens.start, tokens.bounds)
    kinds = segment_sum(_word_kinds(batch, tokens), tokens.bounds)
    punctuation = counts[:, COUNTED[0] : COUNTED[-1] + 1]
    first, last = _ends(batch)
    columns: list[Floats] = [
        log2(characters),
        log2(words),
        ratio(in_words, WORD_LENGTH_UNIT * words),
        ratio(batch.end - batch.start - characters, characters),
        ratio(counts[:, _C.UPPER], characters),
        ratio(counts[:, _C.DIGIT], characters),
        ratio(punctuation.sum(axis=1), characters),
        *(ratio((kinds >> lane * _LANE) & _LANE_MASK, words) for lane in range(3)),
    ]
    ends = (FIRST_ONE_HOT.take(first, axis=0), LAST_ONE_HOT.take(last, axis=0))
    return np.concatenate([np.stack(columns, axis=1), log2(punctuation), *ends], axis=1)


def _word_kinds(batch: Batch, tokens: Tokens) -> NDArray[np.int64]:
    """For each word, whether it is capitalised, in capitals, or a number: a one in the lanes of one number."""
    first, last = batch.classes[tokens.start], batch.classes[tokens.end - 1]
    capitals = (last == _C.UPPER) & (tokens.end - tokens.start > 1)
    kinds: NDArray[np.int64] = _WORD_KINDS[first + CLASSES * capitals.view(np.uint8)]
    return kinds


# Words are counted three kinds at a time, in lanes of 21 bits: a paragraph has no more words than
# `detector.features.tokens.READ_BYTES`.
_LANE = 21
_LANE_MASK = (1 << _LANE) - 1
_WORD_KINDS = np.zeros(2 * CLASSES, dtype=np.int64)
_WORD_KINDS[[_C.UPPER, CLASSES + _C.UPPER]] = 1, 1 | 1 << _LANE
_WORD_KINDS[[_C.DIGIT, CLASSES + _C.DIGIT]] = 1 << 2 * _LANE


def _class_counts(batch: Batch) -> NDArray[np.int64]:
    """Count the characters of each class in a paragraph; letters, spaces and continuations are not counted."""
    classes = batch.classes
    at = np.flatnonzero((classes >= _C.UPPER) & (classes != _C.UNSPACED_REST) & (classes != _C.CONTINUATION))
    bounds = paragraph_bounds(at, batch)
    paragraph = np.repeat(np.arange(len(batch)), np.diff(bounds))
    return np.bincount(paragraph * CLASSES + classes[at], minlength=len(batch) * CLASSES).reshape(-1, CLASSES)


BLANK, BLANK_OR_REST = np.zeros((2, CLASSES), dtype=np.bool_)
BLANK[[_C.SPACE]] = True
BLANK_OR_REST[[_C.SPACE, _C.CONTINUATION, _C.UNSPACED_REST]] = True
TRIM = 64  # a line that begins or ends with more blanks than this counts as beginning or ending with a blank


def _ends(batch: Batch) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The class of the first and of the last character that is not blank."""
    first, last = batch.start.copy(), batch.end - 1
    classes = batch.classes
    for at, step, skipped in ((first, 1, BLANK), (last, -1, BLANK_OR_REST)):
        move = np.flatnonzero(skipped[classes[at]])
        for _ in range(TRIM):
            if not move.size:
                break
            at[move] += step
            move = move[skipped[classes[at[move]]]]
    return classes[first], classes[last]


def _one_hot(groups: tuple[tuple[CharacterClass, ...], ...]) -> Floats:
    """One row per class, with a one in the column of its group."""
    table = np.zeros((CLASSES, len(groups)), dtype=np.float32)
    for column, group in enumerate(groups):
        table[list(group), column] = 1
    return table


FIRST_ONE_HOT, LAST_ONE_HOT = _one_hot(FIRST_CLASSES), _one_hot(LAST_CLASSES)
