"""Augmentation with text that is no prose: encoded data, tables, numbers, logs, code, configuration and lists.

All of it is reporting: whoever cleans such a text wants it back whole. The documents are made of random characters,
numbers and the words of a story. Some continue the story, as an attachment or a listing would.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.fit.origins import AUGMENTED

_LINES = (3, 40)  # of a document
_CONTINUES = 0.3  # probability that a document continues a story
_MAX_STORY = 12  # paragraphs
_LEVELS = ("INFO", "WARN", "ERROR", "DEBUG", "info", "notice", "[error]")
_SEPARATORS = (",", ";", "\t", " | ", "  ")
_KEYWORDS = ("if", "return", "function", "var", "const", "def", "for", "while", "import", "class", "null", "new")


@dataclass(frozen=True, slots=True)
class _Source:
    """Random numbers, and words to draw from."""

    random: np.random.Generator
    words: Sequence[str]

    def below(self, high: int) -> int:
        return int(self.random.integers(high))

    def between(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def one(self, options: Sequence[str]) -> str:
        return options[self.below(len(options))]

    def word(self) -> str:
        return self.one(self.words)

    def name(self) -> str:
        """An identifier."""
        joint = self.one(("_", "", "-", "."))
        return joint.join(self.word().lower() for _ in range(self.between(1, 3)))

    def number(self) -> str:
        whole = str(self.below(10 ** self.between(1, 7)))
        return whole if self.random.random() < 0.5 else f"{whole}.{self.below(1000)}"

    def phrase(self, low: int, high: int) -> str:
        return " ".join(self.word() for _ in range(self.between(low, high)))

    def date(self) -> str:
        day = f"{self.between(1990, 2030)}-{self.between(1, 12):02}-{self.between(1, 28):02}"
        return f"{day} {self.below(24):02}:{self.below(60):02}:{self.below(60):02}" if self.below(2) else day

    def lines(self) -> int:
        return self.between(*_LINES)


def _encoded(source: _Source) -> list[str]:
    width = source.one(("76", "64", "60", "120"))
    text = base64.b64encode(source.random.bytes(source.lines() * 50)).decode()
    return [text[at : at + int(width)] for at in range(0, len(text), int(width))]


def _hexadecimal(source: _Source) -> list[str]:
    rows = [source.random.bytes(16).hex() for _ in range(source.lines())]
    if source.below(2):
        return rows
    return [f"{16 * n:08x}  {' '.join(row[at : at + 2] for at in range(0, 32, 2))}" for n, row in enumerate(rows)]


def _table(source: _Source) -> list[str]:
    separator = source.one(_SEPARATORS)
    makers = [source.one(("number", "word", "date", "phrase", "name")) for _ in range(source.between(2, 9))]
    cells: dict[str, Callable[[], str]] = {
        "number": source.number, "word": source.word, "date": source.date, "name": source.name,
        "phrase": lambda: f'"{source.phrase(2, 8)}"',
    }  # fmt: skip
    head = separator.join(source.name() for _ in makers)
    return [head, *(separator.join(cells[m]() for m in makers) for _ in range(source.lines()))]


def _numbers(source: _Source) -> list[str]:
    columns, space = source.between(1, 8), source.one((" ", "  ", "\t", "   "))
    return [space.join(source.number() for _ in range(columns)) for _ in range(source.lines())]


def _log(source: _Source) -> list[str]:
    process = source.name()
    return [
        f"{source.date()} {source.one(_LEVELS)} {process}[{source.below(40000)}]: {source.phrase(2, 12)}"
        f"{source.one(('', f' {source.name()}={source.number()}'))}"
        for _ in range(source.lines())
    ]


def _statement(source: _Source) -> str:
    words = [source.one(_KEYWORDS) if source.below(3) else source.name() for _ in range(source.between(1, 4))]
    call = f"{source.name()}({source.name()}, {source.number()})"
    return f"{' '.join(words)} = {call}{source.one((';', '', ':', ' {', ' // ' + source.phrase(1, 6)))}"


def _code(source: _Source) -> list[str]:
    return [f"{'    ' * source.below(4)}{_statement(source)}" for _ in range(source.lines())]


def _minified(source: _Source) -> list[str]:
    return ["".join(_statement(source).replace(" ", "") for _ in range(source.between(5, 80)))
            for _ in range(source.between(1, 4))]  # fmt: skip


def _difference(source: _Source) -> list[str]:
    name = source.name()
    head = [f"--- a/{name}", f"+++ b/{name}", f"@@ -{source.below(99)},7 +{source.below(99)},9 @@"]
    return [*head, *(f"{source.one(('+', '-', ' '))} {_statement(source)}" for _ in range(source.lines()))]


def _json(source: _Source) -> list[str]:
    record = {source.name(): source.phrase(1, 6) if source.below(2) else source.below(9999)
              for _ in range(source.between(3, 15))}  # fmt: skip
    nested = [record, {source.name(): list(record)}]
    return json.dumps(nested, indent=source.between(1, 4), ensure_ascii=False).splitlines()


def _settings(source: _Source) -> list[str]:
    sign = source.one(("=", ": ", " = "))
    return [f"{source.name()}{sign}{source.phrase(1, 3)}" if source.below(6) else f"[{source.name()}]"
            for _ in range(source.lines())]  # fmt: skip


def _listing(source: _Source) -> list[str]:
    sizes = [f"{source.number():>10} {source.date()} " if source.below(2) else "" for _ in range(2)]
    return [f"{sizes[0]}/{source.name()}/{source.name()}.{source.one(('txt', 'c', 'png', 'html', 'gz'))}"
            for _ in range(source.lines())]  # fmt: skip


def _markup(source: _Source) -> list[str]:
    tags = [source.word().lower() for _ in range(4)]
    return [f"<{(tag := source.one(tags))} {source.name()}=\"{source.number()}\">{source.phrase(0, 5)}</{tag}>"
            for _ in range(source.lines())]  # fmt: skip


def _words(source: _Source) -> list[str]:
    sign = source.one(("", "- ", "* ", "• "))
    return sorted(sign + source.phrase(1, 3) for _ in range(source.lines()))


def _glossary(source: _Source) -> list[str]:
    sign = source.one((": ", " - ", "\t", " = "))
    return [f"{source.word()}{sign}{source.phrase(2, 10)}" for _ in range(source.lines())]


_MAKERS = (
    _encoded, _hexadecimal, _table, _table, _numbers, _numbers, _log, _code, _minified, _difference, _json, _settings,
    _listing, _markup, _words, _glossary,
)  # fmt: skip


def artificial(documents: Sequence[LabelledDocument], number: int, reporting: str, seed: int) -> list[LabelledDocument]:
    """Make ``number`` documents that are no prose; each keeps the site and the language of a story."""
    random = np.random.default_rng(seed)
    stories = [d for d in documents if d.paragraphs and all(p.label == reporting for p in d.paragraphs)]
    if not stories:
        return []
    made = []
    for turn in range(number):
        story = stories[random.integers(len(stories))]
        words = [word for p in story.paragraphs[:_MAX_STORY] for word in p.text.split()]
        lines = _MAKERS[random.integers(len(_MAKERS))](_Source(random, words))
        body = max(story.paragraphs, key=lambda p: len(p.text))
        paragraphs = tuple(replace(body, text=line) for line in lines)
        before: tuple[LabelledParagraph, ...] = ()
        if random.random() < _CONTINUES:
            before = story.paragraphs[:_MAX_STORY]
        made.append(
            replace(story, id=f"{story.id}+data{turn}", origin=AUGMENTED, gold=None, paragraphs=(*before, *paragraphs))
        )
    return made
