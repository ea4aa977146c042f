"""The parts of a fit: the linear step, the networks, calibration and thresholds."""

from __future__ import annotations

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, SGDClassifier

from detector import context
from detector.context import MEANINGS
from detector.errors import DataError
from detector.fit_network import Sequences, fit_sequences
from detector.grid import standardize
from detector.model import Floats, LinearStep, label_logs, label_sums, softmax
from detector.network import Ensemble, mean_scores
from detector.recipe import Progress, Recipe
from detector.training_data import TrainingData

_LARGEST = 127  # of a quantized weight
_UNSEEN = -20.0  # log-odds of a kind that none of a fold's documents has


def fit_linear(data: TrainingData, recipe: Recipe, progress: Progress) -> tuple[LinearStep, Floats]:
    """The first step on all sites, and its scores of each fold when fitted without it."""
    progress(f"first step: {recipe.folds} folds of {len(data.distinct):,} distinct paragraphs")
    scores = np.zeros((len(data.kind), len(data.kinds)), dtype=np.float32)
    for fold in range(recipe.folds):
        step = _linear(data, recipe, data.distinct[data.fold[data.distinct] != fold])
        unseen = np.flatnonzero(data.fold == fold)
        scores[unseen] = data.ngrams[unseen] @ (step.weights.astype(np.float32) * step.scale) + step.bias
    return _linear(data, recipe, data.distinct), scores


def _linear(data: TrainingData, recipe: Recipe, rows: NDArray[np.int64]) -> LinearStep:
    classifier = SGDClassifier(
        loss="log_loss", alpha=recipe.linear_penalty, max_iter=recipe.linear_epochs, tol=None, average=True,
        random_state=recipe.seed, n_jobs=-1,
    )  # fmt: skip
    present = np.unique(data.kind[rows])
    if len(present) < 2:
        raise DataError(
            f"all but one fold of the sites hold only {[data.kinds[n] for n in present]}: add documents of more "
            "sites with the other labels, or set another number of folds"
        )
    classifier.fit(data.ngrams[rows], data.kind[rows], sample_weight=data.trust[rows])
    weights, bias = _all_kinds(classifier.coef_.T, classifier.intercept_, classifier.classes_, len(data.kinds))
    scale = np.maximum(np.abs(weights).max(axis=0), np.float32(1e-9)) / np.float32(_LARGEST)
    return LinearStep(np.rint(weights / scale).astype(np.int8), scale, bias)


def context_rows(data: TrainingData, scores: Floats) -> Floats:
    """The rows of `detector.context.rows` of all training data; ``scores`` are logits of the kinds."""
    parts, first = [], 0
    for evidence in data.evidence:
        last = first + len(evidence.batch)
        parts.append(context.rows(evidence, scores[first:last], softmax(scores[first:last]), data.membership))
        first = last
    return np.concatenate(parts)


def fit_networks(data: TrainingData, recipe: Recipe, rows: Floats, progress: Progress) -> tuple[Ensemble, Floats]:
    """Networks on all sites, and the scores of each fold when fitted without it, ``(paragraphs, kinds)``.

    ``rows`` are those of `context_rows`; they are used up.
    """
    mean, factor = _mean_and_factor(rows, data.kind >= 0)
    standardize(rows, mean, factor)
    known = data.label >= 0
    trust = np.where(known, data.trust, 0).astype(np.float32)
    sequences = Sequences(rows, data.kind, data.label, trust, data.bounds, np.array(data.kind_labels))
    fold = data.fold[np.minimum(data.bounds[:-1], len(data.fold) - 1)]  # any will do for a document without paragraphs
    training = [*(np.flatnonzero(fold != n) for n in range(recipe.folds)), np.arange(len(fold))]
    progress(f"networks: {recipe.folds} folds and all of {known.sum():,} paragraphs, {rows.shape[1]} inputs")
    networks = Parallel(n_jobs=-1, prefer="threads")(
        delayed(fit_sequences)(sequences, documents, recipe, recipe.seed + seed)
        for documents in training
        for seed in recipe.networks
    )
    each = len(recipe.networks)
    fitted = [networks[at : at + each] for at in range(0, len(networks), each)]
    scores = np.zeros((len(rows), len(data.kinds)), dtype=np.float32)
    for number, members in enumerate(fitted[:-1]):
        unseen = np.flatnonzero(data.fold == number)
        bounds = np.concatenate(([0], np.cumsum(np.diff(data.bounds)[fold == number])))
        scores[unseen] = mean_scores(members, rows[unseen], bounds)
    return Ensemble(mean, factor, tuple(fitted[-1])), scores


def _mean_and_factor(rows: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """What `detector.grid.standardize` takes off the columns, and times what: by the rows whose kind is known."""
    mean, deviation = rows[known].mean(axis=0, dtype=np.float64), rows[known].std(axis=0, dtype=np.float64)
    deviation[MEANINGS] = np.sqrt((deviation[MEANINGS] ** 2).mean())  # their proportions say what matters
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
    """The calibration matrix of `detector.model.Model`, fitted to logits that each site's own fold has not seen."""
    known = data.label >= 0
    logs = label_logs(label_sums(softmax(scores[known]), data.kind_labels, len(data.labels)))
    fitted = LogisticRegression(C=100, max_iter=1000).fit(logs, data.label[known], sample_weight=data.trust[known])
    weights, bias = fitted.coef_, fitted.intercept_
    if len(data.labels) == 2:
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    return np.vstack([weights.T, bias]).astype(np.float32)


def choose_thresholds(data: TrainingData, held_out: Floats, recipe: Recipe) -> dict[str, float]:
    """For each name the highest threshold that loses at most that share of the reporting words of extracted texts."""
    reporting = data.label == 0
    extracted = reporting & data.extracted
    rows = extracted if extracted.any() else reporting
    score, words = held_out[rows, 0], data.words[rows]
    return {name: threshold_for(score, words, loss) for name, loss in recipe.losses}


def threshold_for(score: Floats, words: NDArray[np.int64], loss: float) -> float:
    """The highest threshold on ``score`` under which at most the share ``loss`` of ``words`` lies."""
    order = np.argsort(score, kind="stable")
    lost = np.cumsum(words[order])
    over = np.searchsorted(lost, loss * lost[-1], side="right")
    return float(score[order[min(over, len(order) - 1)]])
