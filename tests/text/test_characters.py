"""The tables of character classes and lower case, on chosen characters of many scripts."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from texts import texts

from detector.text.characters import CharacterClass as C
from detector.text.characters import classify

PADDING = b"\n" * 8


def classes_of(text: str) -> list[int]:
    data = text.encode("utf-8", "surrogatepass")
    return classify(data + PADDING)[0][: len(data)].tolist()


def folded(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return classify(data + PADDING)[1][: len(data)].tobytes().decode("utf-8", "surrogatepass")


CLASS_CASES = [
    (C.LETTER, "azİßéñøžœπσжщґאבعبनमகয়გაայ한글áảự" + "\ud800\udfff" + "ªº\u0301"),
    (C.UPPER, "AZÄÉŁŽŒΑΣЖЩՀẢＡ"),
    (C.DIGIT, "0189０９"),
    (C.UNSPACED, "東日あアー豈ｱกฮະကက្" + "𠀀"),
    (C.SPACE, " \t\n\v\f\r\x1c\x1f\x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"),
    (C.PERIOD, ".…。．।۔"),
    (C.COMMA, ",;、，،"),
    (C.QUESTION, "?¿？؟"),
    (C.EXCLAMATION, "!¡！"),
    (C.COLON, ":："),
    (C.QUOTE, '"“”„«»「」《》'),
    (C.APOSTROPHE, "'’‘`"),
    (C.DASH, "-‐–—―〜"),
    (C.OPEN, "([{（【"),
    (C.CLOSE, ")]}）】"),
    (C.BULLET, "|*•·●■→›※▶✓・"),
    (C.SLASH, "/\\／"),
    (C.CURRENCY, "$£¥€₹₽￥＄"),
    (C.HANDLE, "@#＠＃"),
    (C.COPYRIGHT, "©®™"),
    (C.SYMBOL, "\x00\x7f+<=>^_~§°×÷\u200b\u200d\ufeff\ufe0f∑℃"),
    (C.PICTURE, "☂♥✂\ue000\uf8ff" + "😀🎉𝔘"),
]


@pytest.mark.parametrize(("kind", "characters"), CLASS_CASES, ids=lambda value: getattr(value, "name", None))
def test_class_of_a_character_is_at_its_first_byte(kind: C, characters: str) -> None:
    wrong = [f"U+{ord(c):04X} is {C(classes_of(c)[0]).name}" for c in characters if classes_of(c)[0] != kind]
    assert not wrong


REST_CASES = [
    ("é", [C.LETTER, C.LETTER]),
    ("É", [C.UPPER, C.LETTER]),
    ("東", [C.UNSPACED, C.UNSPACED_REST, C.UNSPACED_REST]),
    ("𠀀", [C.UNSPACED, *[C.UNSPACED_REST] * 3]),
    ("\u3000", [C.SPACE] * 3),
    ("—", [C.DASH, C.CONTINUATION, C.CONTINUATION]),
    ("😀", [C.PICTURE, *[C.CONTINUATION] * 3]),
    ("€", [C.CURRENCY, C.CONTINUATION, C.CONTINUATION]),
    ("\ud800", [C.LETTER] * 3),
]


@pytest.mark.parametrize(("character", "kinds"), REST_CASES)
def test_class_of_the_bytes_after_the_first(character: str, kinds: list[C]) -> None:
    assert classes_of(character) == kinds


def test_spaces_are_those_of_python() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    sizes = np.array([1 if c < 0x80 else 2 if c < 0x800 else 3 if c < 0x10000 else 4 for c in range(len(every))])
    first = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    classes = classify(every.encode("utf-8", "surrogatepass") + PADDING)[0][first]
    assert np.flatnonzero(classes == C.SPACE).tolist() == [n for n, c in enumerate(every) if c.isspace()]


FOLD_CASES = [
    ("Support US Now", "support us now"),
    ("ÄRGER ÉTÉ ŁÓDŹ", "ärger été łódź"),
    ("ΑΣ", "ας".replace("ς", "σ")),  # character by character: no final sigma
    ("НОВОСТИ Ґ", "новости ґ"),
    ("ՀԱՅ", "հայ"),
    ("ẢỰ", "ảự"),
    ("ＡＢＣ", "ａｂｃ"),
    ("1987, 20.50", "0000, 00.00"),
    ("９", "９"),  # only the ten of ASCII are folded
    ("İ", "İ"),  # its lower case is two characters
    ("Ⱥ", "Ⱥ"),  # its lower case has another length in UTF-8
    ("東京 אב 🎉", "東京 אב 🎉"),
]


@pytest.mark.parametrize(("text", "lower"), FOLD_CASES)
def test_lower_case(text: str, lower: str) -> None:
    assert folded(text) == lower


@given(text=texts)
def test_folding_twice_is_folding_once_and_keeps_every_length(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    assert [len(c.encode("utf-8", "surrogatepass")) for c in once] == [
        len(c.encode("utf-8", "surrogatepass")) for c in text
    ]


@given(text=texts)
def test_characters_do_not_depend_on_their_neighbours(text: str) -> None:
    assert classes_of(text) == [kind for character in text for kind in classes_of(character)]
    assert folded(text) == "".join(map(folded, text))
