"""The estimators of scikit-learn with columns of pandas and polars."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, train_test_split
from sklearn.pipeline import make_pipeline

from detector.cleaner import Cleaned, Cleaner
from detector.errors import UsageError
from detector.evaluation.labelled import read_documents
from detector.sklearn import BoilerplateRemover, ParagraphClassifier

pd = pytest.importorskip("pandas", reason=".ci/integrations runs this")
pl = pytest.importorskip("polars", reason=".ci/integrations runs this")
pa = pytest.importorskip("pyarrow", reason=".ci/integrations runs this")


@pytest.fixture(scope="module")
def remover(tiny_model_dir: Path) -> BoilerplateRemover:
    return BoilerplateRemover(tiny_model_dir, threshold="gentle")


COLUMNS: dict[str, Callable[[list[str]], Any]] = {
    "str": lambda texts: pd.Series(texts, index=range(7, 7 + len(texts))),
    "object": lambda texts: pd.Series(texts, dtype=object, index=[0] * len(texts)),
    "string": lambda texts: pd.Series(texts, dtype="string"),
    "category": lambda texts: pd.Series(texts, dtype="category"),
    "Arrow": lambda texts: pd.Series(texts, dtype=pd.ArrowDtype(pa.string())),
    "views": lambda texts: pd.Series(texts, dtype=pd.ArrowDtype(pa.string_view())),
    "polars": pl.Series,
    "polars categorical": lambda texts: pl.Series(texts, dtype=pl.Categorical),
    "index": pd.Index,
    "array of pandas": pd.array,
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns(name: str, texts: list[str], expected: list[Cleaned], remover: BoilerplateRemover) -> None:
    cleaned = remover.fit_transform(COLUMNS[name](texts))
    assert cleaned.tolist() == [result.text for result in expected]


MISSING: list[tuple[Any, str]] = [
    (pd.Series(["One.", None]), r"position 1 \(from 0\) is missing"),
    (pd.Series(["One.", None], dtype=object), r"is missing \(None\)"),
    (pd.Series(["One.", None], dtype="string"), r"is missing \(<NA>\)"),
    (pd.Series(["One.", None], dtype="category"), r"is missing \(nan\)"),
    (pd.Series([pd.NaT]), r"position 0 \(from 0\) is missing \(NaT\)"),
    (pl.Series(["One.", None]), r"is missing \(None\)"),
]


@pytest.mark.parametrize(("column", "message"), MISSING)
def test_missing_texts_are_an_error(column: Any, message: str, remover: BoilerplateRemover) -> None:
    with pytest.raises(UsageError, match=message):
        remover.transform(column)


@pytest.mark.parametrize("frame", [pd.DataFrame({"text": ["a", "b"]}), pl.DataFrame({"text": ["a", "b"]})])
def test_a_frame_is_no_column(frame: Any, remover: BoilerplateRemover) -> None:
    """Its iteration would give the names of its columns."""
    with pytest.raises(
        UsageError, match=r"one dimension, not the shape \(2, 1\): give one column, such as frame\['text"
    ):
        remover.transform(frame)


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_output_as_frames_does_not_reach_the_texts(
    output: str, texts: list[str], expected: list[Cleaned], remover: BoilerplateRemover
) -> None:
    """A vectorizer would take the names of a frame's columns for the texts."""
    cleaned = [result.text for result in expected]
    wanted = make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0)).fit_transform(cleaned)
    with sklearn.config_context(transform_output=output):
        assert remover.transform(texts).tolist() == cleaned
        found = make_pipeline(remover, TfidfVectorizer(), TruncatedSVD(2, random_state=0)).fit_transform(texts)
    assert type(found).__module__.startswith(output)
    assert np.array_equal(found.to_numpy(), wanted)
    pipeline = make_pipeline(remover, TfidfVectorizer(), TruncatedSVD(2, random_state=0))
    pipeline[2:].set_output(transform=output)
    found = pipeline.fit_transform(texts)
    assert list(found.columns) == ["truncatedsvd0", "truncatedsvd1"]
    assert np.array_equal(found.to_numpy(), wanted)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_column_of_a_frame(make: Any, texts: list[str], expected: list[Cleaned], remover: BoilerplateRemover) -> None:
    frame = make({"text": texts, "visits": range(len(texts))})
    words = make_pipeline(remover, TfidfVectorizer())
    columns = ColumnTransformer([("words", words, "text"), ("rest", "passthrough", ["visits"])])
    found = columns.fit_transform(frame)
    vectorizer = TfidfVectorizer()
    assert np.array_equal(
        found[:, :-1].toarray(), vectorizer.fit_transform([result.text for result in expected]).toarray()
    )
    names = [f"words__{name}" for name in vectorizer.get_feature_names_out()]
    assert columns.get_feature_names_out().tolist() == [*names, "rest__visits"]


def test_a_search_over_a_column(texts: list[str], remover: BoilerplateRemover) -> None:
    frame = pd.DataFrame({"text": texts, "topic": [len(text) % 2 for text in texts], "site": range(len(texts))})
    train, test = train_test_split(frame, random_state=0)
    pipeline = make_pipeline(remover, TfidfVectorizer(max_features=50), LogisticRegression())
    grid = {"boilerplateremover__threshold": ["gentle", "strict"]}
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(2), error_score="raise")
    search.fit(train["text"], train["topic"], groups=train["site"])
    assert set(search.predict(test["text"])) <= {0, 1}


def test_documents_and_labels_in_columns(tiny_data: Path, shipped: Cleaner) -> None:
    documents = list(read_documents([tiny_data]))[::2]
    frame = pd.DataFrame({
        "text": [document.text for document in documents],
        "paragraphs": [[p.text for p in document.paragraphs] for document in documents],
        "labels": [[p.label for p in document.paragraphs] for document in documents],
        "site": [document.site for document in documents],
    })  # fmt: skip
    model = ParagraphClassifier(folds=2, networks=(), min_steps=1).fit(frame["text"], frame["labels"], frame["site"])
    again = ParagraphClassifier(folds=2, networks=(), min_steps=1)
    again.fit(frame["paragraphs"], frame["labels"].tolist(), frame["site"].astype("category"))
    assert again.model_ == model.model_
    frame["predicted"] = model.predict(frame["text"])
    assert list(map(len, frame["predicted"])) == list(map(len, frame["labels"]))
    assert model.score(frame["text"], frame["predicted"]) == 1.0
    search = GridSearchCV(model, {"linear_epochs": [1, 2]}, cv=GroupKFold(2), error_score="raise")
    search.fit(frame["text"], frame["labels"], groups=frame["site"])
    assert 0 < search.best_score_ <= 1
