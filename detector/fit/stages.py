"""The stages of a fit: the linear model, the networks, the calibration and the thresholds."""

from __future__ import annotations

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, SGDClassifier

from detector.backend.reference import NUMPY_BACKEND
from detector.errors import DataError
from detector.evaluation.evaluate import threshold_at_loss
from detector.features import context
from detector.features.context import EMBEDDING_COLUMNS
from detector.fit.config import FitConfig, Progress
from detector.fit.data import TrainingData
from detector.fit.network import Sequences, fit_network
from detector.inference.calibration import label_logs, label_sums, softmax
from detector.inference.linear import LinearModel
from detector.inference.network import Ensemble, mean_scores
from detector.inference.quantization import standardize
from detector.util.arrays import Floats

_MAX_WEIGHT = 127  # of a quantized weight: int8 without -128
_ABSENT_LOGIT = -20.0  # of a kind that does not occur in the rows that a model is fitted to


def fit_linear(data: TrainingData, config: FitConfig, progress: Progress) -> tuple[LinearModel, Floats]:
    """Fit the linear model to all sites. Also returns out-of-fold logits, ``(paragraphs, kinds)``.

    The logits of each fold come from a model that was fitted to the other folds. Raises `DataError` if the other folds
    have only one kind.
    """
    progress(f"fitting the linear model: {config.folds} folds, {len(data.distinct):,} distinct paragraphs")
    logits = np.zeros((len(data.kind), len(data.kinds)), dtype=np.float32)
    for fold in range(config.folds):
        model = _linear(data, config, data.distinct[data.fold[data.distinct] != fold])
        unseen = np.flatnonzero(data.fold == fold)
        logits[unseen] = data.ngrams[unseen] @ (model.weights.astype(np.float32) * model.scale) + model.bias
    return _linear(data, config, data.distinct), logits


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
    weights, bias = _add_absent_kinds(classifier.coef_.T, classifier.intercept_, classifier.classes_, len(data.kinds))
    scale = np.maximum(np.abs(weights).max(axis=0), np.float32(1e-9)) / np.float32(_MAX_WEIGHT)
    return LinearModel(np.rint(weights / scale).astype(np.int8), scale, bias)


def _add_absent_kinds(
    weights: NDArray[np.floating], bias: NDArray[np.floating], classes: NDArray[np.int64], kinds: int
) -> tuple[Floats, Floats]:
    """Turn the coefficients of a scikit-learn classifier into weights ``(inputs, kinds)`` and a bias ``(kinds,)``.

    A kind that is not among the classifier's ``classes`` gets the logit `_ABSENT_LOGIT`. For two classes, scikit-learn
    has one column, the log-odds of the second class; they become two columns with the same softmax.
    """
    if len(classes) == 2:
        weights, bias = np.hstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    all_weights = np.zeros((weights.shape[0], kinds), dtype=np.float32)
    all_bias = np.full(kinds, _ABSENT_LOGIT, dtype=np.float32)
    all_weights[:, classes], all_bias[classes] = weights, bias
    return all_weights, all_bias


def context_rows(data: TrainingData, logits: Floats) -> Floats:
    """`detector.features.context.network_inputs` of all training data, given the linear model's out-of-fold logits."""
    parts, first = [], 0
    for features in data.features:
        last = first + len(features.batch)
        parts.append(context.network_inputs(features, logits[first:last], softmax(logits[first:last]), data.membership))
        first = last
    return np.concatenate(parts)


def fit_networks(data: TrainingData, config: FitConfig, rows: Floats, progress: Progress) -> tuple[Ensemble, Floats]:
    """Fit the networks to all sites. Also returns out-of-fold logits, ``(paragraphs, kinds)``, as `fit_linear` does.

    ``rows`` are the `context_rows`, which are overwritten.
    """
    mean, factor = _mean_and_factor(rows, data.kind >= 0)
    standardize(rows, mean, factor)
    known = data.label >= 0
    label_weight = np.where(known, data.label_weight, 0).astype(np.float32)
    sequences = Sequences(rows, data.kind, data.label, label_weight, data.bounds, np.array(data.kind_labels))
    # of a document's first paragraph; the fold of a document without paragraphs does not matter
    fold = data.fold[np.minimum(data.bounds[:-1], len(data.fold) - 1)]
    training = [*(np.flatnonzero(fold != n) for n in range(config.folds)), np.arange(len(fold))]
    progress(
        f"fitting the networks: {config.folds} folds and all of them together, {known.sum():,} labelled paragraphs, "
        f"{rows.shape[1]} inputs"
    )
    networks = Parallel(n_jobs=-1, prefer="threads")(
        delayed(fit_network)(sequences, documents, config, config.seed + seed)
        for documents in training
        for seed in config.networks
    )
    each = len(config.networks)
    fitted = [networks[at : at + each] for at in range(0, len(networks), each)]
    logits = np.zeros((len(rows), len(data.kinds)), dtype=np.float32)
    for number, members in enumerate(fitted[:-1]):
        unseen = np.flatnonzero(data.fold == number)
        bounds = np.concatenate(([0], np.cumsum(np.diff(data.bounds)[fold == number])))
        logits[unseen] = mean_scores(members, rows[unseen], bounds, NUMPY_BACKEND)
    return Ensemble(mean, factor, tuple(fitted[-1])), logits


def _mean_and_factor(rows: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The mean and the inverse standard deviation of each column, over the rows whose kind is ``known``.

    These are what `detector.inference.quantization.standardize` needs. All columns of the word vectors share one
    factor, so that they keep their proportions, which are meaningful.
    """
    mean, deviation = rows[known].mean(axis=0, dtype=np.float64), rows[known].std(axis=0, dtype=np.float64)
    deviation[EMBEDDING_COLUMNS] = np.sqrt((deviation[EMBEDDING_COLUMNS] ** 2).mean())
    return mean.astype(np.float32), (1 / np.maximum(deviation, 1e-3)).astype(np.float32)


def fit_calibration(data: TrainingData, logits: Floats) -> Floats:
    """Fit the calibration matrix of `detector.inference.model.Model` to out-of-fold logits, ``(paragraphs, kinds)``."""
    known = data.label >= 0
    logs = label_logs(label_sums(softmax(logits[known]), data.kind_labels, len(data.labels)))
    fitted = LogisticRegression(C=100, max_iter=1000).fit(
        logs, data.label[known], sample_weight=data.label_weight[known]
    )
    weights, bias = fitted.coef_, fitted.intercept_
    if len(data.labels) == 2:  # scikit-learn has one row, the log-odds of the second label
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    return np.vstack([weights.T, bias]).astype(np.float32)


def choose_thresholds(data: TrainingData, probabilities: Floats, config: FitConfig) -> dict[str, float]:
    """For each name in ``config.max_lost_words``, the highest threshold that loses at most that share of words.

    Only the reporting in extracted texts is counted, or all reporting where there are no extracted texts.
    ``probabilities`` are the calibrated out-of-fold probabilities, ``(paragraphs, labels)``.
    """
    reporting = data.label == 0
    extracted = reporting & data.extracted
    rows = extracted if extracted.any() else reporting
    score, words = probabilities[rows, 0], data.words[rows]
    return {name: threshold_at_loss(score, words, loss) for name, loss in config.max_lost_words}
