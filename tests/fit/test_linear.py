"""Out-of-fold logits of the linear model: of each site without it, of foreign documents without their language, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from labelled import document, paragraph
from numpy.typing import NDArray

from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.features.word_vectors import DIMENSIONS, WordVectors
from detector.fit.config import FitConfig
from detector.fit.data import TrainingData, training_data
from detector.fit.linear import fit_linear
from detector.util.arrays import Floats
from detector.util.languages import language_code

CONFIG = FitConfig(folds=3, linear_epochs=3)
LANGUAGES = ("en", "English", "en-GB", "de", "German", "fr", None)
PLACES = ("harbour", "market", "school", "bridge", "library")


def story(number: int, lang: str | None) -> LabelledDocument:
    """A document whose words occur in other languages, too, so that all of them count."""
    place, other = PLACES[number % 5], PLACES[number % 3]
    return document(
        f"doc-{number}",
        paragraph(f"The council said the {place} near the {other} would reopen."),
        paragraph(f"Give to the {place}!", "appeal", "donation"),
        paragraph(f"The {other}, the council", "navigation", "related"),
        lang=lang,
    )


def corpus() -> TrainingData:
    documents = [story(number, LANGUAGES[number % 7]) for number in range(42)]
    return training_data(documents, CONFIG, WordVectors.none())


DATA = corpus()


def rows_of(choose: Callable[[LabelledDocument], bool]) -> NDArray[np.bool_]:
    return np.repeat([choose(d) for d in DATA.documents], np.diff(DATA.bounds))


def relabelled(rows: NDArray[np.bool_]) -> TrainingData:
    """The data with other kinds in some rows."""
    kind = np.where(rows, (DATA.kind + 1) % len(DATA.kinds), DATA.kind)
    return replace(DATA, kind=kind, label=np.array(DATA.kind_labels)[kind])


def logits_of(data: TrainingData) -> Floats:
    return fit_linear(data, CONFIG, lambda _: None)[1]


LOGITS = logits_of(DATA)


@pytest.mark.parametrize("lang", ["de", "fr"])
def test_foreign_logits_do_not_depend_on_documents_of_their_language(lang: str) -> None:
    own = rows_of(lambda d: language_code(d.lang) == lang)
    assert 0 < (own & DATA.foreign).sum() < own.sum()
    logits = logits_of(relabelled(own))
    foreign = own & DATA.foreign
    assert np.array_equal(logits[foreign], LOGITS[foreign])
    for others in (own & ~DATA.foreign, ~own & DATA.foreign, ~own & ~DATA.foreign):
        assert (logits[others] != LOGITS[others]).any(axis=1).all()


@pytest.mark.parametrize("lang", ["en", None])
def test_foreign_logits_depend_on_the_other_languages(lang: str | None) -> None:
    logits = logits_of(relabelled(rows_of(lambda d: language_code(d.lang) == lang)))
    assert (logits[DATA.foreign] != LOGITS[DATA.foreign]).any(axis=1).all()


@pytest.mark.parametrize("fold", range(3))
def test_other_logits_do_not_depend_on_their_fold_of_sites(fold: int) -> None:
    own = DATA.fold == fold
    logits = logits_of(relabelled(own))
    judged = own & ~DATA.foreign
    assert np.array_equal(logits[judged], LOGITS[judged])
    assert (logits[~own] != LOGITS[~own]).any(axis=1).all()


def by_site(data: TrainingData) -> Floats:
    """The logits as they are if no document is foreign."""
    return logits_of(replace(data, foreign=np.zeros_like(data.foreign)))


def in_both_languages() -> TrainingData:
    """Five sites in English and German, and ten in English alone."""
    documents = [replace(story(n, ("en", "de")[n % 2]), site=f"both-{n % 5}") for n in range(40)]
    documents += [replace(story(n, "en"), site=f"english-{n % 10}") for n in range(40, 80)]
    return training_data(documents, CONFIG, WordVectors.none())


def test_foreign_logits_do_not_depend_on_their_site() -> None:
    """On which other languages may be, too."""
    data = in_both_languages()
    own = np.repeat([d.site == "both-0" for d in data.documents], np.diff(data.bounds))
    foreign = own & data.foreign
    logits = logits_of(data)
    assert foreign.any()
    assert (logits[foreign] != by_site(data)[foreign]).any(axis=1).all()
    other = replace(data, kind=np.where(own, (data.kind + 1) % len(data.kinds), data.kind))
    assert np.array_equal(logits_of(other)[own], logits[own])


def test_foreign_logits_depend_on_sites_without_foreign_documents() -> None:
    data = in_both_languages()
    english = np.repeat([d.site.startswith("english") for d in data.documents], np.diff(data.bounds))
    other = replace(data, kind=np.where(english, (data.kind + 1) % len(data.kinds), data.kind))
    changed = (logits_of(other) != logits_of(data)).any(axis=1)
    assert changed[data.foreign].all()


def test_a_site_has_one_number() -> None:
    sites = [d.site for d in in_both_languages().documents for _ in d.paragraphs]
    numbers = in_both_languages().site.tolist()
    assert len(set(zip(sites, numbers, strict=True))) == len(set(sites)) == len(set(numbers)) == 15


# Languages without which there is too little to fit a model

ALL_KINDS, ONE_KIND = slice(None), slice(0, 1)  # of the paragraphs of a story


def with_kinds(**languages: slice) -> TrainingData:
    """Fourteen documents of each language, and as many more in English: it is the commonest and is never left out."""
    names = [*languages, "en"]
    documents = []
    for number in range(14 * len(names)):
        lang = names[number % len(names)]
        one = story(number, lang)
        documents.append(replace(one, paragraphs=one.paragraphs[languages[lang]]))
    return training_data(documents, CONFIG, WordVectors.none())


def foreign_in(data: TrainingData, lang: str) -> NDArray[np.bool_]:
    of = np.repeat([d.lang == lang for d in data.documents], np.diff(data.bounds))
    assert (of & data.foreign).any()
    return of & data.foreign


def test_a_language_without_which_one_kind_is_left_keeps_the_logits_by_site() -> None:
    data = with_kinds(en=ONE_KIND, de=ALL_KINDS, fr=ONE_KIND)
    german, french = foreign_in(data, "de"), foreign_in(data, "fr")
    assert set(data.language_fold[german]) != set(data.language_fold[french])
    logits, without_languages = logits_of(data), by_site(data)
    assert np.array_equal(logits[german], without_languages[german])
    assert (logits[french] != without_languages[french]).any(axis=1).all()


def test_two_kinds_are_enough_without_a_language() -> None:
    """A third one that no other language has is all but impossible."""
    data = with_kinds(en=slice(0, 2), de=ALL_KINDS)
    german = foreign_in(data, "de")
    logits = logits_of(data)
    assert (logits[german] != by_site(data)[german]).any(axis=1).all()
    assert data.kinds == ("reporting", "donation", "related")
    assert (logits[german, 2] == -20).all()
    assert (logits[german, :2] != -20).all()


def test_a_single_language_has_no_foreign_documents() -> None:
    data = with_kinds(en=ALL_KINDS)
    assert not data.foreign.any()
    assert np.array_equal(logits_of(data), by_site(data))


def test_without_foreign_documents_only_their_logits_change() -> None:
    assert np.array_equal((by_site(DATA) != LOGITS).any(axis=1), DATA.foreign)


@pytest.mark.parametrize("lang", ["en", "de", "fr", None])
def test_the_model_itself_is_fitted_to_every_language(lang: str | None) -> None:
    data = relabelled(rows_of(lambda d: language_code(d.lang) == lang))
    model, other = (fit_linear(one, CONFIG, lambda _: None)[0] for one in (DATA, data))
    assert not np.array_equal(other.weights, model.weights)


def test_documents_without_known_words_have_the_bias_as_logits() -> None:
    """Their n-grams count for nothing, whatever was learned about them."""
    vectors = WordVectors(
        np.zeros((1, DIMENSIONS), np.int8), np.zeros(1, np.uint32), np.zeros(1, np.uint32)
    )  # of no word
    logits = logits_of(training_data(DATA.documents, CONFIG, vectors))
    for fold in range(CONFIG.folds):
        assert len(np.unique(logits[(DATA.fold == fold) & ~DATA.foreign], axis=0)) == 1


def test_too_few_kinds_without_a_site_fold() -> None:
    documents = [document("doc", paragraph("One"), paragraph("Two", "appeal"))]
    documents += [document(f"other-{n}", paragraph("One")) for n in range(2)]
    with pytest.raises(DataError, match=r"only \['reporting'\]"):
        fit_linear(training_data(documents, CONFIG, WordVectors.none()), CONFIG, lambda _: None)
