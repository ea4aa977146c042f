"""Character classes and lower case of a whole UTF-8 buffer at once, by lookup tables.

The tables are built from ranges of code points and not from ``unicodedata``, whose data change with the Python version:
the same text must have the same features on every machine.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.util.arrays import Bytes


class CharacterClass(IntEnum):
    """The class of a character, as the features see it. Classes 1 to 5 form words; CONTINUATION is never counted."""

    SPACE = 0
    LETTER = 1
    UPPER = 2
    DIGIT = 3
    UNSPACED = 4  # first byte of a character in a script written without spaces; each such character is a word
    UNSPACED_REST = 5  # its other bytes
    PERIOD = 6
    COMMA = 7
    QUESTION = 8
    EXCLAMATION = 9
    COLON = 10
    QUOTE = 11
    APOSTROPHE = 12
    DASH = 13
    OPEN = 14
    CLOSE = 15
    BULLET = 16
    SLASH = 17
    CURRENCY = 18
    HANDLE = 19
    COPYRIGHT = 20
    SYMBOL = 21
    PICTURE = 22
    CONTINUATION = 23  # second and later bytes of a character that is not part of a word


C = CharacterClass
CLASSES = len(CharacterClass)
FIRST_WORD_CLASS, LAST_WORD_CLASS = C.LETTER, C.UNSPACED_REST

_SINGLE = {
    C.SPACE: "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000",
    C.PERIOD: ".…。．｡۔।",
    C.COMMA: ",;、，；،؛､",
    C.QUESTION: "?¿？؟",
    C.EXCLAMATION: "!¡！",
    C.COLON: ":：",
    C.QUOTE: '"“”„‟«»「」『』《》〈〉＂',
    C.APOSTROPHE: "'’‘‚‛`´",
    C.DASH: "-‐‑‒–—―－〜～",
    C.OPEN: "([{（［【〔",
    C.CLOSE: ")]}）］】〕",
    C.BULLET: "|*•·‣⁃●○■□▪▫◆◇★☆►▶▸▷→←↑↓›‹※▼▲◀✓✔✦❯➤⇒・｜",
    C.SLASH: "/\\／",
    C.CURRENCY: "$¢£¤¥€₹₽₩₴₺₪₫₱￥＄",
    C.HANDLE: "@#＠＃",
    C.COPYRIGHT: "©®™℠",
}
# (first code point, last code point, class); where ranges overlap, the later one counts
_RANGES = (
    (0x0000, 0x007F, C.SYMBOL),
    (0x30, 0x39, C.DIGIT),
    (0x41, 0x5A, C.UPPER),
    (0x61, 0x7A, C.LETTER),
    (0x80, 0xA9, C.SYMBOL),
    (0xAB, 0xB4, C.SYMBOL),
    (0xB6, 0xB9, C.SYMBOL),
    (0xBB, 0xBF, C.SYMBOL),
    (0xD7, 0xD7, C.SYMBOL),
    (0xF7, 0xF7, C.SYMBOL),
    (0x0E01, 0x0EFF, C.UNSPACED),  # Thai, Lao
    (0x1000, 0x109F, C.UNSPACED),  # Myanmar
    (0x1780, 0x17FF, C.UNSPACED),  # Khmer
    (0x2000, 0x200A, C.SPACE),
    (0x200B, 0x2027, C.SYMBOL),
    (0x202A, 0x202E, C.SYMBOL),
    (0x2030, 0x205E, C.SYMBOL),
    (0x2060, 0x206F, C.SYMBOL),
    (0x20A0, 0x20CF, C.CURRENCY),
    (0x2100, 0x2BFF, C.SYMBOL),
    (0x2600, 0x27BF, C.PICTURE),
    (0x2E00, 0x2E7F, C.SYMBOL),
    (0x3001, 0x303F, C.SYMBOL),
    (0x3041, 0x30FF, C.UNSPACED),  # kana
    (0x31F0, 0x31FF, C.UNSPACED),
    (0x3400, 0x4DBF, C.UNSPACED),  # Han
    (0x4E00, 0x9FFF, C.UNSPACED),
    (0xE000, 0xF8FF, C.PICTURE),  # private use: icon fonts
    (0xF900, 0xFAFF, C.UNSPACED),
    (0xFE00, 0xFE0F, C.SYMBOL),
    (0xFE30, 0xFE6F, C.SYMBOL),
    (0xFEFF, 0xFEFF, C.SYMBOL),
    (0xFF01, 0xFF0F, C.SYMBOL),
    (0xFF10, 0xFF19, C.DIGIT),
    (0xFF1A, 0xFF20, C.SYMBOL),
    (0xFF3B, 0xFF40, C.SYMBOL),
    (0xFF5B, 0xFF65, C.SYMBOL),
    (0xFF66, 0xFF9F, C.UNSPACED),
    (0xFFE0, 0xFFFF, C.SYMBOL),
)
# Code points of scripts with upper and lower case. By Unicode's stability policy, existing case pairs never change.
_CASED = ((0x41, 0x5A), (0xC0, 0x24F), (0x370, 0x587), (0x1E00, 0x1FFF), (0xFF21, 0xFF3A))
_ASTRAL = 0x10000  # index of the tables' last entry, for all code points beyond the Basic Multilingual Plane
ASTRAL_HAN = (0x20000, 0x3FFFF)
# The class of the second and later bytes of a character beyond ASCII, by the class of its first byte.
REST = np.full(CLASSES, C.CONTINUATION, dtype=np.uint8)
REST[[C.SPACE, C.LETTER, C.UPPER, C.DIGIT, C.UNSPACED]] = (C.SPACE, C.LETTER, C.LETTER, C.LETTER, C.UNSPACED_REST)


class Tables(NamedTuple):
    """The lookup tables of `classify`.

    ``classes`` and ``lower`` have one entry per code point of the Basic Multilingual Plane, and one for all others.
    ``lower`` is the lower case of the code point, or the code point itself if it has none of the same UTF-8 length.
    ``ascii_classes`` and ``ascii_folded`` are the same for single bytes, as tables for `bytes.translate`.
    """

    classes: Bytes
    lower: NDArray[np.int32]
    ascii_classes: bytes
    ascii_folded: bytes


def _utf8_length(code: int) -> int:
    return 1 if code < 0x80 else 2 if code < 0x800 else 3


@cache
def tables() -> Tables:
    """The tables, built once per process."""
    classes = np.full(_ASTRAL + 1, C.LETTER, dtype=np.uint8)
    for first, last, character_class in _RANGES:
        classes[first : last + 1] = character_class
    for character_class, characters in _SINGLE.items():
        for character in characters:
            classes[ord(character)] = character_class
    classes[_ASTRAL] = C.PICTURE
    lower = np.arange(_ASTRAL + 1, dtype=np.int32)
    for first, last in _CASED:
        for code in range(first, last + 1):
            lowered = chr(code).lower()
            if len(lowered) == 1 and ord(lowered) != code:
                classes[code] = C.UPPER
                if _utf8_length(ord(lowered)) == _utf8_length(code):
                    lower[code] = ord(lowered)
    single = np.arange(256)
    folded = np.where(single < 0x80, lower[:256], single)
    folded[ord("0") : ord("9") + 1] = ord("0")
    leads = np.where(single < 0x80, classes[:256], C.LETTER).astype(np.uint8)
    return Tables(classes, lower, leads.tobytes(), folded.astype(np.uint8).tobytes())


def classify(buffer: bytes) -> tuple[Bytes, Bytes]:
    """The class of every byte of a UTF-8 buffer, and the buffer in lower case with every ASCII digit replaced by ``0``.

    Both have the length of the buffer. The first byte of a character has the character's class. Its other bytes are
    LETTER in a letter or digit, UNSPACED_REST in an unspaced character, SPACE in a space, and CONTINUATION in all other
    characters. Lone surrogates (encoded with ``surrogatepass``) are letters. The last four bytes of the buffer must be
    ASCII.
    """
    lookup = tables()
    classes = np.frombuffer(bytearray(buffer.translate(lookup.ascii_classes)), dtype=np.uint8)
    folded = np.frombuffer(bytearray(buffer.translate(lookup.ascii_folded)), dtype=np.uint8)
    if not buffer.isascii():
        raw = np.frombuffer(buffer, dtype=np.uint8)
        _classify_beyond_ascii(raw, classes, folded, lookup)
    return classes, folded


def _classify_beyond_ascii(raw: Bytes, classes: Bytes, folded: Bytes, lookup: Tables) -> None:
    """Overwrite ``classes`` and ``folded`` at the bytes of characters beyond ASCII."""
    leads = np.flatnonzero(raw >= 0xC0)
    first = raw[leads]
    for length, low, high in ((2, 0xC0, 0xE0), (3, 0xE0, 0xF0), (4, 0xF0, 0x100)):
        at = leads[(first >= low) & (first < high)] if length < 4 else leads[first >= low]
        if not at.size:
            continue
        code = raw[at].astype(np.int32) & (0x7F >> length)
        for step in range(1, length):
            code = (code << 6) | (raw[at + step] & 0x3F)
        code_classes = lookup.classes[np.minimum(code, _ASTRAL)]
        if length == 4:
            code_classes[(code >= ASTRAL_HAN[0]) & (code <= ASTRAL_HAN[1])] = C.UNSPACED
        _write_classes(classes, at, code_classes, length)
        if length < 4:
            _write_lower(folded, at, code, lookup.lower[code], length)


def _write_classes(classes: Bytes, at: NDArray[np.intp], code_classes: Bytes, length: int) -> None:
    """Write the classes of characters of ``length`` bytes whose first bytes are ``at``."""
    classes[at] = code_classes
    rest = REST.take(code_classes)
    changed = rest != C.LETTER  # `ascii_classes` makes all bytes beyond ASCII letters
    at, rest = at[changed], rest[changed]
    for step in range(1, length):
        classes[at + step] = rest


def _write_lower(
    folded: Bytes, at: NDArray[np.intp], code: NDArray[np.int32], lower: NDArray[np.int32], length: int
) -> None:
    """Write the lower case of characters of ``length`` bytes (2 or 3) whose first bytes are ``at``."""
    changed = lower != code
    if not changed.any():
        return
    at, lower = at[changed], lower[changed]
    for step in range(length - 1, 0, -1):
        folded[at + step] = 0x80 | (lower & 0x3F)
        lower = lower >> 6
    folded[at] = (0xC0 if length == 2 else 0xE0) | lower
