"""The reasons that lie in a paragraph's shape, in plain words that are true of the paragraph."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from detector.explanation.trace import Doubles
from detector.features.shapes import SHAPE_NAMES, WORD_LENGTH_UNIT
from detector.reasons import Reason
from detector.text.characters import CharacterClass
from detector.text.paragraphs import split

_SHOWN = 3  # features that a reason names

Shape = dict[str, float]  # the value of each of `SHAPE_NAMES`, and of these, which are 1 or 0
UNSPACED = "unspaced"  # whether there are characters that are words by themselves: then words are not counted
ELLIPSIS = "ellipsis"  # whether there is one, which is a full stop to the model
STRANGE_CAPITALS = "strange capitals"  # whether there are capital letters that the model takes for others
STRANGE_END = "strange end"  # whether the last character is a sign that the model takes for a letter

_ENDINGS = {
    "period": "ends with a full stop", "question": "ends with a question mark",
    "exclamation": "ends with an exclamation mark", "colon": "ends with a colon",
    "quote": "ends with a quotation mark", "close": "ends with a bracket", "comma": "ends with a comma or a semicolon",
    "letter": "ends without a full stop", "digit": "ends with a digit", "unspaced": "ends without a full stop",
    "bullet": "ends with a sign such as | or *",
}  # fmt: skip
_BEGINNINGS = {
    "upper": "begins with a capital letter", "letter": "begins without a capital letter",
    "digit": "begins with a digit", "quote": "begins with a quotation mark or an apostrophe",
    "bullet": "begins with a sign such as - or •", "open": "begins with a bracket",
    "unspaced": "begins without a capital letter",
}  # fmt: skip
_COUNTED = {
    "commas": ("comma or semicolon", "commas or semicolons"),
    "questions": ("question mark", "question marks"), "exclamations": ("exclamation mark", "exclamation marks"),
    "colons": ("colon", "colons"), "quotes": ("quotation mark", "quotation marks"),
    "apostrophes": ("apostrophe", "apostrophes"), "dashs": ("dash", "dashes"),
    "brackets": ("bracket", "brackets"), "bullets": ("sign such as | or *", "signs such as | or *"),
    "slashs": ("slash", "slashes"), "currencys": ("currency sign", "currency signs"),
    "handles": ("sign such as @ or #", "signs such as @ or #"), "copyrights": ("sign such as ©", "signs such as ©"),
    "symbols": ("symbol", "symbols"),
}  # fmt: skip


def count(value: float) -> int:
    """The number whose piecewise linear logarithm (`detector.util.arrays.log2`) a value is."""
    whole = int(value)
    return round(2.0**whole * (1 + value - whole)) - 1


def shape_of(values: Doubles, text: str) -> Shape:
    """The shape of a text as the descriptions take it, given the values of its columns, ``(shapes,)``."""
    classes = split([text]).classes
    flags = {
        UNSPACED: (classes == CharacterClass.UNSPACED).any(),
        ELLIPSIS: "…" in text,
        STRANGE_CAPITALS: sum(map(str.isupper, text)) != (classes == CharacterClass.UPPER).sum(),
        STRANGE_END: unicodedata.category(text.rstrip()[-1:] or " ").startswith(("P", "S")),
    }
    shape = dict(zip(SHAPE_NAMES, values.tolist(), strict=True))
    return shape | {name: float(bool(flag)) for name, flag in flags.items()}


def share(value: float) -> str:
    """A share from 0 to 1 in words. Only all is 100 %, and only nothing is none."""
    if value in (0, 1):
        return "all" if value else "none"
    return f"{min(max(round(100 * value), 1), 99)}%"


def _size(shape: Shape) -> str:
    words, characters = count(shape["words"]), _number(count(shape["characters"]), "character", "characters")
    return characters if shape[UNSPACED] else f"{_number(words, 'word', 'words')}, {characters}"


def _capitals(shape: Shape) -> str:
    words = count(shape["words"])
    capitals, whole = round(shape["capitalised words"] * words), round(shape["words in capitals"] * words)
    if shape[STRANGE_CAPITALS]:
        return "its capital letters"
    if not capitals and (shape[UNSPACED] or not words):
        return "no word is capitalised"
    number, state = (whole, "in capitals") if whole else (capitals, "capitalised")
    if words == 1:
        return f"its only word is {'' if number else 'not '}{state}"
    of_all = "" if shape[UNSPACED] else f" of {_number(words, 'word', 'words')}"
    return f"{f'{number:,}' if number else 'none'}{of_all} {state}"


def _numbers(shape: Shape) -> str:
    numbers = round(shape["numbers"] * count(shape["words"]))
    return _number(numbers, "number", "numbers")


def _alphabet(shape: Shape) -> str:
    return "only ASCII characters" if not shape["beyond ASCII"] else "characters beyond ASCII"


def _word_length(shape: Shape) -> str:
    if not shape["words"]:
        return "no words"
    if shape["beyond ASCII"]:  # what is measured are bytes, which are no characters there
        return "the length of its words"
    return f"words of {WORD_LENGTH_UNIT * shape['word length']:.1f} characters on average"


def _punctuation(shape: Shape) -> str:
    if not shape["punctuation"]:
        return "no punctuation or signs"
    return f"{share(shape['punctuation'])} of its characters are punctuation or signs"


def _beginning(shape: Shape) -> str:
    found = next((text for name, text in _BEGINNINGS.items() if shape[f"first is {name}"]), "begins with a sign")
    return "begins with a letter" if shape[STRANGE_CAPITALS] and found == _BEGINNINGS["letter"] else found


def _ending(shape: Shape) -> str:
    found = next((text for name, text in _ENDINGS.items() if shape[f"last is {name}"]), "ends with a sign")
    if found == _ENDINGS["period"] and shape[ELLIPSIS]:
        return "ends with a full stop or an ellipsis"
    return "ends with a sign" if found == _ENDINGS["letter"] and shape[STRANGE_END] else found


def _full_stops(shape: Shape) -> str:
    number = count(shape["periods"])
    if shape[ELLIPSIS]:
        return _number(number, "full stop or ellipsis", "full stops or ellipses")
    return _number(number, "full stop", "full stops")


def _counted(columns: tuple[str, ...], singular: str, plural: str) -> Callable[[Shape], str]:
    def describe(shape: Shape) -> str:
        return _number(sum(count(shape[column]) for column in columns), singular, plural)

    return describe


def _number(number: int, singular: str, plural: str) -> str:
    return f"{number:,} {singular}" if number == 1 else f"{f'{number:,}' if number else 'no'} {plural}"


_JOINED = {"brackets": ("opens", "closes"), "symbols": ("symbols", "pictures")}


def _groups() -> list[tuple[tuple[str, ...], Callable[[Shape], str]]]:
    """The columns of the shape that are one reason, and what describes them."""
    return [
        (("characters", "words"), _size),
        (("word length",), _word_length),
        (("beyond ASCII",), _alphabet),
        (("upper case", "capitalised words", "words in capitals"), _capitals),
        (("digits", "numbers"), _numbers),
        (("punctuation",), _punctuation),
        (("periods",), _full_stops),
        *((columns := _JOINED.get(name, (name,)), _counted(columns, *texts)) for name, texts in _COUNTED.items()),
        (tuple(f"first is {name}" for name in _BEGINNINGS), _beginning),
        (tuple(f"last is {name}" for name in _ENDINGS), _ending),
    ]


GROUPS = _groups()
COLUMNS = [[SHAPE_NAMES.index(name) for name in names] for names, _ in GROUPS]
# 1 where a column is in a group, of shape (shapes, groups)
_MEMBER = np.array([[float(column in columns) for columns in COLUMNS] for column in range(len(SHAPE_NAMES))])


@dataclass(frozen=True, slots=True)
class Features:
    """Groups of columns that speak for the same, the strongest first, and what they added in all."""

    groups: tuple[int, ...]
    added: float


def features(added: Doubles) -> list[Features]:
    """What of a shape speaks for keeping a paragraph, and what against, given what each column added, ``(shapes,)``."""
    values = added @ _MEMBER
    order = np.argsort(-np.abs(values), kind="stable")
    sides = (order[values[order] > 0], order[values[order] < 0])
    return [Features(tuple(side.tolist()), float(values[side].sum())) for side in sides if len(side)]


def shape_reasons(values: Doubles, added: Doubles, text: str) -> Iterator[Reason]:
    """The reasons in the shape of a text, given the values of its columns and what each of them added, ``(shapes,)``.

    What speaks for the same is one reason, which names the strongest.
    """
    shape = shape_of(values, text)
    for side in features(added):
        yield Reason("shape", "; ".join(GROUPS[group][1](shape) for group in side.groups[:_SHOWN]), side.added)
