"""The shape of a paragraph."""

from __future__ import annotations

import pytest
from paragraph_features import numbers

from detector.features.shapes import SHAPE_NAMES

SHAPE_CASES = [
    ("Hello World", {"words": 1.5, "capitalised words": 1, "words in capitals": 0, "first is upper": 1}),
    ("hello world", {"capitalised words": 0, "first is letter": 1, "last is letter": 1}),
    ("SUBSCRIBE NOW!", {"words in capitals": 1, "exclamations": 1, "last is exclamation": 1, "last is letter": 0}),
    ("• 12 items", {"first is bullet": 1, "bullets": 1, "numbers": 0.5, "digits": 0.2}),
    ("  “Yes?”  ", {"first is quote": 1, "last is quote": 1, "quotes": 1.5, "questions": 1}),
    ("東京です。", {"characters": 2.5, "words": 2.25, "first is unspaced": 1, "last is period": 1, "beyond ASCII": 2}),
    ("東京", {"last is unspaced": 1, "last is period": 0}),
    ("(see below)", {"first is open": 1, "last is close": 1, "opens": 1, "closes": 1}),
    ("© 2024 Example $5 @us", {"copyrights": 1, "currencys": 1, "handles": 1, "numbers": 0.5}),
    ("and so on:", {"last is colon": 1, "colons": 1, "capitalised words": 0, "upper case": 0}),
    ("https://a.example/b", {"slashs": 2, "colons": 1, "periods": 1}),
    ("😀😀", {"pictures": 1.5, "words": 0, "word length": 0, "characters": 1.5}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SHAPE_CASES)
def test_shapes(text: str, expected: dict[str, float]) -> None:
    row = dict(zip(SHAPE_NAMES, numbers(text)[1][0], strict=True))
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-6)
