"""Held-out documents with the small model's scores, what an encoder makes of these, and how far to trust it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from detector.encoder.model import Encoder
from detector.encoder.reading import SMALLEST
from detector.errors import DataError
from detector.evaluation.evaluate import count_words
from detector.evaluation.labelled import LabelledDocument
from detector.fit.data import site_folds
from detector.fit.origins import AUGMENTED, LINES, is_extracted
from detector.inference.calibration import label_sums, softmax
from detector.inference.model import Model
from detector.inference.scores import Scores
from detector.text.paragraphs import split
from detector.util.arrays import Floats, Offsets
from training.train import SHIPPED

_SHARES = tuple(np.linspace(0.3, 1.0, 15).round(2).tolist())  # of the correction
_LEAST = 1e-9


@dataclass(frozen=True)
class HeldOut:
    """The held-out documents as `detector.fit.thresholds.LabelledRows`, with the small model's scores.

    ``rows`` are those of their paragraphs among all documents' paragraphs.
    """

    documents: Sequence[LabelledDocument]
    rows: NDArray[np.int64]
    bounds: Offsets
    label: NDArray[np.int64]
    extracted: NDArray[np.bool_]
    words: NDArray[np.int64]
    site: NDArray[np.int64]
    weight: Floats
    small: Scores


def held_out(
    documents: Sequence[LabelledDocument],
    kinds: Floats,
    fold: int,
    model: Model,
    chosen_by: Callable[[LabelledDocument], bool] = lambda d: d.origin not in (AUGMENTED, LINES),
) -> HeldOut:
    """The documents of a fold for which ``chosen_by`` is true; by default, those that were not made of others.

    ``kinds`` are the small model's probabilities for all documents, ``(paragraphs, kinds)``. Raises `DataError` if
    there are no such documents, if the probabilities are those of other documents, or for a label that the model lacks.
    """
    folds = site_folds(documents, SHIPPED.folds)
    bounds = np.cumsum([0, *(len(d.paragraphs) for d in documents)])
    chosen = [n for n, d in enumerate(documents) if folds[d.site] == fold and chosen_by(d)]
    if kinds.shape != (bounds[-1], len(model.kinds)) or not chosen:
        raise DataError(
            f"fold {fold} has {len(chosen):,} documents, and the scores have the shape {kinds.shape} for "
            f"{bounds[-1]:,} paragraphs: give the documents and the fold of the fit"
        )
    own = [documents[n] for n in chosen]
    index: dict[str | None, int] = {None: -1, **{label: number for number, label in enumerate(model.labels)}}
    rows = np.concatenate([np.arange(bounds[n], bounds[n + 1]) for n in chosen])
    paragraphs = [p for d in own for p in d.paragraphs]
    if others := {p.label for p in paragraphs} - index.keys():
        raise DataError(f"the default model has no labels {sorted(map(str, others))}: train one on these documents")
    counts = [len(d.paragraphs) for d in own]
    weights = dict(SHIPPED.label_weights)
    labels = label_sums(kinds[rows], model.kind_labels, len(model.labels))
    return HeldOut(
        own, rows, np.cumsum([0, *counts]), np.array([index[p.label] for p in paragraphs]),
        np.repeat([is_extracted(d.origin) for d in own], counts), np.array([count_words(p.text) for p in paragraphs]),
        np.repeat(np.unique([d.site for d in own], return_inverse=True)[1], counts),
        np.array([weights.get(p.by or "", 1.0) for p in paragraphs], dtype=np.float32),
        Scores(labels, kinds[rows], np.ones(len(own), dtype=np.float32)),
    )  # fmt: skip


def read_again(encoder: Encoder, data: HeldOut, effort: float = 1.0) -> Scores:
    """The probabilities after the encoder has read what an effort from 0 to 1 reads. All processors are used."""

    def corrected(number: int) -> Scores:
        text, rows = data.documents[number].text, slice(data.bounds[number], data.bounds[number + 1])
        own = Scores(data.small.labels[rows], data.small.kinds[rows], data.small.familiarity[number : number + 1])
        return encoder.corrected([text], split([text]), own, effort)

    parts = Parallel(n_jobs=-1, prefer="threads")(delayed(corrected)(n) for n in range(len(data.documents)))
    labels, kinds = (np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "kinds"))
    return Scores(labels, kinds, data.small.familiarity)


def scaled(small: Floats, read: Floats, share: float) -> Floats:
    """Probabilities, ``(paragraphs, kinds)``, of which the encoder's correction is a share of what it was."""
    logs = np.log(np.maximum(small, SMALLEST))
    corrections = np.log(np.maximum(read, _LEAST)) - logs
    return softmax((logs + share * corrections).astype(np.float32))


def temperature(labels: Floats, label: NDArray[np.int64], weight: Floats) -> tuple[float, float]:
    """What the logarithms of probabilities, ``(paragraphs, labels)``, are best multiplied by, and the log loss with it.

    Guo et al., "On Calibration of Modern Neural Networks", 2017. A calibration with a matrix has a smaller loss here,
    and ranks appeals worse: on held-out sites, `A@.5` of pages was 0.60 in place of 0.67.
    """
    logs = np.log(np.maximum(labels, _LEAST))
    rows = np.arange(len(label))

    def loss(factor: float) -> float:
        own = np.maximum(softmax((factor * logs).astype(np.float32))[rows, label], _LEAST)
        return float(-(weight * np.log(own)).sum() / weight.sum())

    found = minimize_scalar(loss, bounds=(0.1, 2.0), method="bounded")
    return float(found.x), float(found.fun)


def scaling(factor: float, labels: int) -> Floats:
    """The calibration, ``(labels + 1, labels)``, that multiplies the logarithms of the probabilities by a factor."""
    calibration: Floats = factor * np.eye(labels + 1, labels, dtype=np.float32)
    return calibration


def best_share(
    data: HeldOut, read: Floats, kind_labels: Sequence[int], among: NDArray[np.bool_] | None = None
) -> tuple[float, float]:
    """The share of the correction with the least log loss of the labels, and the factor of `temperature` with it.

    ``read`` are the probabilities after reading again, ``(paragraphs, kinds)``. The loss is that of labelled
    paragraphs, of those ``among`` the given ones if these are given.
    """
    known = (data.label >= 0) & (True if among is None else among)

    def fitted(share: float) -> tuple[float, float, float]:
        labels = label_sums(scaled(data.small.kinds, read, share), kind_labels, data.small.labels.shape[1])
        factor, loss = temperature(labels[known], data.label[known], data.weight[known])
        return loss, share, factor

    _, share, factor = min(map(fitted, _SHARES))
    return share, factor
