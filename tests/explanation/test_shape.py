"""Descriptions of shapes are true of the paragraph."""

from __future__ import annotations

import numpy as np
import pytest

from detector.explanation.shape import COLUMNS, GROUPS, count, features, shape_reasons
from detector.features.shapes import SHAPE_NAMES, shapes
from detector.features.tokens import tokenize
from detector.text.paragraphs import split
from detector.util.arrays import log2

CASES = [
    (
        "The ferry returned.",
        ["3 words, 19 characters", "ends with a full stop", "begins with a capital letter", "1 full stop"],
    ),
    ("sign up", ["2 words, 7 characters", "ends without a full stop", "begins without a capital letter", "no commas"]),
    (
        "Who pays? You!",
        ["1 question mark", "1 exclamation mark", "ends with an exclamation mark", "2 of 3 words capitalised"],
    ),
    ("NEWS: 12 of 20", ["1 of 4 words in capitals", "2 of its words are numbers", "ends with a digit", "1 colon"]),
    ("(Photo: Ruth Ochieng)", ["2 brackets", "begins with a bracket", "ends with a bracket"]),
    ("• First, second", ["begins with a dash or a bullet", "1 comma", "only ASCII characters"]),
    ("© 2026 Quay News", ["1 sign such as ©", "1 of its words is a number", "begins with a sign"]),
    ("“Ja”, sagte Frau Weiß.", ["characters beyond ASCII", "begins with a quotation mark", "2 quotation marks"]),
    ("東京の店", ["4 words, 4 characters", "begins with a letter", "ends without a full stop"]),
    ("!!!", ["no words, 3 characters", "3 exclamation marks", "no capital letters"]),
    ("@quay #ferry", ["2 @ or #"]),
]
NOT_ASCII = {"• First, second"}


def descriptions(text: str) -> list[str]:
    batch = split([text])
    (row,) = shapes(batch, tokenize(batch))
    values = dict(zip(SHAPE_NAMES, row.tolist(), strict=True))
    return [describe(values) for _, describe in GROUPS]


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
    reasons = list(shape_reasons(np.zeros(len(SHAPE_NAMES)), added))
    assert [reason.log_odds for reason in reasons] == [side.added for side in sides]
    assert list(features(np.zeros(len(SHAPE_NAMES)))) == []
