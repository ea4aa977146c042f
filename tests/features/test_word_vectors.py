"""Word vectors: the mean of a paragraph's known words, their share, and the table built from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from texts import text_lists

from detector.errors import DataError
from detector.features.hashing import vector_buckets, word_buckets
from detector.features.tokens import Tokens, tokenize
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.text.paragraphs import split
from detector.util.arrays import Hashes
from training import vectors as making

KNOWN = ("ferry", "harbour", "kiosk", "lantern", "東", "2031", "größe")
UNKNOWN = ("quay", "zeppelin", "...", "—")
NUMBERS = np.random.default_rng(3).integers(-127, 128, (len(KNOWN), DIMENSIONS)).astype(np.int8)


def hashes_of(words: tuple[str, ...]) -> Hashes:
    return tokenize(split(words)).hashes


VECTORS = WordVectors.from_hashes(hashes_of(KNOWN), NUMBERS)


def means_of(text: str, vectors: WordVectors = VECTORS) -> NDArray[np.float32]:
    return vectors.embed(tokenize(split([text])))[0]


def slow_mean(line: list[str]) -> list[float]:
    known = [NUMBERS[KNOWN.index(word)].astype(int).tolist() for word in line if word in KNOWN]
    if not known:
        return [0.0] * DIMENSIONS
    return [float(np.float32(sum(column) / len(known))) for column in zip(*known, strict=True)]


# Means

word_lists = st.lists(st.sampled_from(KNOWN + UNKNOWN), min_size=1, max_size=30)


@given(st.lists(word_lists, min_size=1, max_size=6))
def test_means_are_those_of_the_known_words(lines: list[list[str]]) -> None:
    got = means_of("\n".join(" ".join(line) for line in lines))
    assert got.dtype == np.float32
    assert got.tolist() == [slow_mean(line) for line in lines]


MEANS = [
    ("FERRY Ferry ferry", ["ferry"]),  # capitals, and how often, are the same
    ("ferry, quay; zeppelin!", ["ferry"]),
    ("9876", ["2031"]),  # digits are all the same
    ("東 harbour", ["東", "harbour"]),
    ("quay", []),
    ("***", []),
]


@pytest.mark.parametrize(("text", "words"), MEANS)
def test_what_counts_as_a_known_word(text: str, words: list[str]) -> None:
    assert means_of(text).tolist() == [slow_mean(words)]


@given(text_lists)
def test_a_paragraph_has_the_same_mean_alone_and_in_every_batch(texts: list[str]) -> None:
    batch = split(texts)
    whole, _ = VECTORS.embed(tokenize(batch))
    assert whole.shape == (len(batch), DIMENSIONS)
    for text, first, last in zip(texts, batch.bounds[:-1], batch.bounds[1:], strict=True):
        assert np.array_equal(whole[first:last], means_of(text))


def test_no_paragraphs_and_no_words() -> None:
    assert means_of("").shape == (0, DIMENSIONS)
    assert means_of("—\n…").tolist() == [[0.0] * DIMENSIONS] * 2


def test_without_vectors_every_mean_is_zero() -> None:
    none = WordVectors.none()
    assert means_of("ferry harbour\nquay", none).tolist() == [[0.0] * DIMENSIONS] * 2
    assert none.rows(hashes_of(KNOWN)).tolist() == [0] * len(KNOWN)


# Shares of known words


def shares_of(text: str, vectors: WordVectors = VECTORS) -> list[float]:
    shares = vectors.embed(tokenize(split([text])))[1]
    assert shares.dtype == np.float32
    assert shares.shape[1:] == (1,)
    found: list[float] = shares.ravel().tolist()
    return found


def slow_share(line: list[str]) -> float:
    known = [word in KNOWN for word in line if word not in ("...", "—")]
    return float(np.float32(sum(known) / len(known))) if known else 1.0


@given(st.lists(word_lists, min_size=1, max_size=6))
def test_shares_are_those_of_the_words_that_are_known(lines: list[list[str]]) -> None:
    assert shares_of("\n".join(" ".join(line) for line in lines)) == [slow_share(line) for line in lines]


SHARES = [
    ("FERRY Ferry ferry", 1),
    ("ferry ferry ferry quay", 0.75),  # each time counts
    ("quay zeppelin", 0),
    ("9876", 1),
    ("東京", 0.5),  # every character is a word
    ("***", 1),  # no words
    ("… ferry — quay …", 0.5),
]


@pytest.mark.parametrize(("text", "share"), SHARES)
def test_the_share_of_known_words(text: str, share: float) -> None:
    assert shares_of(text) == [share]


@given(text_lists)
def test_without_vectors_every_share_is_one(texts: list[str]) -> None:
    assert set(shares_of("\n".join(texts), WordVectors.none())) <= {1.0}


@given(text_lists)
def test_a_paragraph_has_the_same_share_alone_and_in_every_batch(texts: list[str]) -> None:
    batch = split(texts)
    whole = VECTORS.embed(tokenize(batch))[1].ravel().tolist()
    assert whole == [share for text in texts for share in shares_of(text)]
    assert all(0 <= share <= 1 for share in whole)


# Words and buckets


def in_one_bucket() -> Hashes:
    """The hashes of two words that have the same bucket."""
    hashes = np.random.default_rng(0).integers(0, 1 << 63, 5000).astype(np.uint64)
    buckets = vector_buckets(hashes).tolist()
    first = {bucket: at for at, bucket in reversed(list(enumerate(buckets)))}
    return next(hashes[[first[bucket], at]] for at, bucket in enumerate(buckets) if first[bucket] != at)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_words_in_one_bucket_only_the_first_is_known(order: tuple[int, int]) -> None:
    hashes = in_one_bucket()[list(order)]
    vectors = WordVectors.from_hashes(hashes, NUMBERS[:2])
    assert vectors.vectors.tolist() == NUMBERS[:1].tolist()
    assert vectors.rows(hashes).tolist() == [1, 0]
    nowhere = np.zeros(2, dtype=np.int64)
    means, known = vectors.embed(Tokens(nowhere, nowhere, np.array([0, 2]), hashes))
    assert means.tolist() == [NUMBERS[0].tolist()]
    assert known.tolist() == [[0.5]]


def test_the_order_of_words_does_not_change_their_vectors() -> None:
    turned = WordVectors.from_hashes(hashes_of(KNOWN[::-1]), NUMBERS[::-1])
    for name in ("vectors", "buckets", "fingerprints"):
        assert np.array_equal(getattr(turned, name), getattr(VECTORS, name))
    assert VECTORS.buckets.dtype == np.uint32
    assert VECTORS.fingerprints.dtype == np.uint32
    assert (np.diff(VECTORS.buckets.astype(int)) > 0).all()


def test_words_of_one_bucket_of_the_linear_model_can_both_be_known() -> None:
    hashes = np.random.default_rng(0).integers(0, 1 << 63, 5000).astype(np.uint64)
    buckets = word_buckets(hashes)
    shared = np.flatnonzero(np.bincount(buckets)[buckets] > 1)
    one = buckets == buckets[shared[0]]
    assert len(set(vector_buckets(hashes[one]).tolist())) == one.sum() > 1
    vectors = WordVectors.from_hashes(hashes[one], NUMBERS[: one.sum()])
    assert sorted(vectors.rows(hashes[one]).tolist()) == list(range(1, one.sum() + 1))


# The table built from a file

LETTERS = "abcdefghij"
WORDS = [first + second + third for first in LETTERS for second in LETTERS for third in "kl"]  # 200 invented words


def given_vectors(number: int = len(WORDS), numbers: int = 100) -> NDArray[np.float64]:
    random = np.random.default_rng(1)
    return random.normal(size=(number, numbers)) * np.linspace(2, 0.2, numbers) + 0.1


def write(folder: Path, content: Any) -> Path:
    file = folder / "vectors.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def as_json(words: list[str], vectors: NDArray[np.float64]) -> dict[str, Any]:
    """In the format of the package, with two further numbers after each vector."""
    return {"vectors": {word: [*row, 7, 0.5] for word, row in zip(words, vectors.tolist(), strict=True)}}


def test_the_table_has_only_single_words(tmp_path: Path) -> None:
    words = ["don't", "", " ", "a\nb", "two words", "...", *WORDS, WORDS[0].upper()]
    made = making.word_vectors(write(tmp_path, as_json(words, given_vectors(len(words)))))
    expected = WordVectors.from_hashes(hashes_of(tuple(WORDS)), making.reduced(given_vectors(len(words)))[6:-1])
    for name in ("vectors", "buckets", "fingerprints"):
        assert np.array_equal(getattr(made, name), getattr(expected, name))
    assert made.vectors.shape == (len(set(vector_buckets(hashes_of(tuple(WORDS))).tolist())), DIMENSIONS)
    assert made.vectors.dtype == np.int8


def test_only_the_most_frequent_words_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "WORDS", 80)
    every = making.word_vectors(write(tmp_path, as_json(WORDS, given_vectors())))
    first = making.word_vectors(write(tmp_path, as_json(WORDS[:80], given_vectors(80))))
    assert np.array_equal(every.vectors, first.vectors)
    assert np.array_equal(every.fingerprints, first.fingerprints)


def test_vectors_have_one_scale_and_do_not_depend_on_the_axes() -> None:
    vectors = given_vectors()
    made = making.reduced(vectors).astype(int)
    assert made.std() == pytest.approx(16, rel=0.05)
    assert (made[0] >= 0).all()
    sizes = made.std(axis=0)
    assert sizes[0] > 2 * sizes[-1]  # the direction in which words differ most comes first
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(100, 100)))[0]
    assert np.abs(making.reduced(vectors @ turn).astype(int) - made).max() <= 1


def test_the_most_frequent_words_count_less() -> None:
    vectors = np.tile(given_vectors(50), (20, 1))  # the same vector again and again, ever rarer
    sizes = np.abs(making.reduced(vectors).astype(int)).sum(axis=1).reshape(20, 50).mean(axis=1)
    assert (np.diff(sizes) > 0).all()


BAD = [
    ("", "JSONDecodeError"),
    ("[1, 2]", "TypeError"),
    ({"words": {}}, "KeyError"),
    ({"vectors": {}}, f"more than {DIMENSIONS} words"),
    ({"vectors": 5}, "TypeError"),
    (as_json(WORDS[:DIMENSIONS], given_vectors(DIMENSIONS)), f"more than {DIMENSIONS} words"),
    (as_json(WORDS, given_vectors(numbers=50)), "100 numbers each"),  # two words would make one vector
    ({"vectors": {**as_json(WORDS, given_vectors())["vectors"], "odd": [1, 2]}}, "ValueError"),
    ({"vectors": {**as_json(WORDS, given_vectors())["vectors"], "odd": ["many"] * 100}}, "ValueError"),
    ({"vectors": {**as_json(WORDS, given_vectors())["vectors"], "odd": [float("nan")] * 100}}, "100 numbers each"),
]


@pytest.mark.parametrize(("content", "words"), BAD, ids=range(len(BAD)))
def test_files_without_valid_vectors(content: Any, words: str, tmp_path: Path) -> None:
    file = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        making.word_vectors(file)
    assert str(file) in str(caught.value)
    assert words in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.json: not the vectors"):
        making.word_vectors(tmp_path / "none.json")
