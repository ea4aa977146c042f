"""The training data: the weight of each label, which rows count for which stage, and all features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import TINY_VECTORS

from detector.evaluation.labelled import LabelledDocument, LabelledParagraph
from detector.features.hashing import BUCKETS, word_buckets
from detector.features.ngrams import ngrams
from detector.features.shapes import shapes
from detector.features.tokens import tokenize
from detector.features.word_vectors import WordVectors
from detector.fit import data as data_module
from detector.fit.config import FitConfig
from detector.fit.data import TrainingData, language_folds, site_folds, training_data
from detector.fit.origins import AUGMENTED, CLEAN, LINES
from detector.inference.linear import LinearModel
from detector.text.paragraphs import split
from detector.util.languages import language_code


def paragraph(
    text: str, label: str | None = "reporting", kind: str | None = None, by: str | None = None
) -> LabelledParagraph:
    return LabelledParagraph(text, label, kind, by)


def document(
    site: str, *paragraphs: LabelledParagraph, origin: str | None = None, lang: str | None = None
) -> LabelledDocument:
    return LabelledDocument(f"{site}-{origin}", site, origin, lang, None, paragraphs)


def data_of(documents: Sequence[LabelledDocument], **config: object) -> TrainingData:
    return training_data(documents, FitConfig(folds=2, **config), TINY_VECTORS)  # type: ignore[arg-type]


@pytest.mark.parametrize(("by", "weight"), [("gold", 0.7), ("auto", 0.1), ("read", 1), (None, 1), ("somebody", 1)])
@pytest.mark.parametrize(("origin", "factor"), [("page", 2), ("trafilatura", 1), ("seed", 1), (None, 1)])
def test_a_label_weighs_by_its_source_and_more_on_whole_pages(
    by: str | None, weight: float, origin: str | None, factor: float
) -> None:
    data = data_of(
        [document("a", paragraph("One"), paragraph("Two", by=by), origin=origin), document("b", paragraph("Three"))]
    )
    assert data.label_weight.tolist() == pytest.approx([factor, weight * factor, 1])


def test_the_weights_are_those_of_the_configuration() -> None:
    documents = [document("a", paragraph("One", by="bot"), origin="page"), document("b", paragraph("Two", by="bot"))]
    data = data_of(documents, label_weights=(("bot", 0.25),), page_weight=4.0)
    assert data.label_weight.tolist() == [1, 0.25]


@pytest.mark.parametrize(
    ("origin", "extracted"),
    [
        ("page", False), ("seed", False), (AUGMENTED, False), (CLEAN, False), (LINES, False),
        ("trafilatura", True), ("justext", True), (None, True),
    ],
)  # fmt: skip
def test_extracted_texts_are_what_extractors_return_and_texts_of_no_origin(origin: str | None, extracted: bool) -> None:
    data = data_of(
        [document("a", paragraph("One"), paragraph("Two"), origin=origin), document("b", paragraph("Three"))]
    )
    assert data.extracted.tolist() == [extracted, extracted, True]


def test_labels_and_kinds_are_indices_and_unknown_ones_are_minus_one() -> None:
    data = data_of([
        document("a", paragraph("One"), paragraph("Two", None), paragraph("Three", "appeal", "donation")),
        document("b", paragraph("Four", "appeal"), paragraph("Five", "navigation", "menu")),
    ])  # fmt: skip
    assert data.labels == ("reporting", "appeal", "navigation")
    assert data.kinds == ("reporting", "donation", "menu")
    assert data.kind_labels == (0, 1, 2)
    assert data.label.tolist() == [0, -1, 1, 1, 2]
    assert data.kind.tolist() == [0, -1, 1, -1, 2]
    assert data.bounds.tolist() == [0, 3, 5]
    assert data.membership.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_words_are_counted_as_in_the_figures() -> None:
    data = data_of(
        [document("a", paragraph("Don't stop, 3.5 times!")), document("b", paragraph("…"), paragraph("東京都"))]
    )
    assert data.words.tolist() == [6, 0, 1]


def test_a_document_is_in_the_fold_of_its_site() -> None:
    documents = [document(site, paragraph("One"), paragraph("Two")) for site in "abcdefg"]
    data, folds = data_of(documents), site_folds(documents, 2)
    assert data.fold.tolist() == [folds[site] for site in "abcdefg" for _ in range(2)]
    assert sorted(Counter(folds.values()).values()) == [3, 4]


def test_a_line_of_a_site_counts_once_for_the_linear_model() -> None:
    data = data_of([
        document("a", paragraph("Give now!", "appeal", "donation"), paragraph("One"), origin="justext"),
        document("a", paragraph("One"), paragraph("Give now!", "appeal", "donation"), origin="trafilatura"),
        document("a", paragraph("Give now!", "navigation", "menu"), paragraph("Unknown", None)),
        document("b", paragraph("Give now!", "appeal", "donation"), paragraph("Give now!", "appeal")),
    ])  # fmt: skip
    assert data.distinct.tolist() == [0, 1, 4, 6]  # the same text of another kind counts, and that of another site


@pytest.mark.parametrize(
    ("sites", "seen_on", "expected"),
    [
        (16, 1, 255), (16, 2, round(255 * 3 / 4)), (16, 3, round(255 * np.log2(16 / 3) / 4)),
        (16, 4, 0), (16, 16, 0),  # on more than a fifth of the sites
        (10, 2, round(255 * np.log2(5) / np.log2(10))), (10, 3, 0),  # a fifth, and more than that
        (5, 1, 255), (4, 1, 0),
    ],
)  # fmt: skip
def test_the_inverse_document_frequency_of_words(sites: int, seen_on: int, expected: int) -> None:
    documents = [
        document(f"site {n}", paragraph("often"), paragraph("rarely" if n < seen_on else "never"))
        for n in range(sites)
    ]  # fmt: skip
    bucket = word_buckets(tokenize(split(["rarely"])).hashes)[0]
    assert data_of(documents).idf[bucket] == expected


def test_a_word_counts_once_per_site() -> None:
    repeated = [
        document("a", *[paragraph("rarely")] * 3, origin=origin) for origin in ("page", "justext", "trafilatura")
    ]
    others = [document(f"site {n}", paragraph("something else")) for n in range(7)]
    bucket = word_buckets(tokenize(split(["rarely"])).hashes)[0]
    assert data_of([*repeated, *others]).idf[bucket] == 255


@pytest.mark.parametrize("characters", [1, 200, 1 << 20])
def test_the_features_are_those_of_prediction(characters: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever documents are computed together."""
    monkeypatch.setattr(data_module, "_BATCH_CHARACTERS", characters)
    documents = [
        document(f"site {n}", *[paragraph(f"Line {n} of {m}, said Ms Harbour.") for m in range(4)]) for n in range(6)
    ]
    data = data_of(documents)
    batch = split([d.text for d in documents])
    tokens = tokenize(batch)
    assert np.array_equal(np.concatenate([f.shapes for f in data.features]), shapes(batch, tokens))
    embeddings, known = TINY_VECTORS.embed(tokens)
    assert np.array_equal(np.concatenate([f.embeddings for f in data.features]), embeddings)
    assert np.array_equal(np.concatenate([f.known for f in data.features]), known)
    random = np.random.default_rng(0)
    linear = LinearModel(
        random.integers(-127, 128, (BUCKETS, 3)).astype(np.int8),
        random.uniform(1e-3, 1e-2, 3).astype(np.float32), random.normal(size=3).astype(np.float32),
    )  # fmt: skip
    expected = data.ngrams @ (linear.weights.astype(np.float64) * linear.scale) + linear.bias
    assert linear.logits(ngrams(batch, tokens), known) == pytest.approx(expected, abs=1e-4)


def test_the_inverse_document_frequency_does_not_depend_on_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [document(f"site {n}", paragraph(f"Word{'abcdefg'[n]} and word{'abcdefg'[n // 2]}")) for n in range(7)]
    whole = data_of(documents).idf
    monkeypatch.setattr(data_module, "_BATCH_CHARACTERS", 1)
    assert np.array_equal(data_of(documents).idf, whole)


def test_without_word_vectors_the_embeddings_are_zero() -> None:
    data = training_data(
        [document("a", paragraph("The council said")), document("b", paragraph("The ferry"))],
        FitConfig(folds=2),
        WordVectors.none(),
    )
    assert not any(features.embeddings.any() for features in data.features)


def test_n_grams_count_as_much_as_the_words_of_their_paragraph_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_module, "_BATCH_CHARACTERS", 30)  # in several batches
    texts = ["the council said", "the zyxwvu", "zyxwvu", "***", "said zyxwvu zyxwvu zyxwvu"]
    documents = [document(f"site {n}", paragraph(text), paragraph("of the school")) for n, text in enumerate(texts)]
    config = FitConfig(folds=2)
    data, plain = training_data(documents, config, TINY_VECTORS), training_data(documents, config, WordVectors.none())
    known = np.concatenate([features.known for features in data.features])
    assert known.ravel().tolist() == [1, 1, 0.5, 1, 0, 1, 1, 1, 0.25, 1]
    assert np.array_equal(data.ngrams.toarray(), (plain.ngrams.toarray() * known).astype(np.float32))
    assert not any((features.known != 1).any() for features in plain.features)


# Folds of languages


def in_language(number: int, lang: str | None, name: str = "") -> LabelledDocument:
    paragraphs = (paragraph(f"One {number}"), paragraph(f"Two {number}"))
    return LabelledDocument(name or f"doc-{number}", f"site-{number}", None, lang, None, paragraphs)


LANGUAGE_FOLDS = [
    ([], []),
    ([None, None], [-1, -1]),
    (["", None], [-1, -1]),
    (["en", "English", "en-GB"], [-1, -1, -1]),
    (["de", "en", "en"], [0, -1, -1]),
    (["de", "en", "en", "German", None, "de-AT"], [-1, 0, 0, -1, -1, -1]),  # German is the commonest
    ([None, None, None, "en", "de", "en"], [-1, -1, -1, -1, 0, -1]),  # documents without a language are none
]


@pytest.mark.parametrize(("languages", "folds"), LANGUAGE_FOLDS)
def test_the_fold_of_a_language(languages: list[str | None], folds: list[int]) -> None:
    assert language_folds([in_language(n, lang) for n, lang in enumerate(languages)], 5) == folds


@pytest.mark.parametrize("augmented", [0, 1, 50])
def test_augmented_documents_do_not_make_a_language_the_commonest(augmented: int) -> None:
    """Rare languages are augmented more often."""
    documents = [in_language(n, lang) for n, lang in enumerate(("en", "en", "en", "de", "fr", None))]
    made = [replace(in_language(6 + n, "German"), origin=AUGMENTED) for n in range(augmented)]
    folds = language_folds(documents, 2)
    assert folds[:3] == [-1, -1, -1]
    assert {folds[3], folds[4]} == {0, 1}
    assert language_folds([*documents, *made], 2) == [*folds, *[folds[3]] * augmented]


def test_the_number_of_a_site_is_that_of_all_its_documents() -> None:
    data = data_of([
        document("b", paragraph("One"), paragraph("Two"), origin="justext"), document("a", paragraph("Three")),
        document("b", paragraph("Four")), document("c", paragraph("Five")),
    ])  # fmt: skip
    first, other, last = data.site[[0, 2, 4]]
    assert len({first, other, last}) == 3
    assert data.site.tolist() == [first, first, other, first, last]


@given(
    st.lists(st.sampled_from(("de", "German", "fr", "pt_BR", "pt", "zh-Hant", "Klingon", None)), max_size=20),
    st.integers(2, 3),
    st.randoms(use_true_random=False),
)
def test_languages_have_one_fold_each_in_any_order(languages: list[str | None], number: int, random: Random) -> None:
    documents = [in_language(n, lang) for n, lang in enumerate((*languages, *["en"] * 21))]
    folds = {d.id: fold for d, fold in zip(documents, language_folds(documents, number), strict=True)}
    by_language = {language_code(d.lang): folds[d.id] for d in documents}
    assert folds == {d.id: by_language[language_code(d.lang)] for d in documents}
    assert {language for language, fold in by_language.items() if fold == -1} == {"en", None} & set(by_language)
    sizes = Counter(fold for fold in by_language.values() if fold >= 0)
    assert set(sizes) == set(range(min(number, sizes.total())))
    assert max(sizes.values(), default=0) - min(sizes.values(), default=0) <= 1
    random.shuffle(documents)
    assert language_folds(documents, number) == [folds[d.id] for d in documents]


def test_half_of_the_documents_in_other_languages_are_foreign() -> None:
    documents = [in_language(n, "de" if n % 3 == 0 else "fr" if n % 3 == 1 else None) for n in range(300)]
    data = data_of([*documents, *(in_language(n, "en") for n in range(300, 500))])
    assert np.array_equal(data.language_fold, np.repeat(language_folds(data.documents, 2), 2))
    foreign = data.foreign.reshape(-1, 2)
    assert np.array_equal(foreign[:, 0], foreign[:, 1])  # whole documents
    assert not foreign[[d.lang in ("en", None) for d in data.documents]].any()
    for lang in ("de", "fr"):
        assert 35 < foreign[[d.lang == lang for d in data.documents], 0].sum() < 65


def test_all_texts_of_one_page_are_foreign_or_none() -> None:
    pages = [in_language(n, "de", f"page-{n // 4}") for n in range(80)]  # four extractors
    data = data_of([*pages, *(in_language(n, "en") for n in range(80, 170))])
    foreign = data.foreign[: 2 * len(pages)].reshape(-1, 8)
    assert set(foreign.sum(axis=1).tolist()) == {0, 8}
