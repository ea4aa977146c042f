"""A paragraph's numbers depend on its own bytes alone, and change only with the feature version."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paragraph_features import buckets, numbers, slow_words
from texts import texts

from detector import context
from detector.features import (
    BUCKETS,
    FEATURE_VERSION,
    READ_BYTES,
    SHAPE_NAMES,
    line_hashes,
    log2,
    ngrams,
    segment_sum,
    shapes,
    share,
    tokenize,
    word_buckets,
)
from detector.paragraphs import split
from detector.vectors import WordVectors


def words(text: str) -> list[str]:
    """The words that `tokenize` finds, in lower case, as text."""
    batch = split([text])
    found = tokenize(batch)
    raw = batch.folded.tobytes()
    return [raw[a:b].decode("utf-8", "surrogatepass") for a, b in zip(found.start, found.end, strict=True)]


# Words

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


def test_words_after_the_read_bytes_do_not_count() -> None:
    line = "word " * (READ_BYTES // 5 + 1)
    number = -(-READ_BYTES // 5)
    assert len(words(line)) == number
    longer = line + "and many more words"
    assert buckets(longer) == buckets(line)
    assert numbers(longer)[1] != numbers(line)[1]
    both = tokenize(split([longer + "\nshort line\n" + longer]))
    assert both.counts.tolist() == [number, 2, number]


@given(texts_=st.lists(texts, min_size=1, max_size=6))
def test_a_paragraph_is_the_same_alone_and_in_every_batch(texts_: list[str]) -> None:
    batch = split(texts_)
    found = tokenize(batch)
    groups, shape, hashes = ngrams(batch, found), shapes(batch, found), line_hashes(found)
    assert shape.shape == (len(batch), len(SHAPE_NAMES))
    for row in range(len(batch)):
        paragraph = texts_[batch.document[row]][batch.first[row] : batch.last[row]]
        alone, alone_shape, alone_hash = numbers(paragraph)
        assert [[g.buckets[g.bounds[row] : g.bounds[row + 1]].tolist()] for g in groups] == alone
        assert ([shape[row].tolist()], [int(hashes[row])]) == (alone_shape, alone_hash)


@given(text=texts)
def test_buckets_are_in_the_table_and_shapes_are_finite(text: str) -> None:
    batch = split([text])
    found = tokenize(batch)
    for group in ngrams(batch, found):
        assert ((group.buckets >= 0) & (group.buckets < BUCKETS)).all()
        assert len(group.bounds) == len(batch) + 1
        assert group.counts.sum() == group.buckets.size
    values = shapes(batch, found)
    assert np.isfinite(values).all()
    assert (values >= 0).all()


# Shapes

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


LOGARITHMS = [(0, 0.0), (1, 1.0), (2, 1.5), (3, 2.0), (7, 3.0), (1023, 10.0), (2**40 - 1, 40.0)]


@pytest.mark.parametrize(("value", "expected"), LOGARITHMS)
def test_logarithm_is_exact_at_powers_of_two(value: int, expected: float) -> None:
    assert log2(np.array([value])).item() == expected


def test_logarithm_rises() -> None:
    values = log2(np.arange(5000))
    assert (np.diff(values) > 0).all()
    assert np.abs(values - np.log2(np.arange(5000) + 1.0)).max() < 0.09


@given(st.lists(st.lists(st.integers(-100, 100), max_size=4), max_size=6))
def test_segment_sum(segments: list[list[int]]) -> None:
    flat = np.array([value for segment in segments for value in segment], dtype=np.int64)
    bounds = np.concatenate(([0], np.cumsum([len(s) for s in segments]))).astype(np.int64)
    assert segment_sum(flat, bounds).tolist() == [sum(segment) for segment in segments]


def test_share_of_nothing_is_zero() -> None:
    assert share(np.array([1, 0]), np.array([4, 0])).tolist() == [0.25, 0]


# Values that must not change by accident

GOLDEN_TEXT = """\
THE FERRY to Hollow Quay will not sail on 3 November 2031, the harbour office said.
“Nobody asked us,” said Imke Dahlqvist; she has run the kiosk (and its 1,200 postcards) since 1998…

• Support the Quay Courier from €4.50 a month: https://courier.example/give?id=7 @quaycourier
© 2031 QUAY COURIER LTD | ALL RIGHTS RESERVED
Straßenfest fällt aus – Łódź, ÉTÉ, Öl; неизвестность предприятия ΑΘΗΝΑ
東京の渡し船は欠航です。詳しくは１２３頁へ　ข่าววันนี้ 한글 소식 שלום مرحبا ؟
supercalifragilisticexpialidocious_and_unbelievablyunpronounceablewordsofmorethantwentyfour 😀👍 \ud800
"""
GOLDEN_DIGESTS = {2: "e152d0315fe44db674efa4671dd686d143472d90c0f95066d920dff481d28ee5"}
GOLDEN_BUCKETS = {
    "ferry": 4093,
    "2031": 1052,
    "straßenfest": 198323,
    "東": 72947,
    "предприятия": 84938,
    "supercalifragilisticexpialidocious": 13261,
}


def golden_digest() -> str:
    batch = split([GOLDEN_TEXT, GOLDEN_TEXT.replace("\n", "\r\n\r\n")])
    found = tokenize(batch)
    digest = hashlib.sha256()
    for group in ngrams(batch, found):
        digest.update(group.buckets.astype("<i8").tobytes())
        digest.update(group.bounds.astype("<i8").tobytes())
    digest.update(line_hashes(found).astype("<u8").tobytes())
    shape = shapes(batch, found)
    digest.update(shape.astype("<f4").tobytes())
    evidence = context.gather(batch, found, shape, np.arange(BUCKETS).astype(np.uint8), WordVectors.none())
    probabilities = np.eye(3, dtype=np.float32)[np.arange(len(batch)) % 3] * np.float32(0.75) + np.float32(1 / 12)
    rows = context.rows(evidence, probabilities, probabilities, np.eye(3, dtype=np.float32))
    digest.update(rows.astype("<f4").tobytes())
    return digest.hexdigest()


def test_features_are_those_of_their_version() -> None:
    assert golden_digest() == GOLDEN_DIGESTS.get(FEATURE_VERSION), (
        "the features of a text have changed: models trained before would be read wrongly. Undo the change, or raise "
        "FEATURE_VERSION by one, train the shipped model anew and enter the new version's digest here"
    )


def test_buckets_of_words_are_those_of_their_version() -> None:
    hashes = tokenize(split(list(GOLDEN_BUCKETS))).hashes
    assert dict(zip(GOLDEN_BUCKETS, word_buckets(hashes).tolist(), strict=True)) == GOLDEN_BUCKETS
