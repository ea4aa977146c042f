"""The parts of a fit: the linear step, the networks, calibration and thresholds."""

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
from detector.fit.network import Sequences, fit_sequences
from detector.inference.calibration import label_logs, label_sums, softmax
from detector.inference.linear import LinearModel
from detector.inference.network import Ensemble, mean_scores
from detector.inference.quantization import standardize
from detector.util.arrays import Floats

_LARGEST = 127  # of a quantized weight
_UNSEEN = -20.0  # log-odds of a kind that none of a fold's documents has


def fit_linear(data: TrainingData, config: FitConfig, progress: Progress) -> tuple[LinearModel, Floats]:
    """The first step on all sites, and its scores of each fold when fitted without it."""
    progress(f"first step: {config.folds} folds of {len(data.distinct):,} distinct paragraphs")
    scores = np.zeros((len(data.kind), len(data.kinds)), dtype=np.float32)
    for fold in range(config.folds):
        step = _linear(data, config, data.distinct[data.fold[data.distinct] != fold])
        unseen = np.flatnonzero(data.fold == fold)
        scores[unseen] = data.ngrams[unseen] @ (step.weights.astype(np.float32) * step.scale) + step.bias
    return _linear(data, config, data.distinct), scores


def _linear(data: TrainingData, config: FitConfig, rows: NDArray[np.int64]) -> LinearModel:
    classifier = SGDClassifier(
        loss="log_loss", alpha=config.linear_penalty, max_iter=config.linear_epochs, tol=None, average=True,
        random_state=config.seed, n_jobs=-1,
    )  # fmt: skip
    present = np.unique(data.kind[rows])
    if len(present) < 2:
        raise DataError(
            f"all but one fold of the sites hold only {[data.kinds[n] for n in present]}: add documents of more "
            "sites with the other labels, or set another number of folds"
        )
    classifier.fit(data.ngrams[rows], data.kind[rows], sample_weight=data.label_weight[rows])
    weights, bias = _all_kinds(classifier.coef_.T, classifier.intercept_, classifier.classes_, len(data.kinds))
    scale = np.maximum(np.abs(weights).max(axis=0), np.float32(1e-9)) / np.float32(_LARGEST)
    return LinearModel(np.rint(weights / scale).astype(np.int8), scale, bias)


def context_rows(data: TrainingData, scores: Floats) -> Floats:
    """The rows of `detector.features.context.rows` of all training data; ``scores`` are logits of the kinds."""
    parts, first = [], 0
    for features in data.features:
        last = first + len(features.batch)
        parts.append(context.network_inputs(features, scores[first:last], softmax(scores[first:last]), data.membership))
        first = last
    return np.concatenate(parts)


def fit_networks(data: TrainingData, config: FitConfig, rows: Floats, progress: Progress) -> tuple[Ensemble, Floats]:
    """Networks on all sites, and the scores of each fold when fitted without it, ``(paragraphs, kinds)``.

    ``rows`` are those of `context_rows`; they are used up.
    """
    mean, factor = _mean_and_factor(rows, data.kind >= 0)
    standardize(rows, mean, factor)
    known = data.label >= 0
    label_weight = np.where(known, data.label_weight, 0).astype(np.float32)
    sequences = Sequences(rows, data.kind, data.label, label_weight, data.bounds, np.array(data.kind_labels))
    fold = data.fold[np.minimum(data.bounds[:-1], len(data.fold) - 1)]  # any will do for a document without paragraphs
    training = [*(np.flatnonzero(fold != n) for n in range(config.folds)), np.arange(len(fold))]
    progress(f"networks: {config.folds} folds and all of {known.sum():,} paragraphs, {rows.shape[1]} inputs")
    networks = Parallel(n_jobs=-1, prefer="threads")(
        delayed(fit_sequences)(sequences, documents, config, config.seed + seed)
        for documents in training
        for seed in config.networks
    )
    each = len(config.networks)
    fitted = [networks[at : at + each] for at in range(0, len(networks), each)]
    scores = np.zeros((len(rows), len(data.kinds)), dtype=np.float32)
    for number, members in enumerate(fitted[:-1]):
        unseen = np.flatnonzero(data.fold == number)
        bounds = np.concatenate(([0], np.cumsum(np.diff(data.bounds)[fold == number])))
        scores[unseen] = mean_scores(members, rows[unseen], bounds, NUMPY_BACKEND)
    return Ensemble(mean, factor, tuple(fitted[-1])), scores


def _mean_and_factor(rows: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """What `detector.inference.quantization.standardize` takes off the columns, and times what: by the rows whose kind is known."""
    mean, deviation = rows[known].mean(axis=0, dtype=np.float64), rows[known].std(axis=0, dtype=np.float64)
    deviation[EMBEDDING_COLUMNS] = np.sqrt(
        (deviation[EMBEDDING_COLUMNS] ** 2).mean()
    )  # their proportions say what matters
    return mean.astype(np.float32), (1 / np.maximum(deviation, 1e-3)).astype(np.float32)


def _all_kinds(
    weights: NDArray[np.floating], bias: NDArray[np.floating], classes: NDArray[np.int64], kinds: int
) -> tuple[Floats, Floats]:
    """Weights ``(inputs, classes)`` and bias of a layer of logits with a column for every kind.

    Of two classes, scikit-learn fits the log-odds of the second alone; a kind that is not there is out of the question.
    """
    if len(classes) == 2:
        weights, bias = np.hstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    all_weights = np.zeros((weights.shape[0], kinds), dtype=np.float32)
    all_bias = np.full(kinds, _UNSEEN, dtype=np.float32)
    all_weights[:, classes], all_bias[classes] = weights, bias
    return all_weights, all_bias


def fit_calibration(data: TrainingData, scores: Floats) -> Floats:
    """The calibration matrix of `detector.inference.model.Model`, fitted to logits that each site's own fold has not seen."""
    known = data.label >= 0
    logs = label_logs(label_sums(softmax(scores[known]), data.kind_labels, len(data.labels)))
    fitted = LogisticRegression(C=100, max_iter=1000).fit(
        logs, data.label[known], sample_weight=data.label_weight[known]
    )
    weights, bias = fitted.coef_, fitted.intercept_
    if len(data.labels) == 2:
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    return np.vstack([weights.T, bias]).astype(np.float32)


def choose_thresholds(data: TrainingData, held_out: Floats, config: FitConfig) -> dict[str, float]:
    """For each name the highest threshold that loses at most that share of the reporting words of extracted texts."""
    reporting = data.label == 0
    extracted = reporting & data.extracted
    rows = extracted if extracted.any() else reporting
    score, words = held_out[rows, 0], data.words[rows]
    return {name: threshold_at_loss(score, words, loss) for name, loss in config.max_lost_words}
