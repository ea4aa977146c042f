"""Words: what counts as one, and how far a paragraph is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from paragraph_features import buckets, numbers, slow_words
from texts import texts

from detector.features.tokens import READ_BYTES, tokenize
from detector.text.paragraphs import split


def words(text: str) -> list[str]:
    """The words that `tokenize` finds, in lower case, as text."""
    batch = split([text])
    found = tokenize(batch)
    raw = batch.folded.tobytes()
    return [raw[a:b].decode("utf-8", "surrogatepass") for a, b in zip(found.start, found.end, strict=True)]


WORD_CASES = [
    ("The 3rd try, didn't it?", ["the", "0rd", "try", "didn", "t", "it"]),
    ("café-bar / Łódź", ["café", "bar", "łódź"]),
    ("東京へ行く", ["東", "京", "へ", "行", "く"]),
    ("東京2024年 NHKの", ["東", "京", "0000", "年", "nhk", "の"]),
    ("ดีมาก ok", ["ด", "ี", "ม", "า", "ก", "ok"]),
    ("한글 소식", ["한글", "소식"]),
    ("новая-школа", ["новая", "школа"]),
    ("a_b a\u200bb a\u00a0b", ["a", "b", "a", "b", "a", "b"]),
    ("x😀y", ["x", "y"]),
    ("*** — …", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), WORD_CASES)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(text=texts)
def test_words_agree_with_a_loop_over_characters(text: str) -> None:
    assert words(text) == slow_words(text)


def test_words_beyond_the_bytes_read_do_not_count() -> None:
    line = "word " * (READ_BYTES // 5 + 1)
    number = -(-READ_BYTES // 5)
    assert len(words(line)) == number
    longer = line + "and many more words"
    assert buckets(longer) == buckets(line)
    assert numbers(longer)[1] != numbers(line)[1]
    both = tokenize(split([longer + "\nshort line\n" + longer]))
    assert both.counts.tolist() == [number, 2, number]
