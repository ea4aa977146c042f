"""Fitting the networks: their inputs, one network per fold and seed, and out-of-fold logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from detector.features import context
from detector.features.context import EMBEDDING_COLUMNS
from detector.fit.config import FitConfig, Progress
from detector.fit.data import TrainingData
from detector.fit.network import Sequences, fit_network
from detector.fit.origins import LINES
from detector.inference.calibration import softmax
from detector.inference.network import Ensemble, mean_logits
from detector.inference.quantization import standardize
from detector.util.arrays import Floats

_LARGE = 1 << 27  # bytes of input rows from which networks are fitted in processes


def context_rows(data: TrainingData, logits: Floats) -> Floats:
    """`detector.features.context.network_inputs` of all training data, given the linear model's out-of-fold logits."""
    parts, first = [], 0
    for features in data.features:
        last = first + len(features.batch)
        parts.append(context.network_inputs(features, logits[first:last], softmax(logits[first:last]), data.membership))
        first = last
    return np.concatenate(parts)


def fit_networks(
    data: TrainingData, config: FitConfig, rows: Floats, progress: Progress, teachers: Sequence[Floats] = ()
) -> tuple[Ensemble, Floats]:
    """Fit the networks to all sites. Also returns out-of-fold logits, ``(paragraphs, kinds)``, as `fit_linear` does.

    ``rows`` are the `context_rows`, which are overwritten. ``teachers`` are what those of `detector.fit.fit.fit`
    return.
    """
    mean, factor = _mean_and_factor(rows, data.kind >= 0)
    standardize(rows, mean, factor)
    known = data.label >= 0
    label_weight = np.where(known, data.label_weight, 0).astype(np.float32)
    sequences = Sequences(rows, data.kind, data.label, label_weight, data.bounds, np.array(data.kind_labels))
    # of a document's first paragraph; the fold of a document without paragraphs does not matter
    fold = data.fold[np.minimum(data.bounds[:-1], len(data.fold) - 1)]
    whole = np.array([d.origin != LINES for d in data.documents])
    training = [*(np.flatnonzero(whole & (fold != n)) for n in range(config.folds)), np.flatnonzero(whole)]
    progress(
        f"fitting the networks: {config.folds} folds and all of them together, {known.sum():,} labelled paragraphs, "
        f"{rows.shape[1]} inputs"
    )
    # threads wait for each other between matrix products; processes need seconds to start
    prefer = "processes" if rows.nbytes > _LARGE else "threads"
    learned = taught(sequences, data, teachers, config) if len(teachers) else [sequences] * len(training)
    networks = Parallel(n_jobs=-1, prefer=prefer)(
        delayed(fit_network)(of_fit, documents, config, config.seed + seed)
        for of_fit, documents in zip(learned, training, strict=True)
        for seed in config.networks
    )
    each = len(config.networks)
    fitted = [networks[at : at + each] for at in range(0, len(networks), each)]
    logits = np.zeros((len(rows), len(data.kinds)), dtype=np.float32)
    for number, members in enumerate(fitted[:-1]):
        unseen = np.flatnonzero(data.fold == number)
        bounds = np.concatenate(([0], np.cumsum(np.diff(data.bounds)[fold == number])))
        logits[unseen] = mean_logits(members, rows[unseen], bounds)
    return Ensemble(mean, factor, tuple(fitted[-1])), logits


def taught(sequences: Sequences, data: TrainingData, teachers: Sequence[Floats], config: FitConfig) -> list[Sequences]:
    """The sequences of each fit, with its teacher. What nobody has read is learned from the teacher alone."""
    unread = (data.label < 0) | np.array([p.by == "auto" for d in data.documents for p in d.paragraphs])
    return [_taught_by(teacher, sequences, unread, config.teacher_weight) for teacher in teachers]


def _taught_by(teacher: Floats, sequences: Sequences, unread: NDArray[np.bool_], weight: float) -> Sequences:
    alone = unread & teacher.any(axis=1)
    return replace(
        sequences, teacher=teacher.astype(np.float32, copy=False),  # folds that share one pass it to processes once
        label=np.where(alone, -1, sequences.label), kind=np.where(alone, -1, sequences.kind),
        label_weight=np.where(alone, np.float32(weight), sequences.label_weight),
    )  # fmt: skip


def _mean_and_factor(rows: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The mean and the inverse standard deviation of each column, over the rows whose kind is ``known``.

    These are what `detector.inference.quantization.standardize` needs. All columns of the word vectors share one
    factor, so that they keep their proportions, which are meaningful.
    """
    mean, deviation = rows[known].mean(axis=0, dtype=np.float64), rows[known].std(axis=0, dtype=np.float64)
    deviation[EMBEDDING_COLUMNS] = np.sqrt((deviation[EMBEDDING_COLUMNS] ** 2).mean())
    return mean.astype(np.float32), (1 / np.maximum(deviation, 1e-3)).astype(np.float32)
