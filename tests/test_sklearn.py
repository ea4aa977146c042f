"""The estimators of scikit-learn: its conventions, and the same decisions as a cleaner."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import sklearn
from engine_corpus import pages
from hypothesis import given
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator
from texts import text_lists
from tiny import ROOT, TINY_CONFIG

import detector
from detector.cleaner import Cleaner
from detector.errors import DataError, DetectorError, ModelError, UsageError
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.evidence.phrases import Phrases
from detector.fit.fit import fit
from detector.fit.sequences import labelled_documents
from detector.inference.model import Model
from detector.inference.storage import METADATA_FILE, save
from detector.policy import Policy
from detector.sklearn import BoilerplateRemover, ParagraphClassifier

TEXTS = [
    "The ferry to Aldermoor runs again, the harbour board said.\nSubscribe to our newsletter!\n",
    "",
    "Support us: donate today!",
]
SMALL = {
    "folds": 2, "linear_epochs": 4, "network_epochs": 8, "batch_rows": 300, "min_steps": 1, "hidden": 8, "pools": 3,
    "networks": (0, 1), "learning_rate": 1e-2,
}  # fmt: skip


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """200 documents, and what texts may be as well."""
    return ["", "\n \n", *(str(page["text"]) for page in pages()[:200])]


@pytest.fixture(scope="module")
def remover(tiny_model_dir: Path) -> BoilerplateRemover:
    return BoilerplateRemover(tiny_model_dir, threshold="gentle")


@pytest.fixture(scope="module")
def cleaner(tiny_model: Model) -> Cleaner:
    return Cleaner(tiny_model, threshold="gentle")


# The transformer


def test_it_decides_as_a_cleaner(remover: BoilerplateRemover, cleaner: Cleaner, texts: list[str]) -> None:
    expected = [cleaner.clean(text).text for text in texts]
    assert sum(map(str.__ne__, expected, texts)) > len(texts) // 4  # the model has to remove something
    assert remover.fit(texts).transform(texts).tolist() == expected
    assert clone(remover).set_params(threads=2).fit_transform(texts).tolist() == expected


@given(given=text_lists)
def test_any_texts(given: list[str], remover: BoilerplateRemover, cleaner: Cleaner) -> None:
    assert remover.transform(given).tolist() == [cleaner.clean(text).text for text in given]


CONTAINERS: dict[str, Callable[[list[str]], object]] = {
    "list": list,
    "tuple": tuple,
    "generator": iter,
    "keys": lambda texts: dict.fromkeys(texts).keys(),
    "array of objects": lambda texts: np.array(texts, dtype=object),
    "array of fixed width": np.array,
    "every second": lambda texts: np.repeat(np.array(texts, dtype=object), 2)[::2],
    "read-only": lambda texts: np.frombuffer(np.array(texts).tobytes(), dtype=np.array(texts).dtype),
    "empty": lambda _: [],
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_any_container_of_texts(name: str, remover: BoilerplateRemover, cleaner: Cleaner) -> None:
    cleaned = remover.fit_transform(CONTAINERS[name](TEXTS))
    expected = [] if name == "empty" else [cleaner.clean(text).text for text in TEXTS]
    assert (cleaned.dtype, cleaned.shape) == (object, (len(expected),))
    assert cleaned.tolist() == expected


def test_arrays_of_strings_of_numpy_2(remover: BoilerplateRemover, cleaner: Cleaner) -> None:
    if not hasattr(np.dtypes, "StringDType"):
        pytest.skip("NumPy 1 has no such type")
    given = np.array(TEXTS, dtype=np.dtypes.StringDType())
    assert remover.transform(given).tolist() == [cleaner.clean(text).text for text in TEXTS]


WRONG: list[tuple[object, str]] = [
    ("one text", "texts are a list, .* not a str"),
    (b"bytes", "not a bytes"),
    ({"text": "one"}, "not a dict"),
    (None, "not a NoneType"),
    (5, "not a int"),
    (np.array([["one"], ["two"]]), r"one dimension, not the shape \(2, 1\): give one column"),
    (np.array("one"), r"not the shape \(\)"),
    (["one", None], r"the text at position 1 \(from 0\) is missing \(None\): fill in or leave out"),
    (["one", "two", float("nan")], r"position 2 \(from 0\) is missing \(nan\)"),
    (["one", 2], r"position 1 \(from 0\) is a int: a text is a str"),
    ([b"one"], r"position 0 \(from 0\) is a bytes"),
    (np.array(["one", np.nan], dtype=object), "position 1"),
    ([["one"]], "position 0 .* is a list"),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_what_is_no_text(given: object, message: str, remover: BoilerplateRemover) -> None:
    with pytest.raises(UsageError, match=message):
        remover.transform(given)
    with pytest.raises(ValueError, match=message):  # as scikit-learn raises it
        make_pipeline(remover, TfidfVectorizer()).fit(given)


SETTINGS = [
    ({"threshold": "harsh"}, UsageError),
    ({"threshold": 2}, UsageError),
    ({"policy": "everything"}, UsageError),
    ({"policy": Policy(keep=("spam",))}, UsageError),
    ({"paragraphs": "page"}, UsageError),
    ({"max_removed": -1}, UsageError),
    ({"model": "no such folder"}, UsageError),
    ({"model": ROOT / "seeds"}, ModelError),
]


@pytest.mark.parametrize(("wrong", "error"), SETTINGS)
def test_wrong_settings_are_found_by_fit(
    wrong: dict[str, object], error: type[DetectorError], remover: BoilerplateRemover
) -> None:
    changed = clone(remover).set_params(**wrong)
    with pytest.raises(error):
        changed.fit(TEXTS)
    with pytest.raises(error):
        changed.transform(TEXTS)


def test_settings_are_those_of_a_cleaner(tiny_model: Model, tiny_model_dir: Path, texts: list[str]) -> None:
    settings: dict[str, object] = {"threshold": 0.6, "policy": "appeals-only", "paragraphs": "blank", "max_removed": 1}
    expected = [c.text for c in detector.load(tiny_model_dir, **settings).clean_many(texts)]
    for model in (tiny_model_dir, str(tiny_model_dir), tiny_model):
        assert BoilerplateRemover(model, **settings).transform(texts).tolist() == expected


def test_phrases(tiny_model: Model, tmp_path: Path) -> None:
    path = tmp_path / "phrases.tsv"
    path.write_text("ferry\tappeal\t20\n", encoding="utf-8")
    settings: dict[str, object] = {"threshold": 0.01, "max_removed": 1, "phrases": path}
    text = "The ferry left.\nThe council met."
    found = BoilerplateRemover(tiny_model, **settings).fit([]).transform([text])  # type: ignore[arg-type]
    assert found.tolist() == [Cleaner(tiny_model, 0.01, max_removed=1, evidence=(Phrases.read(path),)).clean(text).text]
    assert found.tolist() == ["The council met."]


def test_without_a_model_it_is_the_shipped_one(shipped: Cleaner) -> None:
    assert BoilerplateRemover().transform(TEXTS).tolist() == [shipped.clean(text).text for text in TEXTS]


def test_a_model_that_is_trained_again_is_loaded_again(
    tiny_model: Model, shipped: Cleaner, texts: list[str], tmp_path: Path
) -> None:
    remover = BoilerplateRemover(tmp_path)
    for model in (tiny_model, shipped.model, tiny_model):
        save(model, tmp_path, model.metadata)
        assert remover.transform(texts).tolist() == [c.text for c in Cleaner(model).clean_many(texts)]


@pytest.mark.filterwarnings("ignore:Can.t test estimator")  # but for clone: it tests arrays of numbers
def test_conventions_of_transformers(remover: BoilerplateRemover, tiny_model: Model) -> None:
    check_estimator(remover, on_skip=None)
    tags = get_tags(remover)
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert not tags.requires_fit
    before = dict(vars(remover))
    assert remover.fit(TEXTS) is remover
    assert vars(remover) == before  # it learns nothing
    with_model = BoilerplateRemover(tiny_model, threshold=0.3)
    copy = clone(with_model)
    assert copy.get_params() == with_model.get_params()
    assert copy.set_params(threshold="strict", max_removed=1).get_params()["threshold"] == "strict"
    assert repr(BoilerplateRemover(threads=2)) == "BoilerplateRemover(threads=2)"
    for estimator in (remover, with_model):
        again = pickle.loads(pickle.dumps(estimator))
        assert again.transform(TEXTS).tolist() == estimator.transform(TEXTS).tolist()
    assert len(pickle.dumps(remover)) < 1000  # the path, not the model


# The transformer in pipelines


TOPICS = ["ferry", "other"]


@pytest.fixture
def pipeline(remover: BoilerplateRemover) -> Pipeline:
    return make_pipeline(clone(remover), TfidfVectorizer(), LogisticRegression())


@pytest.fixture(scope="module")
def topics(texts: list[str]) -> list[str]:
    return [TOPICS[len(text) % 2] for text in texts]


def test_a_pipeline(pipeline: Pipeline, remover: BoilerplateRemover, texts: list[str], topics: list[str]) -> None:
    pipeline.fit(texts, topics)
    cleaned = remover.transform(texts)
    expected = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(cleaned, topics)
    assert np.array_equal(pipeline.predict_proba(texts), expected.predict_proba(cleaned))
    assert pipeline[:-1].get_feature_names_out().tolist() == expected[:-1].get_feature_names_out().tolist()
    again = pickle.loads(pickle.dumps(pipeline))
    assert np.array_equal(again.predict_proba(texts), pipeline.predict_proba(texts))


def test_names_of_features(remover: BoilerplateRemover) -> None:
    assert remover.get_feature_names_out().tolist() == ["text"]
    assert remover.get_feature_names_out(["body"]).tolist() == ["body"]


def test_where_to_set_the_output(remover: BoilerplateRemover) -> None:
    """A pipeline with a vectorizer of text cannot be told what to return; the steps behind it can."""
    vectorizing = make_pipeline(TfidfVectorizer(), TruncatedSVD(2))
    with pytest.raises(ValueError, match="Unable to configure output for TfidfVectorizer"):
        vectorizing.set_output(transform="default")
    with pytest.raises(ValueError, match="Unable to configure output for BoilerplateRemover"):
        make_pipeline(remover, vectorizing).set_output(transform="default")
    whole = make_pipeline(remover, TfidfVectorizer(), TruncatedSVD(2))
    whole[2:].set_output(transform="default")
    assert whole.fit_transform(TEXTS).shape == (3, 2)


@pytest.mark.filterwarnings("ignore:.*penalty.*")
def test_a_search_with_groups(pipeline: Pipeline, texts: list[str], topics: list[str]) -> None:
    groups = [number // 7 for number in range(len(texts))]
    grid = {"boilerplateremover__threshold": ["gentle", 0.9], "boilerplateremover__max_removed": [1.0]}
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(2), error_score="raise").fit(texts, topics, groups=groups)
    assert search.best_estimator_.predict(texts).tolist() == search.predict(texts).tolist()
    scores = search.cv_results_["mean_test_score"]
    for threshold, score in zip(grid["boilerplateremover__threshold"], scores, strict=True):
        alone = clone(pipeline).set_params(boilerplateremover__threshold=threshold, boilerplateremover__max_removed=1.0)
        assert cross_val_score(alone, texts, topics, groups=groups, cv=GroupKFold(2)).mean() == pytest.approx(score)


# The estimator over documents


@pytest.fixture(scope="module")
def labelled(tiny_data: Path) -> list[LabelledDocument]:
    return list(read_documents([tiny_data]))[::2]


@pytest.fixture(scope="module")
def documents(labelled: list[LabelledDocument]) -> list[list[str]]:
    return [[p.text for p in document.paragraphs] for document in labelled]


@pytest.fixture(scope="module")
def labels(labelled: list[LabelledDocument]) -> list[list[str]]:
    return [[str(p.label) for p in document.paragraphs] for document in labelled]


@pytest.fixture(scope="module")
def sites(labelled: list[LabelledDocument]) -> list[str]:
    return [document.site for document in labelled]


@pytest.fixture(scope="module")
def classifier(
    documents: list[list[str]], labels: list[list[str]], sites: list[str], shipped: Cleaner
) -> ParagraphClassifier:
    return ParagraphClassifier(**SMALL).fit(documents, labels, groups=sites)


def test_it_is_the_package_s_training(
    classifier: ParagraphClassifier, documents: list[list[str]], labels: list[list[str]], sites: list[str],
    shipped: Cleaner,
) -> None:  # fmt: skip
    assert classifier._config() == TINY_CONFIG
    expected = fit(labelled_documents(documents, labels, sites), TINY_CONFIG, vectors=shipped.model.vectors)
    assert classifier.model_ == expected.model


def test_predictions_are_those_of_a_cleaner(classifier: ParagraphClassifier, texts: list[str]) -> None:
    cleaner = Cleaner(classifier.model_)
    assert classifier.classes_.tolist() == ["appeal", "navigation", "reporting"]
    predicted, probabilities = classifier.predict(texts), classifier.predict_proba(texts)
    assert (predicted.shape, probabilities.shape) == ((len(texts),), (len(texts),))
    for text, labels, scores in zip(texts, predicted, probabilities, strict=True):
        prediction = cleaner.predict(text)
        assert labels.tolist() == [paragraph.label for paragraph in prediction.paragraphs]
        assert scores.shape == (len(prediction), 3)
        for at, name in enumerate(classifier.classes_):
            assert np.array_equal(scores[:, at], prediction.label_scores[:, cleaner.model.labels.index(name)])
    assert len({label for labels in predicted for label in labels}) > 1
    expected = [cleaner.clean(text).text for text in texts]
    assert BoilerplateRemover(classifier.model_).transform(texts).tolist() == expected


def test_a_document_is_a_text_or_its_paragraphs(
    classifier: ParagraphClassifier, documents: list[list[str]], labels: list[list[str]], sites: list[str]
) -> None:
    texts = ["\n".join(paragraphs) for paragraphs in documents]
    assert clone(classifier).fit(texts, labels, sites).model_ == classifier.model_
    spaced = [f"\n\n{text}\r\n \r\n".replace("\n", "\r\n\n") for text in texts]
    assert clone(classifier).fit(spaced, labels, sites).classes_.tolist() == classifier.classes_.tolist()
    for form in (texts, tuple(map(tuple, documents)), map(np.array, documents)):
        predicted = classifier.predict(form)
        assert [each.tolist() for each in predicted] == [each.tolist() for each in classifier.predict(documents)]


def test_documents_of_one_length(classifier: ParagraphClassifier) -> None:
    """NumPy would make one array of three dimensions of them."""
    given = [["The ferry runs.", "Sign up!"]] * 3
    assert classifier.predict(given).shape == classifier.predict_proba(given).shape == (3,)
    assert classifier.predict_proba(given)[0].shape == (2, 3)
    assert classifier.predict([]).shape == (0,)
    assert classifier.predict(["", []])[1].shape == (0,)
    assert np.isclose(classifier.predict_proba(given)[0].sum(axis=1), 1).all()


def test_the_order_of_documents_does_not_matter(
    classifier: ParagraphClassifier, documents: list[list[str]], labels: list[list[str]], sites: list[str]
) -> None:
    again = clone(classifier).fit(documents[::-1], labels[::-1], groups=np.array(sites[::-1], dtype=object))
    assert again.model_ == classifier.model_


def test_without_groups_each_text_is_a_site() -> None:
    found = labelled_documents(
        ["One.", "Two.\nThree.", ["One."]], [["reporting"], ["appeal", None], ["reporting"]], None
    )
    assert [[p.label for p in document.paragraphs] for document in found] == [
        ["reporting"],
        ["appeal", None],
        ["reporting"],
    ]
    assert found[0] == found[2]
    assert len({document.site for document in found}) == 2


def test_unknown_labels_are_left_out(
    classifier: ParagraphClassifier, documents: list[list[str]], labels: list[list[str]], sites: list[str]
) -> None:
    missing = itertools.cycle([None, np.nan])
    unknown: list[list[object]] = [[*each[:-1], next(missing)] for each in labels]
    model = clone(classifier).fit([*documents, ""], [*unknown, []], [*sites, "a site"])
    assert model.classes_.tolist() == classifier.classes_.tolist()
    flat = zip(np.concatenate(model.predict(documents)), itertools.chain(*unknown), strict=True)
    right = [one == other for one, other in flat if isinstance(other, str)]
    assert model.score(documents, unknown) == pytest.approx(np.mean(right))
    with pytest.raises(UsageError, match="no paragraph has a label"):
        model.score(["One."], [[None]])


def test_the_score_is_the_accuracy_over_paragraphs(classifier: ParagraphClassifier) -> None:
    given = ["The ferry to Aldermoor runs again.\nSubscribe to our newsletter!", "Donate!"]
    predicted = [each.tolist() for each in classifier.predict(given)]
    assert classifier.score(given, predicted) == 1.0
    assert classifier.score(given, [predicted[0], ["spam"]]) == pytest.approx(2 / 3)


def test_labels_may_be_any(documents: list[list[str]], labels: list[list[str]], shipped: Cleaner) -> None:
    other = [["reporting" if label == "reporting" else "furniture" for label in given] for given in labels]
    model = ParagraphClassifier(**{**SMALL, "networks": []}).fit(documents, other)
    assert model.classes_.tolist() == ["furniture", "reporting"]
    assert not model.model_.networks.members


NO_FIT: list[tuple[object, object, object, type[Exception], str]] = [
    (["One."], None, None, UsageError, "labels are a list, .* not a NoneType"),
    ("One.", [["reporting"]], None, UsageError, "documents are a list, .* not a str"),
    (["One."], [["reporting"], ["appeal"]], None, UsageError, "1 documents, 2 rows of labels and 1 groups"),
    (["One."], [["reporting"]], ["a", "b"], UsageError, "1 documents, 1 rows of labels and 2 groups"),
    (["One.\nTwo.\n\n"], [["reporting"]], None, UsageError, r"position 0 \(from 0\): 1 labels for 2 paragraphs"),
    (["One."], ["reporting"], None, UsageError, "position 0 .* as a sequence, not as a str"),
    (["One."], [[1]], None, UsageError, "a label is a str or, where it is unknown, None, not 1"),
    ([["One.", "Two\nthree."]], [["reporting"] * 2], None, UsageError, "paragraph 1 is blank or has a line break"),
    ([[" "]], [["reporting"]], None, UsageError, "paragraph 0 is blank"),
    ([["One.", None]], [["reporting"] * 2], None, UsageError, r"paragraph 1 is missing \(None\)"),
    ([None], [["reporting"]], None, UsageError, r"document at position 0 \(from 0\) is missing"),
    ([5], [["reporting"]], None, UsageError, "document at position 0 .* is a int: a text is a str, or a sequence"),
    (["One."], [["reporting"]], [None], UsageError, "the site is missing"),
    (["One."], [["reporting"]], None, DataError, "every label is"),
    (["One.", "Two."], [["reporting"], ["appeal"]], None, DataError, "on one site only"),
    (["One.\nTwo."], [["appeal", "menu"]], None, DataError, "no paragraph is labelled"),
    (["One.\nTwo."], [["reporting", "appeal"]], None, DataError, r"1 site\(s\) for 2 folds"),
]


@pytest.mark.parametrize(("documents", "labels", "groups", "error", "message"), NO_FIT)
def test_documents_and_labels_that_do_not_fit(
    documents: object, labels: object, groups: object, error: type[Exception], message: str, shipped: Cleaner
) -> None:
    model = ParagraphClassifier(**SMALL)
    with pytest.raises(error, match=message):
        model.fit(documents, labels, groups)
    with pytest.raises(NotFittedError):
        model.predict(["One."])


def test_parameters_out_of_range_are_found_by_fit() -> None:
    for wrong in ({"folds": 1}, {"dropout": 1}, {"networks": (1, 1)}, {"learning_rate": 0}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            ParagraphClassifier(**wrong).fit(["One."], [["reporting"]])


@pytest.mark.filterwarnings("ignore:Can.t test estimator")
def test_conventions_of_estimators(classifier: ParagraphClassifier) -> None:
    check_estimator(ParagraphClassifier(), on_skip=None)
    tags = get_tags(classifier)
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.target_tags.required
    assert repr(ParagraphClassifier()) == "ParagraphClassifier()"
    assert ParagraphClassifier()._config() == detector.fit.config.FitConfig()
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    for call in (copy.predict, copy.predict_proba, lambda given: copy.save("folder")):
        with pytest.raises(NotFittedError):
            call(TEXTS)
    again = pickle.loads(pickle.dumps(classifier))
    assert again.model_ == classifier.model_
    assert [a.tolist() for a in again.predict(TEXTS)] == [a.tolist() for a in classifier.predict(TEXTS)]


def test_the_seed_may_be_any_of_scikit_learn_s() -> None:
    assert ParagraphClassifier(random_state=np.int64(7))._config().seed == 7
    states = [ParagraphClassifier(random_state=np.random.RandomState(3))._config().seed for _ in range(2)]
    assert states[0] == states[1] > 0
    assert ParagraphClassifier(random_state=None)._config().seed >= 0


def test_a_saved_classifier_is_a_model(classifier: ParagraphClassifier, texts: list[str], tmp_path: Path) -> None:
    classifier.save(tmp_path / "mine")
    loaded = detector.load(tmp_path / "mine")
    expected = [c.text for c in Cleaner(classifier.model_).clean_many(texts)]
    assert [c.text for c in loaded.clean_many(texts)] == expected
    assert BoilerplateRemover(tmp_path / "mine").transform(texts).tolist() == expected


def test_a_classifier_replaces_no_other_files(classifier: ParagraphClassifier, tmp_path: Path) -> None:
    (tmp_path / METADATA_FILE).write_text("{}")
    with pytest.raises(UsageError, match=r"has a metadata\.json and is no model"):
        classifier.save(tmp_path)


# The estimator in searches


class Recording(ParagraphClassifier):
    """Remembers the groups that it was fitted with."""

    seen: list[object] = []  # noqa: RUF012

    def fit(self, X, y, groups=None):  # noqa: N803
        self.seen.append(groups)
        return super().fit(X, y, groups)


@pytest.fixture
def routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        Recording.seen.clear()
        yield


@pytest.mark.parametrize("cv", [GroupKFold(2), 2, None])
def test_a_search_over_documents(
    cv: object, documents: list[list[str]], labels: list[list[str]], sites: list[str], shipped: Cleaner
) -> None:
    named = {} if isinstance(cv, int | None) else {"groups": sites}
    model = ParagraphClassifier(**{**SMALL, "networks": ()})
    search = GridSearchCV(model, {"linear_epochs": [1, 4]}, cv=cv, error_score="raise", scoring=_macro)
    search.fit(documents, labels, **named)
    assert (search.cv_results_["mean_test_score"] > 0.2).all()
    assert search.best_estimator_.score(documents, labels) > 0.5
    assert search.score(documents, labels) == _macro(search.best_estimator_, documents, labels)


def _macro(model: ParagraphClassifier, documents: list[list[str]], labels: list[list[str]]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(np.concatenate(labels), np.concatenate(model.predict(documents)), average="macro"))


@pytest.mark.usefixtures("routing")
def test_sites_reach_the_fits_of_a_search(
    documents: list[list[str]], labels: list[list[str]], sites: list[str], shipped: Cleaner
) -> None:
    model = Recording(**{**SMALL, "networks": ()})
    search = GridSearchCV(model, {"linear_epochs": [1]}, cv=GroupKFold(2), error_score="raise")
    search.fit(documents, labels, groups=sites)
    assert len(Recording.seen) == 3
    assert Recording.seen[-1] == sites
    folds = [set(map(str, groups)) for groups in Recording.seen[:2]]
    assert folds[0] | folds[1] == set(sites)
    assert not folds[0] & folds[1]


def test_predictions_of_all_folds(
    documents: list[list[str]], labels: list[list[str]], sites: list[str], shipped: Cleaner
) -> None:
    model: BaseEstimator = ParagraphClassifier(**{**SMALL, "networks": ()})
    predicted = cross_val_predict(model, documents, labels, groups=sites, cv=GroupKFold(2))
    assert [len(each) for each in predicted] == [len(each) for each in labels]
