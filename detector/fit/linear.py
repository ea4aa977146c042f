"""Fitting the linear model, with scikit-learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, SGDClassifier

from detector.errors import DataError
from detector.fit.config import FitConfig, Progress
from detector.fit.data import TrainingData
from detector.inference.linear import LinearModel
from detector.util.arrays import Floats

_MAX_WEIGHT = 127  # of a quantized weight: int8 without -128
_ABSENT_LOGIT = -20.0  # of a kind that does not occur in the rows that a model is fitted to


def fit_linear(data: TrainingData, config: FitConfig, progress: Progress) -> tuple[LinearModel, Floats]:
    """Fit the linear model to all sites. Also returns out-of-fold logits, ``(paragraphs, kinds)``.

    The logits of each fold come from a model that was fitted to the other folds. Half of the documents in other
    languages than the commonest one get theirs from models that have seen neither their language nor their site: so
    the networks learn what the logits are worth in a language that nobody labelled. Raises `DataError` if the other
    folds have only one kind.
    """
    progress(f"fitting the linear model: {config.folds} folds, {len(data.distinct):,} distinct paragraphs")
    logits = np.zeros((len(data.kind), len(data.kinds)), dtype=np.float32)
    for fold in range(config.folds):
        model = _linear(data, config, data.distinct[data.fold[data.distinct] != fold])
        unseen = np.flatnonzero(data.fold == fold)
        logits[unseen] = _out_of_fold(model, data, unseen)
    for fold in np.unique(data.language_fold[data.foreign]):
        unseen = np.flatnonzero(data.foreign & (data.language_fold == fold))
        sites = np.unique(data.site[unseen])
        others = (data.language_fold[data.distinct] != fold) & ~np.isin(data.site[data.distinct], sites)
        rows = data.distinct[others]
        if len(np.unique(data.kind[rows])) > 1:  # else every other kind is in these languages alone
            logits[unseen] = _out_of_fold(_linear(data, config, rows), data, unseen)
    return _linear(data, config, data.distinct), logits


def _out_of_fold(model: LinearModel, data: TrainingData, rows: NDArray[np.int64]) -> Floats:
    logits: Floats = data.ngrams[rows] @ (model.weights.astype(np.float32) * model.scale) + model.bias
    return logits


def _linear(data: TrainingData, config: FitConfig, rows: NDArray[np.int64]) -> LinearModel:
    classifier = SGDClassifier(
        loss="log_loss", alpha=config.linear_penalty, max_iter=config.linear_epochs, tol=None, average=True,
        random_state=config.seed, n_jobs=-1,
    )  # fmt: skip
    present = np.unique(data.kind[rows])
    if len(present) < 2:
        raise DataError(
            f"all folds of the sites but one have only {[data.kinds[n] for n in present]}: add documents of more "
            "sites with the other labels, or set another number of folds"
        )
    classifier.fit(data.ngrams[rows], data.kind[rows], sample_weight=data.label_weight[rows])
    weights, bias = _all_kinds(classifier, len(data.kinds))
    scale = np.maximum(np.abs(weights).max(axis=0), np.float32(1e-9)) / np.float32(_MAX_WEIGHT)
    return LinearModel(np.rint(weights / scale).astype(np.int8), scale, bias)


def _all_kinds(classifier: SGDClassifier, kinds: int) -> tuple[Floats, Floats]:
    """The weights ``(inputs, kinds)`` and the bias ``(kinds,)`` of a fitted classifier.

    A kind that is not among the classifier's ``classes`` gets the logit `_ABSENT_LOGIT`.
    """
    weights, bias = softmax_coefficients(classifier)
    all_weights = np.zeros((weights.shape[0], kinds), dtype=np.float32)
    all_bias = np.full(kinds, _ABSENT_LOGIT, dtype=np.float32)
    all_weights[:, classifier.classes_], all_bias[classifier.classes_] = weights, bias
    return all_weights, all_bias


def softmax_coefficients(
    classifier: SGDClassifier | LogisticRegression,
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The weights ``(inputs, classes)`` and the bias ``(classes,)`` of a fitted classifier, one column per class.

    For two classes, scikit-learn has one column, the log-odds of the second class. It becomes two columns with the same
    softmax.
    """
    weights, bias = classifier.coef_.T, classifier.intercept_
    if len(classifier.classes_) == 2:
        weights, bias = np.hstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    return weights, bias
