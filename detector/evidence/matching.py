"""Finds many phrases in many paragraphs at once, in time that does not depend on the number of phrases.

The phrases are found by the algorithm of Aho and Corasick ("Efficient string matching", 1975), which reads every byte
once. No text and no phrase makes it slow: it never goes back.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from detector.evidence.normalizing import normalized_lines
from detector.text.characters import CharacterClass, tables
from detector.util.libraries import load_library

_STEP = 1 << 13  # bytes that are searched at a time, so that the matches of a hostile text need little memory
_ASCII_WORDS = frozenset((string.ascii_letters + string.digits).encode())
_WORDS = frozenset(map(int, (CharacterClass.LETTER, CharacterClass.UPPER, CharacterClass.DIGIT)))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A phrase as it is looked for: normalized, and whether it has to begin or end the paragraph."""

    text: str
    opens: bool = False
    closes: bool = False


class Matcher:
    """Finds patterns in paragraphs. Raises `UsageError` where the library is missing."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        library = load_library("ahocorasick_rs", "matching phrases", "phrases")
        rules: dict[str, list[_Rule]] = {}
        for number, pattern in enumerate(patterns):
            rules.setdefault(pattern.text, []).append(_rule(number, pattern))
        texts = [text.encode("utf-8", "surrogatepass") for text in rules]
        self._rules = list(rules.values())
        self._longest = max(map(len, texts), default=0)
        self._automaton: Any = library.BytesAhoCorasick(texts)

    def find(self, paragraphs: Sequence[str]) -> set[tuple[int, int]]:
        """The pairs of a paragraph and a pattern that occurs in it, as their positions in the two sequences."""
        text = normalized_lines(paragraphs)
        found: set[tuple[int, int]] = set()
        paragraph = at = 0
        for number, start, end in self._matches(text):
            for rule in self._rules[number]:
                if rule.holds(text, start, end):
                    paragraph, at = paragraph + text.count(b"\n", at, end), end
                    found.add((paragraph, rule.pattern))
        return found

    def _matches(self, text: bytes) -> Iterator[tuple[int, int, int]]:
        """All matches, also overlapping ones, in the order of their ends: the text's number, its start and its end."""
        view = memoryview(text)
        for step in range(0, len(text), _STEP):
            first = max(step - self._longest, 0)
            piece = view[first : step + _STEP]
            for number, start, end in self._automaton.find_matches_as_indexes(piece, overlapping=True):
                if first + end > step:  # the others were found in the step before
                    yield number, first + start, first + end


@dataclass(frozen=True, slots=True)
class _Rule:
    """Where a pattern counts: a pattern that begins or ends with a word does so at the beginning or end of a word."""

    pattern: int
    opens: bool
    closes: bool
    opens_word: bool
    closes_word: bool

    def holds(self, text: bytes, start: int, end: int) -> bool:
        if self.opens and start and text[start - 1 : start] != b"\n":
            return False
        if self.closes and end < len(text) and text[end : end + 1] != b"\n":
            return False
        if self.opens_word and start and _is_word_before(text, start):
            return False
        return not (self.closes_word and end < len(text) and _is_word_after(text, end))


def _rule(number: int, pattern: Pattern) -> _Rule:
    return _Rule(number, pattern.opens, pattern.closes, _is_word(pattern.text[0]), _is_word(pattern.text[-1]))


@lru_cache(maxsize=1 << 14)
def _is_word(character: str) -> bool:
    """Whether a character is a letter or digit of a script that is written with spaces."""
    classes = tables().classes
    return int(classes[min(ord(character), len(classes) - 1)]) in _WORDS


def _is_word_before(text: bytes, at: int) -> bool:
    if text[at - 1] < 0x80:
        return text[at - 1] in _ASCII_WORDS
    first = at - 1
    while text[first] & 0xC0 == 0x80:
        first -= 1
    return _is_word(text[first:at].decode("utf-8", "surrogatepass"))


def _is_word_after(text: bytes, at: int) -> bool:
    if text[at] < 0x80:
        return text[at] in _ASCII_WORDS
    end = at + 1
    while end < len(text) and text[end] & 0xC0 == 0x80:
        end += 1
    return _is_word(text[at:end].decode("utf-8", "surrogatepass"))
