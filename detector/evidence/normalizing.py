"""Texts without the differences that make none to a reader, so that phrases are found as they are meant."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from detector.util.arrays import Bytes, Offsets

_ASCII_SPACES = b"\t\v\f\r\x1c\x1d\x1e\x1f"
_FOLDED = bytes.maketrans(string.ascii_uppercase.encode() + _ASCII_SPACES, string.ascii_lowercase.encode() + b" " * 8)
# What is typeset in several ways: spaces, quotation marks, and hyphens and joiners that are not seen.
_SAME = {
    **dict.fromkeys("\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000", " "),
    **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
    **dict.fromkeys("\xad\u200b\u2060\ufeff", ""),
}
# The same by their two or three bytes, as a number; and what stands for them, 0 for nothing.
_TYPESET = sorted((int.from_bytes(character.encode()), ord(same or "\0")) for character, same in _SAME.items())
_CODES, _REPLACED = (np.array(column, dtype=np.int32) for column in zip(*_TYPESET, strict=True))
# A character and the marks on it, and the letters of a Korean syllable: what may be one character as well. Runs of more
# marks are no writing: `unicodedata.normalize` sorts them, in time that grows with the square of their number.
_MARKS = "\u0300-\u036f\u0653-\u0655\u3099\u309a"
_PART = re.compile(f"[{_MARKS}\u1161-\u1175]")
_APART = re.compile(f"[^{_MARKS}\n][{_MARKS}]{{1,4}}|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
_SPACE, _LINE_END = ord(" "), ord("\n")


def normalize(text: str) -> str:
    """A text without differences of case, white space, quotation marks and composition, and without outer spaces."""
    return normalized_lines([text]).decode("utf-8", "surrogatepass")


def normalized_lines(paragraphs: Sequence[str]) -> bytes:
    """Normalized paragraphs, one per line, in UTF-8. A paragraph is the same alone and among others."""
    joined = "\n".join(paragraphs)
    if joined.count("\n") >= max(len(paragraphs), 1):  # some have several lines
        joined = "\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
    encoded = joined.encode("utf-8", "surrogatepass")
    if not joined.isascii():
        encoded = b"".join(_folded(_typeset_alike(np.frombuffer(encoded, dtype=np.uint8))))
    return _single_spaces(np.frombuffer(encoded.translate(_FOLDED), dtype=np.uint8)).tobytes().strip(b" ")


def _typeset_alike(text: Bytes) -> Bytes:
    """UTF-8 without the differences of `_SAME`."""
    padded = np.append(text, np.zeros(2, dtype=np.uint8))
    lead = np.flatnonzero(text >= 0xC0)
    first, second, third = (padded[lead + step].astype(np.int32) for step in range(3))
    code = np.where(first < 0xE0, first << 8 | second, first << 16 | second << 8 | third)
    row = np.minimum(np.searchsorted(_CODES, code), len(_CODES) - 1)
    same = _CODES[row] == code
    at, replaced = lead[same], _REPLACED[row[same]]
    if not len(at):
        return text
    changed, keep = text.copy(), np.ones(len(text), dtype=np.bool_)
    changed[at] = replaced
    keep[at] = replaced != 0
    keep[at + 1] = False
    keep[at[text[at] >= 0xE0] + 2] = False
    return changed[keep]


def _folded(text: Bytes) -> Iterator[bytes]:
    """The pieces of a text in UTF-8, in order, whose lines beyond ASCII are without case and composed."""
    at, whole = 0, text.tobytes()
    for start, end in _lines_beyond_ascii(text):
        yield whole[at:start]
        characters = whole[start:end].decode("utf-8", "surrogatepass").casefold()
        if _PART.search(characters):
            characters = _APART.sub(lambda found: unicodedata.normalize("NFC", found[0]), characters)
        yield characters.encode("utf-8", "surrogatepass")
        at = end
    yield whole[at:]


def _lines_beyond_ascii(text: Bytes) -> Iterator[tuple[int, int]]:
    """The places of runs of lines that have other characters than ASCII."""
    ends = np.append(np.flatnonzero(text == _LINE_END), len(text))
    lines = np.searchsorted(ends, np.flatnonzero(text >= 0x80))
    lines = lines[np.append(True, lines[1:] != lines[:-1])[: len(lines)]]
    opens: Offsets = lines[np.append(True, np.diff(lines) > 1)[: len(lines)]]
    closes: Offsets = lines[np.append(np.diff(lines) > 1, True)[: len(lines)]]
    starts = np.append(0, ends + 1)
    yield from zip(starts[opens].tolist(), ends[closes].tolist(), strict=True)


def _single_spaces(text: Bytes) -> Bytes:
    """ASCII spaces as one between words, and none at the ends of lines, but for the first and the last line."""
    space = text == _SPACE
    outside = space | (text == _LINE_END)
    follows = np.append(False, space[1:] & outside[:-1])
    if follows.any():
        text, space = text[~follows], space[~follows]
    closes = np.append(space[:-1] & (text[1:] == _LINE_END), False)[: len(text)]
    return text[~closes] if closes.any() else text
