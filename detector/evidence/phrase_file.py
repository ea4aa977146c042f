r"""Files of phrases: one per line, with the label or kind that it speaks for and its strength, separated by tabs.

    # phrase                 label or kind   strength
    Dear reader,             appeal          6
    ^Photo:                  caption         3
    the court ruled          reporting

``^`` before a phrase means that it has to begin the paragraph, ``$`` behind it that it has to end it. A backslash takes
away the meaning of ``^``, ``$``, ``#`` and itself. Empty lines, and lines that begin with ``#``, are comments.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from detector.errors import UsageError
from detector.evidence.matching import Pattern
from detector.evidence.normalizing import normalize

DEFAULT_STRENGTH = 6.0  # log-odds
MAX_STRENGTH = 20.0  # log-odds, on either side of zero
MAX_LENGTH = 500  # characters of a phrase
MAX_PHRASES = 200_000
MAX_CHARACTERS = 1 << 23  # of all phrases together
MAX_NESTED = 16  # phrases that end alike, each with the one before: a place in a text may have them all
_MAX_LINE = 1 << 14  # bytes
_ESCAPED = frozenset("^$#\\")
_COLUMNS = "a phrase, a label or kind, and a strength, separated by tabs"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase as it stands in a file, the label or kind that it speaks for, and its strength in log-odds.

    The strength is a number from -`MAX_STRENGTH` to `MAX_STRENGTH`; below zero, the phrase speaks against the label or
    kind. ``line`` is the phrase's line in the file, from 1 on; 0 for none. `patterns` checks all of this.
    """

    text: str
    name: str
    strength: float = DEFAULT_STRENGTH
    line: int = 0


def read_phrases(path: str | os.PathLike[str]) -> tuple[Phrase, ...]:
    """The phrases in a file in UTF-8. Raises `UsageError`, with the line, where it cannot be read."""
    source = os.fspath(path)
    phrases: list[Phrase] = []
    try:
        with Path(path).open("rb") as stream:
            for number, line in _lines(stream, source):
                phrases.append(_phrase(line, number, source))
                if len(phrases) > MAX_PHRASES:
                    raise UsageError(f"{source}, line {number}: more than {MAX_PHRASES:,} phrases; leave some out")
    except (OSError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{source}: the phrases cannot be read: {reason}") from error
    return tuple(phrases)


def _lines(stream: BinaryIO, source: str) -> Iterator[tuple[int, str]]:
    """The lines that are no comments, with their numbers."""
    number = 0
    while line := stream.readline(_MAX_LINE + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if len(line) > _MAX_LINE:
            raise UsageError(f"{source}, line {number}: longer than {_MAX_LINE:,} bytes; give one phrase per line")
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise UsageError(f"{source}, line {number}: not UTF-8 ({error.reason}); save the file as UTF-8") from error
        if text.strip() and not text.lstrip().startswith("#"):
            yield number, text


def _phrase(line: str, number: int, source: str) -> Phrase:
    columns = [column.strip() for column in line.split("\t")]
    if not 2 <= len(columns) <= 3:
        found = f"{len(columns)} column" + ("s" if len(columns) > 1 else "")
        raise UsageError(f"{source}, line {number}: {found}; give {_COLUMNS}")
    phrase, name, *strength = columns
    if not strength or not strength[0]:
        return Phrase(phrase, name, DEFAULT_STRENGTH, number)
    try:
        return Phrase(phrase, name, float(strength[0]), number)
    except ValueError:
        raise UsageError(
            f"{source}, line {number}: the strength {_shown(strength[0])} is no number; {_range()}"
        ) from None


def patterns(phrases: Sequence[Phrase], source: str) -> dict[Pattern, Phrase]:
    """What to look for, with the phrase that it is, in order. A phrase that stands there twice is looked for once.

    Raises `UsageError`, with the line, for a phrase or strength that makes no sense, two phrases that contradict each
    other, and phrases that would take too much time or memory.
    """
    first: dict[Pattern, Phrase] = {}
    characters = 0
    for phrase in phrases:
        place = _place(phrase, source)
        characters += len(phrase.text)
        if characters > MAX_CHARACTERS:
            raise UsageError(
                f"{place}: the phrases up to here have more than {MAX_CHARACTERS:,} characters; leave some out"
            )
        _check(phrase, place)
        pattern = _pattern(phrase.text, place)
        earlier = first.setdefault(pattern, phrase)
        if (earlier.name, earlier.strength) != (phrase.name, phrase.strength):
            before = f"in line {earlier.line}" if earlier.line else "before"
            raise UsageError(
                f"{place}: {_shown(phrase.text)} is {phrase.name} {phrase.strength:g} here, and {earlier.name} "
                f"{earlier.strength:g} {before}; leave out one of them"
            )
    _check_nesting(first, source)
    return first


def _place(phrase: Phrase, source: str) -> str:
    return f"{source}, line {phrase.line}" if phrase.line else f"{source}, {_shown(phrase.text)}"


def _check(phrase: Phrase, place: str) -> None:
    if len(phrase.text) > MAX_LENGTH:
        raise UsageError(f"{place}: a phrase of {len(phrase.text):,} characters; {MAX_LENGTH} are the most")
    if not phrase.name:
        raise UsageError(f"{place}: no label or kind; give {_COLUMNS}")
    strength: object = phrase.strength
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 < abs(strength) <= MAX_STRENGTH:
        raise UsageError(f"{place}: the strength {strength}; {_range()}")


def _range() -> str:
    return f"give a number from -{MAX_STRENGTH:g} to {MAX_STRENGTH:g}, but not 0"


def _pattern(text: str, place: str) -> Pattern:
    opens = text.startswith("^")
    closes = text.endswith("$") and (len(text) - len(text[:-1].rstrip("\\"))) % 2 == 1 and len(text) > opens
    literal = _unescaped(text[opens : len(text) - closes], place)
    pattern = Pattern(normalize(literal), opens, closes)
    if not pattern.text:
        raise UsageError(f"{place}: an empty phrase; give {_COLUMNS}")
    return pattern


def _unescaped(text: str, place: str) -> str:
    if "\\" not in text:
        return text
    characters = iter(text)
    out = []
    for character in characters:
        out.append(next(characters, "") if character == "\\" else character)
        if character == "\\" and out[-1] not in _ESCAPED:
            raise UsageError(f"{place}: a backslash stands before ^, $, # or a backslash; for one, write two")
    return "".join(out)


def _check_nesting(first: dict[Pattern, Phrase], source: str) -> None:
    """Raise `UsageError` if more than `MAX_NESTED` different texts are the ends of each other."""
    reversed_texts = sorted({pattern.text[::-1]: phrase for pattern, phrase in first.items()}.items())
    ends: list[str] = []  # of which each begins with the one before
    for text, phrase in reversed_texts:
        while ends and not text.startswith(ends[-1]):
            ends.pop()
        ends.append(text)
        if len(ends) > MAX_NESTED:
            raise UsageError(
                f"{_place(phrase, source)}: {_shown(phrase.text)} ends with {MAX_NESTED} other phrases, which end with "
                f"each other; leave some out"
            )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
