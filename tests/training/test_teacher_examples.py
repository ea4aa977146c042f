"""What the encoder learns from: tokens, labels, weights and folds of documents, and their windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled import corpora, document, paragraph
from tiny_encoder import tiny_tokenizer

from detector.encoder.reading import SMALLEST
from detector.encoder.tokens import MOST_TOKENS, ParagraphTokenizer, describe
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.fit.config import FitConfig
from detector.fit.data import label_names, site_folds
from detector.util.arrays import Floats
from training.teacher.examples import MOST, Examples, examples

CONFIG = replace(FitConfig(), folds=3, label_weights=(("auto", 0.25), ("read", 1.0)))
TOKENIZER = ParagraphTokenizer(tiny_tokenizer())

DOCUMENTS = [
    document(
        "a",
        paragraph("The ferry was late again.", "reporting", "body", "read"),
        paragraph("  Support us! ", "appeal", "donation", "auto"),
        paragraph("Nobody has read this", None),
        site="quay.example",
    ),
    document("empty"),
    document(
        "b",
        paragraph("Support us!", "appeal", None),
        paragraph("Menu", "navigation", None, "auto"),
        paragraph("The ferry was late again.", "reporting", "heading"),
        site="post.example",
    ),
    document("c", paragraph("word " * 200, "reporting", "body"), site="quay.example"),
]


def scores_for(documents: list[LabelledDocument], seed: int = 0) -> Floats:
    kinds = np.random.default_rng(seed).random(
        (sum(len(d.paragraphs) for d in documents), len(label_names(documents)[1]))
    )
    kinds /= np.maximum(kinds.sum(axis=1, keepdims=True), 1e-9)
    return kinds.astype(np.float32)


@pytest.fixture(scope="module")
def data() -> Examples:
    return examples(DOCUMENTS, scores_for(DOCUMENTS), TOKENIZER, CONFIG)


def test_labels_and_kinds(data: Examples) -> None:
    assert data.labels == ("reporting", "appeal", "navigation")
    assert data.kinds == ("body", "heading", "donation", "navigation")
    assert data.kind_labels == (0, 0, 1, 2)
    assert data.bounds.tolist() == [0, 3, 3, 6, 7]
    assert data.label.tolist() == [0, 1, -1, 1, 2, 0, 0]
    assert data.kind.tolist() == [0, 2, -1, -1, 3, 1, 0]


def test_weights(data: Examples) -> None:
    assert data.weight.tolist() == [1.0, 0.25, 0.0, 1.0, 0.25, 1.0, 1.0]


def test_folds_are_those_of_the_small_model(data: Examples) -> None:
    folds = site_folds(DOCUMENTS, CONFIG.folds)
    assert data.fold.tolist() == [folds[d.site] for d in DOCUMENTS]
    assert data.fold[0] == data.fold[3]
    assert len(set(data.fold.tolist())) == 3


def test_equal_paragraphs_are_read_once(data: Examples) -> None:
    assert data.text.tolist() == [0, 1, 2, 1, 3, 0, 4]  # blanks at the ends do not count
    texts = [p.text.strip() for d in DOCUMENTS for p in d.paragraphs]
    for row, text in enumerate(texts):
        start, stop = data.tokens.bounds[data.text[row] : data.text[row] + 2].tolist()
        assert data.tokens.ids[start:stop].tolist() == TOKENIZER([text]).ids.tolist()
        assert data.sizes[row] == stop - start + 1
    assert data.sizes[6] == MOST_TOKENS


def test_what_the_encoder_is_told(data: Examples) -> None:
    scores = scores_for(DOCUMENTS)
    lengths = np.array([len(p.text.strip()) for d in DOCUMENTS for p in d.paragraphs])
    assert (data.described == describe(lengths, data.bounds)).all()
    assert data.logs.dtype == np.float32
    np.testing.assert_allclose(np.exp(data.logs), np.maximum(scores, SMALLEST), rtol=1e-5)
    halves = examples(DOCUMENTS, scores.astype(np.float16), TOKENIZER, CONFIG)  # type: ignore[arg-type]
    assert halves.logs.dtype == np.float32
    assert np.isfinite(examples(DOCUMENTS, 0 * scores, TOKENIZER, CONFIG).logs).all()


@pytest.mark.parametrize("shape", [(6, 4), (8, 4), (7, 3), (7,)])
def test_scores_of_other_documents(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="7 paragraphs of 4 kinds: give the documents that it was trained on"):
        examples(DOCUMENTS, np.ones(shape, dtype=np.float32), TOKENIZER, CONFIG)


@settings(max_examples=30)
@given(documents=corpora())
def test_any_documents(documents: list[LabelledDocument]) -> None:
    data = examples(documents, scores_for(documents), TOKENIZER, CONFIG)
    rows = sum(len(d.paragraphs) for d in documents)
    assert [len(each) for each in (data.text, data.described, data.logs, data.label, data.kind, data.weight)] == [
        rows
    ] * 6
    assert ((data.weight == 0) == (data.label < 0)).all()
    known = data.kind >= 0
    assert (np.array(data.kind_labels, dtype=np.int64)[data.kind[known]] == data.label[known]).all()
    for number in np.flatnonzero(np.diff(data.bounds)).tolist():
        check_windows(data, number, MOST)


def check_windows(data: Examples, number: int, most: int) -> None:
    """One after another, without gaps, of about equal lengths, each with room for its last paragraph."""
    own = data.sizes[data.bounds[number] : data.bounds[number + 1]].tolist()
    of, found = data.windows(number, data.sizes, most)
    assert of == number
    assert [row for start, stop in found for row in range(start, stop)] == list(range(len(own)))
    assert all(start < stop for start, stop in found)
    lengths = [sum(own[start:stop]) for start, stop in found]
    assert max(lengths) <= most + MOST_TOKENS
    assert len(found) <= -(-sum(own) // most)
    assert max(lengths) - min(lengths) <= 2 * MOST_TOKENS


@given(lengths=st.lists(st.integers(1, 400), min_size=1, max_size=40), most=st.integers(2 * MOST_TOKENS, MOST))
def test_windows(lengths: list[int], most: int) -> None:
    documents = [
        document("before", paragraph("one")),
        document("long", *(paragraph("a " * (length // 2) + "b") for length in lengths)),
    ]
    data = examples(documents, scores_for(documents), TOKENIZER, CONFIG)
    check_windows(data, 1, most)
    check_windows(data, 0, most)
