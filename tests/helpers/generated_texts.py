"""Texts made at random: pieces and slices of others, their lines turned, repeated, joined and mixed with odd pieces."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

from texts import AWKWARD, WORDS
from tiny import ROOT

MOST_LENGTH = 3000  # characters of a text before it is changed


def seed_documents() -> list[str]:
    """The documents of the seeds as texts, one paragraph per line."""
    return [
        "\n".join(paragraph["text"] for paragraph in json.loads(line)["paragraphs"])
        for path in sorted((ROOT / "seeds").glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]


def generated_text(sources: Sequence[str], chance: Random) -> str:
    """A text of slices of the sources and of odd pieces, changed up to three times."""
    parts = [_part(sources, chance) for _ in range(chance.choice([0, 1, 1, 2, 3]))]
    text = chance.choice(["\n", "", " ", "\n\n"]).join(parts)
    for _ in range(chance.randrange(4)):
        text = chance.choice(CHANGES)(text, chance)
    return text


def _part(sources: Sequence[str], chance: Random) -> str:
    kind = chance.randrange(6)
    if kind == 0:
        return "".join(chance.choices(WORDS + AWKWARD, k=chance.randrange(40)))
    if kind == 1:
        return "".join(chr(chance.randrange(0x30000)) for _ in range(chance.randrange(60)))
    source = chance.choice(sources)
    first = chance.randrange(len(source) + 1)
    return source[first : first + chance.randrange(MOST_LENGTH)]


def _insert(text: str, chance: Random) -> str:
    for _ in range(chance.randrange(1, 9)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(AWKWARD + WORDS) + text[at:]
    return text


def _repeat_lines(text: str, chance: Random) -> str:
    lines = text.split("\n")
    return "\n".join(line for line in lines for _ in range(chance.choice([1, 1, 2, 5])))


def _shuffle_lines(text: str, chance: Random) -> str:
    lines = text.split("\n")
    chance.shuffle(lines)
    return chance.choice(["\n", "\r\n", "\r", "\n\n"]).join(lines)


def _break_lines(text: str, chance: Random) -> str:
    """As many tiny paragraphs as words."""
    return text.replace(" ", "\n", chance.randrange(200))


def _join_words(text: str, chance: Random) -> str:
    return text.replace(" ", "", chance.randrange(300))


def _other_case(text: str, chance: Random) -> str:
    return chance.choice([str.upper, str.lower, str.title, str.swapcase])(text)


def _other_script(text: str, chance: Random) -> str:
    """Every letter as one of Cyrillic, Thai, kana, or beyond the basic plane."""
    first = chance.choice([0x430, 0x410, 0xE01, 0x3041, 0x4E00, 0x10400, 0x20000, 0x1F600])
    return text.translate({letter: first + letter - ord("a") for letter in range(ord("a"), ord("z") + 1)})


CHANGES: list[Callable[[str, Random], str]] = [
    _insert, _insert, _repeat_lines, _shuffle_lines, _break_lines, _join_words, _other_case, _other_script,
]  # fmt: skip
