"""Cleaning and classification as estimators of scikit-learn.

>>> from sklearn.feature_extraction.text import TfidfVectorizer
>>> from sklearn.linear_model import LogisticRegression
>>> from sklearn.pipeline import make_pipeline
>>> from detector.sklearn import BoilerplateRemover
>>> topics = make_pipeline(BoilerplateRemover(threshold="gentle"), TfidfVectorizer(), LogisticRegression())

Texts are what scikit-learn's own vectorizers take: strings in a list, an array, a column of a data frame or any other
iterable. None of them may be missing.
"""

# ruff: noqa: N803 - scikit-learn calls the input X

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from detector.cleaner import Cleaner, Prediction
from detector.errors import UsageError
from detector.evidence.sources import PhrasesSource, RepeatsSource, read_evidence
from detector.fit.config import FitConfig
from detector.fit.fit import fit
from detector.fit.sequences import Document, Labels, document_texts, given_texts, labelled_documents
from detector.guard import MAX_REMOVED
from detector.inference.files import check_folder
from detector.inference.model import Model
from detector.inference.storage import ARRAYS_FILE, METADATA_FILE, load_model, save
from detector.loading import Named, load_named
from detector.policy import REPORTING_ONLY, Policy
from detector.text.paragraphs import ParagraphBreak

_Objects: TypeAlias = NDArray[np.object_]
_CONFIG = FitConfig()


class BoilerplateRemover(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[misc, call-arg]
    r"""A transformer: texts in, clean texts out. It learns nothing, so `transform` works without `fit`.

    ``model`` is the folder of a model, a `Model` (for instance ``model_`` of a fitted `ParagraphClassifier`), None for
    the shipped one, or ``"accurate"`` for the accurate one. The other settings are those of `detector.load`;
    ``threads`` is that of `Cleaner.clean_many`.

    Like scikit-learn's vectorizers of text it has no ``set_output``: a clean text is no column of numbers. Call it on
    the steps behind the vectorizer, ``pipeline[2:].set_output(transform="pandas")``.

    >>> from detector.sklearn import BoilerplateRemover
    >>> BoilerplateRemover().transform(["The bridge reopened on Monday.\nSubscribe to our newsletter!"]).tolist()
    ['The bridge reopened on Monday.\n']
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Model | None = None,
        *,
        threshold: float | str = "balanced",
        policy: Policy | str = REPORTING_ONLY,
        paragraphs: ParagraphBreak = "line",
        max_removed: float = MAX_REMOVED,
        threads: int = 1,
        phrases: PhrasesSource = None,
        repeats: RepeatsSource = None,
        effort: float | None = None,
    ) -> None:
        self.model = model
        self.threshold = threshold
        self.policy = policy
        self.paragraphs = paragraphs
        self.max_removed = max_removed
        self.threads = threads
        self.phrases = phrases
        self.repeats = repeats
        self.effort = effort

    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Check the settings. Raises `UsageError` and `ModelError` as `detector.load` does."""
        _ = self._cleaner()
        return self

    def transform(self, X: Iterable[str]) -> _Objects:
        """The clean texts, in order: an array of strings, ``(texts,)``.

        Raises `UsageError` for anything but texts, with the position of the first text that is missing or no string;
        and as `fit` does.
        """
        texts = given_texts(X)
        cleaned = self._cleaner().clean_many(texts, threads=self.threads)
        return _objects([result.text for result in cleaned])

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> _Objects:
        """The name of what comes in, else ``text``: with it, a pipeline knows the names of its features."""
        return _objects(["text"] if input_features is None else list(input_features))

    def _cleaner(self) -> Cleaner:
        given = self.model
        named, load_folder = (None, lambda _: given) if isinstance(given, Model) else (given, _load)
        loaded = load_named(named, self.effort, load_folder)
        evidence = read_evidence(self.phrases, self.repeats)
        return loaded.cleaner(self.threshold, self.policy, self.paragraphs, self.max_removed, evidence)

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = _text_tags(super().__sklearn_tags__())
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags


class ParagraphClassifier(BaseEstimator):  # type: ignore[misc]
    """An estimator over documents: it learns and predicts the label of each of their paragraphs.

    It trains what ``detector train`` trains: the same features and networks, with the word vectors of the shipped
    model. One of the labels is ``reporting``. The parameters are the fields of `detector.fit.config.FitConfig`, where
    the defaults are explained; ``random_state`` is its ``seed``. The defaults are meant for thousands of documents: for
    some dozens, one small network is enough (``networks=(0,), hidden=8, min_steps=100``).

    A document is a text, whose paragraphs are the lines that are not blank, or a sequence of paragraphs. The labels of
    a document are a sequence with one entry per paragraph, None where the label is unknown. Predictions are arrays
    with one object per document.

    After `fit`, ``classes_`` are the labels, sorted, and ``model_`` is the model: `Cleaner` and `BoilerplateRemover`
    take it. scikit-learn does not regard this as a classifier, because a target is a sequence: in a search, give the
    number of folds or a splitter such as ``GroupKFold``, and a ``scoring`` function of your own if accuracy is not
    what you want.

    >>> from sklearn.model_selection import GridSearchCV, GroupKFold
    >>> from detector.sklearn import ParagraphClassifier
    >>> search = GridSearchCV(ParagraphClassifier(), {"hidden": [16, 48]}, cv=GroupKFold(3))
    >>> # search.fit(documents, labels, groups=sites)
    """

    # where metadata routing is enabled, `fit` gets the groups that a search is given
    __metadata_request__fit = {"groups": True}  # noqa: RUF012

    def __init__(
        self,
        *,
        folds: int = _CONFIG.folds,
        linear_penalty: float = _CONFIG.linear_penalty,
        linear_epochs: int = _CONFIG.linear_epochs,
        networks: Sequence[int] = _CONFIG.networks,
        hidden: int = _CONFIG.hidden,
        pools: int = _CONFIG.pools,
        dropout: float = _CONFIG.dropout,
        label_loss: float = _CONFIG.label_loss,
        network_epochs: int = _CONFIG.network_epochs,
        batch_rows: int = _CONFIG.batch_rows,
        min_steps: int = _CONFIG.min_steps,
        learning_rate: float = _CONFIG.learning_rate,
        augmentation: float = _CONFIG.augmentation,
        line_augmentation: float = _CONFIG.line_augmentation,
        cut_augmentation: float = _CONFIG.cut_augmentation,
        artificial: float = _CONFIG.artificial,
        random_state: int | np.random.RandomState | None = _CONFIG.seed,
    ) -> None:
        self.folds = folds
        self.linear_penalty = linear_penalty
        self.linear_epochs = linear_epochs
        self.networks = networks
        self.hidden = hidden
        self.pools = pools
        self.dropout = dropout
        self.label_loss = label_loss
        self.network_epochs = network_epochs
        self.batch_rows = batch_rows
        self.min_steps = min_steps
        self.learning_rate = learning_rate
        self.augmentation = augmentation
        self.line_augmentation = line_augmentation
        self.cut_augmentation = cut_augmentation
        self.artificial = artificial
        self.random_state = random_state

    def fit(
        self,
        X: Iterable[Document],
        y: Iterable[Labels],
        groups: Iterable[object] | None = None,
    ) -> Self:
        """Train a model. ``groups`` are the sites of the documents; without them, each text is a site of its own.

        A site is never split between the folds of the cross-validation by which the model is calibrated. Raises
        `UsageError` for documents and labels that do not fit together and for parameters out of range; `DataError` if
        the documents are not enough: fewer sites than ``folds``, or a label on one site only.
        """
        documents = labelled_documents(X, y, groups)
        self.model_ = fit(documents, self._config(), vectors=_load(None).vectors).model
        self.classes_ = np.sort(np.array(self.model_.labels, dtype=object))
        return self

    def predict(self, X: Iterable[Document]) -> _Objects:
        """The most probable label of each paragraph: for each document an array of labels, ``(paragraphs,)``."""
        labels = np.array(self._fitted().labels, dtype=object)
        return _objects([labels[prediction.label_indices] for prediction in self._predict(X)])

    def predict_proba(self, X: Iterable[Document]) -> _Objects:
        """The calibrated probabilities of the labels: for each document an array, ``(paragraphs, classes)``."""
        columns = np.argsort(np.array(self._fitted().labels, dtype=object))
        return _objects([prediction.label_scores[:, columns] for prediction in self._predict(X)])

    def score(self, X: Iterable[Document], y: Iterable[Labels]) -> float:
        """The share of the paragraphs with a known label whose label is predicted, from 0 to 1.

        Raises `UsageError` as `fit` does, and if no label is known.
        """
        texts = document_texts(X)
        labels = [
            paragraph.label for document in labelled_documents(texts, y, None) for paragraph in document.paragraphs
        ]
        predicted = [label for document in self.predict(texts) for label in document]
        right = [one == other for one, other in zip(labels, predicted, strict=True) if one is not None]
        if not right:
            raise UsageError("no paragraph has a label: there is nothing to compare the predictions with")
        return float(np.mean(right))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the model to a folder, for ``detector clean --model`` and `detector.load`.

        Raises `ModelError` if it cannot be written, and `UsageError` if it would replace files that are not a model's.
        """
        model = self._fitted()
        check_folder(Path(folder), (ARRAYS_FILE, METADATA_FILE))
        save(model, Path(folder), model.metadata)

    def _config(self) -> FitConfig:
        settings = {field.name: getattr(self, field.name) for field in fields(FitConfig) if hasattr(self, field.name)}
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(1 << 31)
        return FitConfig(**{**settings, "networks": tuple(self.networks), "seed": int(seed)})

    def _fitted(self) -> Model:
        check_is_fitted(self, "model_")
        model: Model = self.model_
        return model

    def _predict(self, documents: Iterable[Document]) -> Iterator[Prediction]:
        return Cleaner(self._fitted()).predict_many(document_texts(documents))

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = _text_tags(super().__sklearn_tags__())
        tags.target_tags.required = True
        return tags


def _text_tags(tags: Any) -> Any:  # noqa: ANN401
    """The tags of an estimator whose input is texts."""
    tags.input_tags.string = tags.input_tags.one_d_array = True
    tags.input_tags.two_d_array = False
    return tags


def _load(folder: Named) -> Model:
    """The model in a folder, or the shipped one. It stays in memory for as long as its files do not change."""
    if folder is None:
        return _loaded(None, None)
    try:
        found = Path(folder, METADATA_FILE).stat()
    except OSError:
        return load_model(folder)  # it says what is wrong
    return _loaded(os.fspath(folder), (found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=4)
def _loaded(folder: str | None, version: tuple[int, ...] | None) -> Model:
    return load_model(folder)


def _objects(values: Iterable[Any]) -> _Objects:
    """An array of one dimension, whatever the values are: `np.array` would stack arrays of one length."""
    return np.fromiter(values, dtype=object)
