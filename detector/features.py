"""Paragraphs to numbers, for training and for prediction: hashed n-grams, and the shape of the line.

Everything here is integer arithmetic on whole batches, so that a paragraph's numbers depend on its own bytes alone,
not on the machine or on what else is in the batch. A change of any number is a new `FEATURE_VERSION`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.characters import CLASSES, FIRST_WORD_CLASS, LAST_WORD_CLASS, CharacterClass
from detector.paragraphs import Batch, Offsets

FEATURE_VERSION = 2
BUCKET_BITS = 18
BUCKETS = 1 << BUCKET_BITS
READ_BYTES = 1 << 14  # of a paragraph longer than this, the words after it are not read

Hashes: TypeAlias = NDArray[np.uint64]
Number = TypeVar("Number", bound=np.generic)

_C = CharacterClass
# Odd multipliers with well-mixed bits (2**64 divided by irrational numbers), one a kind of n-gram.
_HEAD, _TAIL, _MIDDLE, _LENGTH, _WORD, _PAIR, _PAIR_LEFT, _PREFIX, _SUFFIX, _OPENING, _CLOSING, _WHOLE = (
    np.uint64(x)
    for x in (
        0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0xABC98388FB8FAC03, 0x8CB92BA72F3D8DD7, 0x9FB21C651E98DF25,
        0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3,
        0x589965CC75374CC3, 0x1D8E4E27C47D124F,
    )
)  # fmt: skip
_SHIFT = np.uint64(64 - BUCKET_BITS)
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(9)], dtype=np.uint64)
_LONG = 6  # words of at least so many bytes also count by their first five and last four
_PREFIX_BYTES, _SUFFIX_BYTES = 5, 4


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a batch in order, their bytes in the buffer, and a 64-bit hash of each.

    Paragraph ``p`` has the words ``bounds[p]`` to ``bounds[p + 1]``.
    """

    start: Offsets
    end: Offsets
    bounds: Offsets
    hashes: Hashes

    @property
    def counts(self) -> Offsets:
        """How many words each paragraph has."""
        return np.diff(self.bounds)

    @property
    def paragraph(self) -> Offsets:
        """The paragraph of each word."""
        return np.repeat(np.arange(len(self.bounds) - 1), self.counts)


@dataclass(frozen=True, slots=True)
class Ngrams:
    """Buckets, each below `BUCKETS`, of one or more n-grams a row.

    Paragraph ``p`` has the rows ``bounds[p]`` to ``bounds[p + 1]``.
    """

    buckets: NDArray[np.int64]
    bounds: Offsets

    @property
    def counts(self) -> Offsets:
        """How many n-grams each paragraph has."""
        counts: Offsets = np.diff(self.bounds) * self.buckets.shape[1]
        return counts


def tokenize(batch: Batch) -> Tokens:
    """Maximal runs of letters and digits; in scripts without spaces, every character."""
    start, end = _runs(batch.classes)
    bounds = _bounds(start, batch)
    if len(batch) and int((batch.end - batch.start).max()) > READ_BYTES:
        read = start < np.repeat(batch.start + READ_BYTES, np.diff(bounds))
        start, end = start[read], end[read]
        bounds = _bounds(start, batch)
    return Tokens(start, end, bounds, _hashes(batch, start, end))


def _bounds(at: Offsets, batch: Batch) -> Offsets:
    return np.append(np.searchsorted(at, batch.start), len(at))


def _runs(classes: NDArray[np.uint8]) -> tuple[Offsets, Offsets]:
    word = (classes - np.uint8(FIRST_WORD_CLASS)) <= np.uint8(LAST_WORD_CLASS - FIRST_WORD_CLASS)
    before, after = word[:-1], word[1:]
    opens = after & ~before
    closes = before & ~after
    unspaced = (classes == _C.UNSPACED) | (classes == _C.UNSPACED_REST)
    at = np.flatnonzero(unspaced)
    if at.size:
        opens[at[classes[at] == _C.UNSPACED] - 1] = True
        opens[at[after[at] & ~unspaced[at + 1]]] = True
        closes |= opens & before
    return np.flatnonzero(opens) + 1, np.flatnonzero(closes) + 1


def _hashes(batch: Batch, start: Offsets, end: Offsets) -> Hashes:
    """Of each word's length and its first 16 and last 8 bytes, in lower case: what is between does not count."""
    eight = eights(batch)
    length = end - start
    hashes = (eight[start] & _MASKS[np.minimum(length, 8)]) * _HEAD + length.astype(np.uint64) * _LENGTH
    longer = np.flatnonzero(length > 8)
    hashes[longer] += eight[end[longer] - 8] * _TAIL
    longer = longer[length[longer] > 16]
    hashes[longer] += eight[start[longer] + 8] * _MIDDLE
    mixed: Hashes = hashes ^ (hashes >> np.uint64(32))
    return mixed


def eights(batch: Batch) -> Hashes:
    """The eight bytes that begin at each place of the buffer, as one little-endian number."""
    return np.ndarray((len(batch.folded) - 7,), dtype="<u8", buffer=batch.folded, strides=(1,))


def ngrams(batch: Batch, tokens: Tokens) -> tuple[Ngrams, ...]:
    """The hashed n-grams of each paragraph: words and pairs, starts and ends of words, starts and ends of the line."""
    return _words_and_pairs(tokens), _affixes(batch, tokens), _anchors(tokens)


def word_buckets(hashes: Hashes) -> NDArray[np.int64]:
    """The bucket of each word as an n-gram of one, of the hashes that `tokenize` gives."""
    return _bucket(hashes, _WORD)


def line_hashes(tokens: Tokens) -> Hashes:
    """A hash of all words of each paragraph, whatever their order."""
    mixed = tokens.hashes * _MIDDLE
    words: Hashes = segment_sum(mixed ^ (mixed >> np.uint64(31)), tokens.bounds)
    return words + tokens.counts.astype(np.uint64) * _LENGTH


def _bucket(mixed: Hashes, multiplier: np.uint64) -> NDArray[np.int64]:
    return (((mixed ^ (mixed >> np.uint64(29))) * multiplier) >> _SHIFT).view(np.int64)


def _words_and_pairs(tokens: Tokens) -> Ngrams:
    following = np.zeros_like(tokens.hashes)
    following[:-1] = tokens.hashes[1:]
    following[tokens.bounds[1:][tokens.counts > 0] - 1] = 0
    buckets = np.empty((len(following), 2), dtype=np.int64)
    buckets[:, 0] = word_buckets(tokens.hashes)
    buckets[:, 1] = _bucket(tokens.hashes * _PAIR_LEFT + following, _PAIR)
    return Ngrams(buckets, tokens.bounds)


def _affixes(batch: Batch, tokens: Tokens) -> Ngrams:
    """The first five and the last four bytes of long words; in other alphabets, first four and last three letters."""
    eight = eights(batch)
    length = tokens.end - tokens.start
    wide = batch.folded[tokens.start] >= 0xC0
    long = np.flatnonzero(length >= np.where(wide, 2 * _LONG, _LONG))
    wide = wide[long]
    head = eight[tokens.start[long]] & _MASKS[np.where(wide, 8, _PREFIX_BYTES)]
    tail = eight[tokens.end[long] - 8] & ~_MASKS[np.where(wide, 2, 8 - _SUFFIX_BYTES)]
    buckets = np.empty((len(long), 2), dtype=np.int64)
    buckets[:, 0] = _bucket(head * _HEAD, _PREFIX)
    buckets[:, 1] = _bucket(tail * _TAIL, _SUFFIX)
    return Ngrams(buckets, np.searchsorted(long, tokens.bounds))


def _anchors(tokens: Tokens) -> Ngrams:
    """The line's first word, first two, first three, last two and last three, and a line of few words as a whole."""
    count = tokens.counts
    padded = np.append(tokens.hashes, np.zeros(3, dtype=np.uint64))
    zero = np.uint64(0)

    def word(number: int) -> Hashes:
        at = tokens.bounds[:-1] + number if number >= 0 else tokens.bounds[1:] + number
        return np.where(count > (number if number >= 0 else -number - 1), padded[at], zero)

    first, last = word(0), word(-1)
    two = first * _PAIR_LEFT + word(1)
    back = word(-2) * _PAIR_LEFT + last
    buckets = np.empty((len(count), 6), dtype=np.int64)
    for column, (mixed, multiplier) in enumerate((
        (first, _OPENING), (two, _OPENING), (two * _PAIR_LEFT + word(2), _OPENING),
        (back, _CLOSING), (word(-3) * _HEAD + back, _CLOSING), (line_hashes(tokens), _WHOLE),
    )):  # fmt: skip
        buckets[:, column] = _bucket(mixed, multiplier)
    return Ngrams(buckets, np.arange(len(count) + 1))


FIRST_CLASSES = (
    (_C.UPPER,),
    (_C.LETTER,),
    (_C.DIGIT,),
    (_C.QUOTE, _C.APOSTROPHE),
    (_C.BULLET, _C.DASH),
    (_C.OPEN,),
    (_C.UNSPACED,),
)
LAST_CLASSES = (
    (_C.PERIOD,), (_C.QUESTION,), (_C.EXCLAMATION,), (_C.COLON,), (_C.QUOTE,), (_C.CLOSE,), (_C.COMMA,),
    (_C.LETTER, _C.UPPER), (_C.DIGIT,), (_C.UNSPACED,), (_C.BULLET,),
)  # fmt: skip
COUNTED = tuple(c for c in _C if c >= _C.PERIOD and c != _C.CONTINUATION)
SHAPE_NAMES = (
    "characters", "words", "word length", "beyond ASCII", "upper case", "digits", "punctuation",
    "capitalised words", "words in capitals", "numbers",
    *(f"{c.name.lower()}s" for c in COUNTED),
    *(f"first is {c[0].name.lower()}" for c in FIRST_CLASSES),
    *(f"last is {c[0].name.lower()}" for c in LAST_CLASSES),
)  # fmt: skip


def log2(values: NDArray[np.int64]) -> NDArray[np.float32]:
    """Piecewise linear logarithm of ``1 + values`` to base 2, exact to the last bit on every machine."""
    small: NDArray[np.float32] = _LOGARITHMS.take(np.minimum(values, len(_LOGARITHMS) - 1))
    large = np.nonzero(values >= len(_LOGARITHMS))
    small[large] = _log2(values[large])
    return small


def _log2(values: NDArray[np.int64]) -> NDArray[np.float32]:
    mantissa, exponent = np.frexp(values.astype(np.float64) + 1)
    result: NDArray[np.float32] = (exponent + 2 * mantissa - 2).astype(np.float32)
    return result


_LOGARITHMS = _log2(np.arange(1 << 12))


def shapes(batch: Batch, tokens: Tokens) -> NDArray[np.float32]:
    """The shape of each paragraph: shares from 0 to 1 and counts as `log2`, ``(paragraphs, len(SHAPE_NAMES))``."""
    counts = _class_counts(batch)
    characters = batch.last - batch.first
    words = tokens.counts
    in_words = segment_sum(tokens.end - tokens.start, tokens.bounds)
    kinds = segment_sum(_word_kinds(batch, tokens), tokens.bounds)
    punctuation = counts[:, COUNTED[0] : COUNTED[-1] + 1]
    first, last = _ends(batch)
    columns: list[NDArray[np.float32]] = [
        log2(characters),
        log2(words),
        share(in_words, 8 * words),
        share(batch.end - batch.start - characters, characters),
        share(counts[:, _C.UPPER], characters),
        share(counts[:, _C.DIGIT], characters),
        share(punctuation.sum(axis=1), characters),
        *(share((kinds >> lane * _LANE) & _LANE_MASK, words) for lane in range(3)),
    ]
    ends = (_FIRST.take(first, axis=0), _LAST.take(last, axis=0))
    return np.concatenate([np.stack(columns, axis=1), log2(punctuation), *ends], axis=1)


def _word_kinds(batch: Batch, tokens: Tokens) -> NDArray[np.int64]:
    """Of each word whether it begins with a capital, is of capitals, is a number: ones in lanes of one number."""
    first, last = batch.classes[tokens.start], batch.classes[tokens.end - 1]
    capitals = (last == _C.UPPER) & (tokens.end - tokens.start > 1)
    kinds: NDArray[np.int64] = _WORD_KINDS[first + CLASSES * capitals.view(np.uint8)]
    return kinds


# Counts of words are taken three at a time, in lanes of 21 bits: a paragraph has no more words than `READ_BYTES`.
_LANE = 21
_LANE_MASK = (1 << _LANE) - 1
_WORD_KINDS = np.zeros(2 * CLASSES, dtype=np.int64)
_WORD_KINDS[[_C.UPPER, CLASSES + _C.UPPER]] = 1, 1 | 1 << _LANE
_WORD_KINDS[[_C.DIGIT, CLASSES + _C.DIGIT]] = 1 << 2 * _LANE


def segment_sum(values: NDArray[Number], bounds: Offsets) -> NDArray[Number]:
    """Sums of ``values`` (along the first axis) from each bound to the next; of nothing, zero."""
    out = np.zeros((len(bounds) - 1, *values.shape[1:]), dtype=values.dtype)
    filled = bounds[1:] > bounds[:-1]
    if filled.any():
        out[filled] = np.add.reduceat(values, bounds[:-1][filled], axis=0)
    return out


def share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float32]:
    """Part of the whole; of nothing, zero."""
    result: NDArray[np.float32] = (part / np.maximum(whole, 1)).astype(np.float32)
    return result


def _class_counts(batch: Batch) -> NDArray[np.int64]:
    """How many characters of each class a paragraph has; letters, spaces and continuations are not counted."""
    classes = batch.classes
    at = np.flatnonzero((classes >= _C.UPPER) & (classes != _C.UNSPACED_REST) & (classes != _C.CONTINUATION))
    bounds = _bounds(at, batch)
    paragraph = np.repeat(np.arange(len(batch)), np.diff(bounds))
    return np.bincount(paragraph * CLASSES + classes[at], minlength=len(batch) * CLASSES).reshape(-1, CLASSES)


_BLANK, _BLANK_OR_REST = np.zeros((2, CLASSES), dtype=np.bool_)
_BLANK[[_C.SPACE]] = True
_BLANK_OR_REST[[_C.SPACE, _C.CONTINUATION, _C.UNSPACED_REST]] = True
_TRIM = 64  # a line that begins or ends with more blanks than this counts as beginning or ending with one


def _ends(batch: Batch) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Class of the first and the last character that is not blank."""
    first, last = batch.start.copy(), batch.end - 1
    classes = batch.classes
    for at, step, passed in ((first, 1, _BLANK), (last, -1, _BLANK_OR_REST)):
        move = np.flatnonzero(passed[classes[at]])
        for _ in range(_TRIM):
            if not move.size:
                break
            at[move] += step
            move = move[passed[classes[at[move]]]]
    return classes[first], classes[last]


def _one_hot(groups: tuple[tuple[CharacterClass, ...], ...]) -> NDArray[np.float32]:
    """A row for each class, with a one in the column of its group."""
    table = np.zeros((CLASSES, len(groups)), dtype=np.float32)
    for column, group in enumerate(groups):
        table[list(group), column] = 1
    return table


_FIRST, _LAST = _one_hot(FIRST_CLASSES), _one_hot(LAST_CLASSES)
