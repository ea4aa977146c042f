"""Familiarity: the share of a document that the model knows, whatever else is in the batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_models import random_model
from scoring import scores_of
from texts import text_lists

from detector.features.context import UNIT, DocumentFeatures, document_features
from detector.features.hashing import BUCKETS
from detector.features.shapes import shapes
from detector.features.tokens import tokenize
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.inference.predict import familiarity
from detector.results import Prediction, SectionPrediction, join_sections
from detector.text.paragraphs import split

KNOWN = ("ferry", "harbour", "東", "größe", "2031")
VECTORS = WordVectors.from_hashes(tokenize(split(KNOWN)).hashes, np.ones((len(KNOWN), DIMENSIONS), dtype=np.int8))
MODELS = [random_model(3, tokenize(split(KNOWN)).hashes, sizes) for sizes in ((), ((4, 2),))]


def features_of(texts: list[str], vectors: WordVectors = VECTORS) -> DocumentFeatures:
    batch = split(texts)
    tokens = tokenize(batch)
    return document_features(batch, tokens, shapes(batch, tokens), np.zeros(BUCKETS, dtype=np.uint8), vectors)


def familiar(*texts: str, vectors: WordVectors = VECTORS) -> list[float]:
    shares = familiarity(features_of(list(texts), vectors))
    assert shares.dtype == np.float32
    assert shares.shape == (len(texts),)
    found: list[float] = shares.tolist()
    return found


CASES = [
    ("", 1.0),  # no paragraphs
    (" \n\t\n", 1.0),
    ("***", 1.0),  # no words
    ("Ferry harbour", 1.0),
    ("ferry zeppelin", 0.5),
    ("zeppelin quay", 0.0),
    ("ferry\nquays", 0.5),  # paragraphs of five bytes each
    ("ferry\nquay quay quay.", 0.25),  # a paragraph counts by its size: 5 of 20 bytes
    ("東\nquay or", 0.3),  # three bytes
    ("ferry\n\n\nquays", 0.5),  # what is between paragraphs does not count
]


@pytest.mark.parametrize(("text", "share"), CASES)
def test_the_share_of_known_words_by_size(text: str, share: float) -> None:
    assert familiar(text) == [pytest.approx(share, abs=1e-6)]


@pytest.mark.parametrize("text", [text for text, _ in CASES])
def test_without_vectors_everything_is_familiar(text: str) -> None:
    assert familiar(text, vectors=WordVectors.none()) == [1]


@given(st.lists(st.lists(st.sampled_from((*KNOWN, "quay", "…", "\n", "東京")), max_size=9).map(" ".join), max_size=5))
def test_familiarity_is_a_mean_weighted_by_bytes(texts: list[str]) -> None:
    features = features_of(texts)
    batch = features.batch
    for number, got in enumerate(familiarity(features).tolist()):
        rows = slice(batch.bounds[number], batch.bounds[number + 1])
        size = (batch.end - batch.start)[rows]
        assert got == pytest.approx(np.average(features.known[rows, 0], weights=size) if len(size) else 1, abs=1 / UNIT)
        assert 0 <= got <= 1


@given(text_lists)
def test_a_document_is_as_familiar_alone_as_in_every_batch(texts: list[str]) -> None:
    assert familiar(*texts) == [share for text in texts for share in familiar(text)]


@pytest.mark.parametrize("number", [0, 1])
@given(texts=text_lists)
def test_a_prediction_has_the_familiarity_of_each_document(number: int, texts: list[str]) -> None:
    """With networks and without."""
    model = MODELS[number]
    whole = scores_of(model, texts).familiarity
    assert whole.tolist() == familiar(*texts, vectors=model.vectors)
    assert whole.tolist() == [scores_of(model, [text]).familiarity.item() for text in texts]


def test_a_long_document_of_known_words_is_familiar() -> None:
    """Sums of many bytes do not overflow."""
    assert familiar("\n".join(["ferry harbour " * 2000] * 400)) == [1]


# Long texts


def section(source: str, at: int, known: float, threshold: float = 0.5, kept_whole: bool = False) -> SectionPrediction:
    """A section without paragraphs."""
    none, scores = np.zeros(0, dtype=np.int64), np.zeros((0, 1), dtype=np.float32)
    prediction = Prediction(
        source, ("reporting",), ("body",), (0,), none, none, scores, scores, scores[:, 0], none == 0, known, threshold,
        kept_whole,
    )  # fmt: skip
    return SectionPrediction(at, prediction)


@pytest.mark.parametrize("known", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("source", ["", "\n", "ferry"])
def test_a_text_of_one_section_is_as_familiar_as_the_section(source: str, known: float) -> None:
    """Also an empty text."""
    assert join_sections(source, [section(source, 0, known, 0.25)]) == section(source, 0, known, 0.25).prediction


def test_a_long_text_has_the_mean_familiarity_of_its_sections_by_size() -> None:
    parts = [section("a" * 1000, 0, 1.0, 0.4), section("b" * 3000, 1000, 0.5, 0.2, True), section("", 4000, 0.0, 0.3)]
    joined = join_sections("a" * 1000 + "b" * 3000, parts)
    assert joined.familiarity == pytest.approx(0.625, abs=0.01)
    assert (joined.threshold, joined.kept_whole) == (0.2, True)  # the lowest; any
    assert not join_sections("a" * 1000, parts[:1]).kept_whole
