"""Descriptions of shapes are true of the paragraph."""

from __future__ import annotations

import numpy as np
import pytest

from detector.explanation.shape import COLUMNS, GROUPS, count, features, shape_of, shape_reasons, share
from detector.features.shapes import SHAPE_NAMES, shapes
from detector.features.tokens import tokenize
from detector.text.paragraphs import split
from detector.util.arrays import log2

CASES = [
    (
        "The ferry returned.",
        ["3 words, 19 characters", "ends with a full stop", "begins with a capital letter", "1 full stop"],
    ),
    (
        "sign up",
        [
            "2 words, 7 characters",
            "ends without a full stop",
            "begins without a capital letter",
            "no commas or semicolons",
        ],
    ),
    (
        "Who pays? You!",
        ["1 question mark", "1 exclamation mark", "ends with an exclamation mark", "2 of 3 words capitalised"],
    ),
    ("NEWS: 12 of 20", ["1 of 4 words in capitals", "2 numbers", "ends with a digit", "1 colon"]),
    ("(Photo: Ruth Ochieng)", ["2 brackets", "begins with a bracket", "ends with a bracket"]),
    ("• First, second", ["begins with a sign such as - or •", "1 comma or semicolon", "only ASCII characters"]),
    ("© 2026 Quay News", ["1 sign such as ©", "1 number", "begins with a sign"]),
    (
        "“Ja”, sagte Frau Weiß.",
        ["characters beyond ASCII", "begins with a quotation mark or an apostrophe", "the length of its words"],
    ),
    (
        "東京の店",
        ["4 characters", "begins without a capital letter", "ends without a full stop", "no word is capitalised"],
    ),
    ("「店は2時」と Ruth 。", ["14 characters", "1 capitalised", "1 number", "ends with a full stop"]),
    ("เรือกลับมา", ["10 characters", "no word is capitalised"]),
    ("!!!", ["no words, 3 characters", "3 exclamation marks", "no word is capitalised", "no words"]),
    ("@quay #ferry", ["2 signs such as @ or #", "none of 2 words capitalised", "words of 4.5 characters on average"]),
    ("Η γέφυρα άνοιξε;", ["ends with a comma or a semicolon", "1 comma or semicolon"]),
    ("Ferry", ["its only word is capitalised", "no punctuation or signs"]),
    ("İstanbul Ferry", ["its capital letters", "begins with a letter"]),
    ("And then…", ["ends with a full stop or an ellipsis", "1 full stop or ellipsis"]),
    ("ኢትዮጵያ ዜና።", ["ends with a sign", "2 words, 9 characters"]),
    ("ferry", ["its only word is not capitalised"]),
    ("😀😀", ["all of its characters are punctuation or signs", "2 symbols"]),
]
NOT_ASCII = {"• First, second"}


def descriptions(text: str) -> list[str]:
    batch = split([text])
    (row,) = shapes(batch, tokenize(batch))
    return [describe(shape_of(row, text)) for _, describe in GROUPS]


def test_shares_are_not_rounded_to_all_or_nothing() -> None:
    assert [share(value) for value in (0, 0.001, 0.5, 0.999, 1)] == ["none", "1%", "50%", "99%", "all"]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_descriptions(text: str, expected: list[str]) -> None:
    found = descriptions(text)
    wanted = set(expected) - ({"only ASCII characters"} if text in NOT_ASCII else set())
    assert wanted <= set(found), found


def test_every_column_is_in_one_group() -> None:
    assert sorted(column for columns in COLUMNS for column in columns) == list(range(len(SHAPE_NAMES)))


@pytest.mark.parametrize("number", [0, 1, 2, 3, 7, 100, 5000, 100_003])
def test_counts_are_read_from_their_logarithms(number: int) -> None:
    assert count(float(log2(np.array([number]))[0])) == pytest.approx(number, rel=1e-6)


def test_what_speaks_for_the_same_is_one_reason() -> None:
    added = np.linspace(-1, 1, len(SHAPE_NAMES))
    sides = features(added)
    assert [side.added > 0 for side in sides] == [True, False]
    assert sum(side.added for side in sides) == pytest.approx(added.sum())
    reasons = list(shape_reasons(np.zeros(len(SHAPE_NAMES)), added, "A line."))
    assert [reason.log_odds for reason in reasons] == [side.added for side in sides]
    assert list(features(np.zeros(len(SHAPE_NAMES)))) == []
