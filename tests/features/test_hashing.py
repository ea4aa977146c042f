"""Hashes and buckets of n-grams, against plain integers, and what counts in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paragraph_features import buckets, slow_words
from texts import lines

from detector.features import hashing
from detector.features.hashing import BUCKET_BITS, VECTOR_BITS, VECTOR_BUCKETS, vector_buckets, word_buckets
from detector.features.tokens import tokenize
from detector.text.paragraphs import split

# Hashes, against plain integers

MASK = (1 << 64) - 1


def constant(name: str) -> int:
    return int(getattr(hashing, name))


def eight(data: bytes) -> int:
    return int.from_bytes(data[:8].ljust(8, b"\0"), "little")


def slow_hash(word: str) -> int:
    data = word.encode("utf-8", "surrogatepass")
    mixed = eight(data) * constant("HEAD") + len(data) * constant("LENGTH")
    if len(data) > 8:
        mixed += eight(data[-8:]) * constant("TAIL")
    if len(data) > 16:
        mixed += eight(data[8:16]) * constant("MIDDLE")
    mixed &= MASK
    return mixed ^ (mixed >> 32)


def slow_bucket(mixed: int, multiplier: str, bits: int = BUCKET_BITS) -> int:
    mixed &= MASK
    return (((mixed ^ (mixed >> 29)) * constant(multiplier)) & MASK) >> (64 - bits)


def slow_words_and_pairs(hashes: list[int]) -> list[list[int]]:
    return [
        [slow_bucket(left, "WORD"), slow_bucket(left * constant("PAIR_LEFT") + right, "PAIR")]
        for left, right in zip(hashes, [*hashes, 0][1:], strict=True)
    ]


def slow_affixes(found: list[str]) -> list[list[int]]:
    rows = []
    for word in found:
        data = word.encode("utf-8", "surrogatepass")
        wide = data[0] >= 0xC0
        if len(data) >= (12 if wide else 6):
            head = eight(data[:8] if wide else data[:5])
            tail = eight((b"\0\0" + data[-6:]) if wide else (b"\0\0\0\0" + data[-4:]))
            rows.append([
                slow_bucket(head * constant("HEAD"), "PREFIX"), slow_bucket(tail * constant("TAIL"), "SUFFIX")
            ])  # fmt: skip
    return rows


def slow_anchors(hashes: list[int]) -> list[int]:
    left = constant("PAIR_LEFT")
    first, second, third = (*hashes[:3], 0, 0, 0)[:3]
    last, before, third_last = (*hashes[::-1][:3], 0, 0, 0)[:3]
    two, back = first * left + second, before * left + last
    whole = len(hashes) * constant("LENGTH")
    for word in hashes:
        mixed = (word * constant("MIDDLE")) & MASK
        whole += mixed ^ (mixed >> 31)
    return [
        slow_bucket(first, "OPENING"), slow_bucket(two, "OPENING"),
        slow_bucket((two & MASK) * left + third, "OPENING"),
        slow_bucket(back, "CLOSING"), slow_bucket(third_last * constant("HEAD") + back, "CLOSING"),
        slow_bucket(whole, "WHOLE"),
    ]  # fmt: skip


@given(line=lines)
def test_buckets_agree_with_plain_integers(line: str) -> None:
    found = slow_words(line)
    hashes = [slow_hash(word) for word in found]
    got = buckets(line)
    if not line.strip():
        assert got == [[], [], []]
        return
    assert got == [[slow_words_and_pairs(hashes)], [slow_affixes(found)], [[slow_anchors(hashes)]]]


@given(line=lines)
def test_buckets_of_vectors_agree_with_plain_integers(line: str) -> None:
    found = vector_buckets(tokenize(split([line])).hashes).tolist()
    assert found == [slow_bucket(slow_hash(word), "WORD", VECTOR_BITS) for word in slow_words(line)]
    assert all(0 <= bucket < VECTOR_BUCKETS for bucket in found)


SAME_BUCKETS = [
    ("Support Our Work", "support OUR work"),
    ("ÄRGER ÜBER ÖL", "ärger über öl"),
    ("НОВОСТИ ДНЯ", "новости дня"),
    ("Posted 12 May 1987", "posted 30 may 2024"),
    ("one, two; three!", "one two three"),  # punctuation is shape
]


@pytest.mark.parametrize(("left", "right"), SAME_BUCKETS)
def test_case_digits_and_punctuation_do_not_count_in_words(left: str, right: str) -> None:
    assert buckets(left) == buckets(right)


OTHER_BUCKETS = [
    ("year 87", "year 1987"),  # one zero per digit: their number counts
    ("naïve", "naive"),
    ("two words", "words two"),
    ("twowords", "two words"),
    ("東京", "京東"),
]


@pytest.mark.parametrize(("left", "right"), OTHER_BUCKETS)
def test_what_does_count_in_words(left: str, right: str) -> None:
    assert buckets(left) != buckets(right)


@given(st.text(st.sampled_from("abzäéłπжщ XYZÄÉŁΠЖЩ019"), min_size=1))
def test_upper_case_has_the_buckets_of_lower_case(text: str) -> None:
    assert buckets(text) == buckets("".join(character.lower() for character in text))


@pytest.mark.parametrize("length", [8, 9, 16, 17, 24, 25, 40, 200])
def test_long_words_are_distinguished_by_length_start_and_end(length: int) -> None:
    word = "".join(chr(ord("a") + n * 7 % 26) for n in range(length))

    def changed(at: int) -> str:
        return word[:at] + ("y" if word[at] != "y" else "z") + word[at + 1 :]

    def bucket(text: str) -> int:
        return int(word_buckets(tokenize(split([text])).hashes)[0])

    seen = [at for at in range(length) if bucket(changed(at)) != bucket(word)]
    assert seen == [at for at in range(length) if at < 16 or at >= length - 8]
    assert bucket(word + "a") != bucket(word)
