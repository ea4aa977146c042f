"""Finds many phrases in many paragraphs at once, in time that does not depend on the number of phrases.

The phrases are found by the algorithm of Aho and Corasick ("Efficient string matching", 1975), which reads every byte
once. No text and no phrase makes it slow: it never goes back.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from detector.evidence.first_look import WINDOW, FirstLook
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
        rules: dict[str, list[_Rule]] = {}
        for number, pattern in enumerate(patterns):
            rules.setdefault(pattern.text, []).append(_rule(number, pattern))
        texts = {text.encode("utf-8", "surrogatepass"): each for text, each in rules.items()}
        looked_for = {text for text, each in texts.items() if len(text) >= WINDOW and each[0].opens_word}
        self._near = _Automaton({text: each for text, each in texts.items() if text in looked_for})
        self._everywhere = _Automaton({text: each for text, each in texts.items() if text not in looked_for})
        self._look = FirstLook(sorted(looked_for)) if looked_for else None

    def find(self, paragraphs: Sequence[str]) -> set[tuple[int, int]]:
        """The pairs of a paragraph and a pattern that occurs in it, as their positions in the two sequences."""
        text = normalized_lines(paragraphs)
        found = set(self._everywhere.find(text))
        if self._look and (rows := self._look.lines(text).tolist()):
            lines = text.split(b"\n")
            near = self._near.find(b"\n".join([lines[row] for row in rows]))
            found.update((rows[line], pattern) for line, pattern in near)
        return found


class _Automaton:
    """Finds texts with their rules in the lines of a normalized text."""

    def __init__(self, rules: Mapping[bytes, list[_Rule]]) -> None:
        library = load_library("ahocorasick_rs", "matching phrases", "phrases")
        self._rules = list(rules.values())
        self._longest = max(map(len, rules), default=0)
        self._automaton: Any = library.BytesAhoCorasick(list(rules))

    def find(self, text: bytes) -> Iterator[tuple[int, int]]:
        """The line and the pattern of each match."""
        line = at = 0
        for number, start, end in self._matches(text) if self._rules else ():
            for rule in self._rules[number]:
                if rule.holds(text, start, end):
                    line, at = line + text.count(b"\n", at, end), end
                    yield line, rule.pattern

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
