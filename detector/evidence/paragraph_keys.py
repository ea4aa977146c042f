"""Paragraphs to 64-bit keys: those that differ only in spaces, or in ASCII case, digits or punctuation, have one key.

The key is the BLAKE2b hash of what is left, the letters: Python's standard library computes it in less than a
microsecond for an ordinary paragraph, and it is the same on every machine. Digits do not count because they are what
changes in a line that repeats ("12 comments", a price, a date). A paragraph that is mostly digits, such as a row of a
table, has no key: there they are what it says. All of it is done on UTF-8, whole texts at a time, since a cleaner does
it with every paragraph.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np

from detector.util.arrays import Hashes

KEY_VERSION = 1  # raise it with every change of a key: files of other versions are refused
KEY_BYTES = 8
NO_KEY = 0  # of a paragraph that is not counted
_LINE_END = ord("\n")
# Every byte of ASCII but letters; those of other characters in UTF-8 stay.
_IGNORED = bytes(set(range(128)) - set(string.ascii_letters.encode()))
_IGNORED_IN_LINES = bytes(set(_IGNORED) - {_LINE_END})
_NO_DIGIT = bytes(set(range(256)) - set(string.digits.encode()))
_NO_DIGIT_IN_LINES = bytes(set(_NO_DIGIT) - {_LINE_END})
# Spaces beyond ASCII in UTF-8: U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
_SPACE = re.compile(rb"\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80")
_LOWER = bytes(byte + 32 if ord("A") <= byte <= ord("Z") else byte for byte in range(256))


def keys_of(paragraphs: Sequence[str]) -> Hashes:
    """The key of each paragraph, ``(paragraphs,)``; `NO_KEY` for one that is not counted."""
    lines = lines_of("\n".join(paragraphs))
    if len(lines) != len(paragraphs):  # a paragraph has several lines, or there is none
        lines = [letters(paragraph) for paragraph in paragraphs]
    return hashes_of(lines)


def lines_of(text: str) -> list[bytes]:
    r"""The letters of each line of a text, none of a line that is not counted; lines end with ``\n`` alone."""
    encoded = _encoded(text)
    lines = encoded.translate(_LOWER, _IGNORED_IN_LINES).split(b"\n")
    digits = encoded.translate(None, _NO_DIGIT_IN_LINES)
    if len(digits) < len(lines):  # no digits, only line ends
        return lines
    return [line if len(own) <= len(line) else b"" for line, own in zip(lines, digits.split(b"\n"), strict=True)]


def letters(text: str) -> bytes:
    """The letters of a paragraph in lower case, in UTF-8; none of a paragraph that is not counted."""
    encoded = _encoded(text)
    found = encoded.translate(_LOWER, _IGNORED)
    return found if len(encoded.translate(None, _NO_DIGIT)) <= len(found) else b""


def hashes_of(lines: Iterable[bytes]) -> Hashes:
    """The key of each line, given its letters."""
    none = bytes(KEY_BYTES)
    return np.frombuffer(
        b"".join([blake2b(line, digest_size=KEY_BYTES).digest() if line else none for line in lines]), dtype="<u8"
    )


def name_hash(name: str) -> int:
    """A 64-bit hash of a name, never 0."""
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
    return int.from_bytes(digest, "little") or 1


def _encoded(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogatepass")
    return encoded if text.isascii() else _SPACE.sub(b"", encoded)
