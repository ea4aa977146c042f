"""Labelled documents to a model. This package alone needs scikit-learn.

A model has two stages: a linear model over n-grams, and networks that read its scores in the context of the document.
The sites are divided into folds, and both stages are fitted once without each fold. The networks learn from the linear
model's scores of sites that it was not fitted to (out-of-fold scores); the networks' own out-of-fold scores serve to
fit the calibration, to choose the thresholds and to compute the held-out figures. Finally both stages are fitted to all
sites; those fits make the model.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.features.word_vectors import WordVectors
from detector.fit.augmentation import augment
from detector.fit.calibration import fit_calibration
from detector.fit.config import FitConfig, Progress
from detector.fit.data import TrainingData, check_documents, label_names, site_folds, training_data
from detector.fit.ensemble import context_rows, fit_networks
from detector.fit.linear import fit_linear
from detector.fit.thresholds import choose_thresholds
from detector.inference.calibration import calibrate, softmax
from detector.inference.linear import LinearModel
from detector.inference.model import REPORTING, Model
from detector.inference.network import Ensemble
from detector.util.arrays import Floats

# documents to the probabilities of their paragraphs' kinds; see `fit`
Teachers: TypeAlias = Callable[[Sequence[LabelledDocument]], Sequence[Floats]]


@dataclass(frozen=True)
class Fitted:
    """A model, and the predictions of cross-validation.

    ``documents`` are the training documents, sorted. ``held_out`` are the label probabilities of their paragraphs,
    ``(paragraphs, labels)``, each by a fit that had not seen the paragraph's site. ``held_out_kinds`` are those of the
    kinds, ``(paragraphs, kinds)``, also for the augmented documents (see `with_augmented`).
    """

    model: Model
    documents: Sequence[LabelledDocument]
    held_out: Floats
    held_out_kinds: Floats


def fit(
    documents: Sequence[LabelledDocument],
    config: FitConfig | None = None,
    progress: Progress = lambda _: None,
    vectors: WordVectors | None = None,
    teachers: Teachers = lambda _: (),
) -> Fitted:
    """Fit a model with the given word vectors, or without any. ``progress`` is called with a message at each stage.

    ``teachers`` is called with the documents of `with_augmented`. It returns the probabilities that better models give
    the kinds of their paragraphs, from which the networks learn, too; or nothing. These are ``folds`` + 1 arrays of the
    shape ``(paragraphs, kinds)``, with zeros where there are none: for the fit without each fold, from a model that has
    not seen that fold either, and last for the fit to all sites.

    Raises `DataError` for documents that are not enough to fit a model: no label ``reporting``, only one label, fewer
    sites than folds, or a label that occurs on one site only, or in single lines only; for labels and kinds that a
    model cannot have; and for teachers of other documents.
    """
    config, vectors = config or FitConfig(), vectors or WordVectors.none()
    check_documents(documents, config)
    number = len(documents)
    documents = with_augmented(documents, config)
    learned = teachers(documents)
    _check_teachers(learned, documents, config)
    data = _prepare(documents, number, config, progress, vectors)
    documents = documents[:number]
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        linear, networks, logits = _fit_stages(data, config, progress, learned)
        progress("fitting the calibration, choosing the thresholds")
        calibration = fit_calibration(data, logits)
    held_out, held_out_kinds = calibrate(softmax(logits), data.kind_labels, calibration)
    model = Model(
        data.labels, data.kinds, data.kind_labels, linear, data.idf, vectors, networks, calibration,
        thresholds=choose_thresholds(data, held_out, config),
        metadata={"config": asdict(config), "data": _describe(documents, data.labels)},
    )  # fmt: skip
    return Fitted(model, documents, held_out[: data.bounds[number]], held_out_kinds)


def with_augmented(documents: Sequence[LabelledDocument], config: FitConfig) -> list[LabelledDocument]:
    """The documents that a fit learns from: the given ones, sorted, and then the augmented ones."""
    given = sorted(documents, key=lambda d: (d.site, d.id, d.origin or "", d.text))
    return [*given, *augment(given, site_folds(given, config.folds), REPORTING, config)]


def _check_teachers(teachers: Sequence[Floats], documents: Sequence[LabelledDocument], config: FitConfig) -> None:
    """Raise `DataError` for teachers of other documents."""
    if not len(teachers):
        return
    expected = (sum(len(d.paragraphs) for d in documents), len(label_names(documents)[1]))
    shapes = {teacher.shape for teacher in teachers}
    if len(teachers) != config.folds + 1 or shapes != {expected}:
        raise DataError(
            f"{len(teachers):,} teacher(s), the first with probabilities of the shape {teachers[0].shape}: these "
            f"documents need {config.folds + 1} with {expected} (paragraphs, kinds), one for each fold and one for all"
        )


def _prepare(
    documents: Sequence[LabelledDocument], given: int, config: FitConfig, progress: Progress, vectors: WordVectors
) -> TrainingData:
    """Compute the features of documents, of which the first ``given`` are not augmented."""
    progress(f"computing features of {given:,} documents and {len(documents) - given:,} augmented ones")
    data = training_data(documents, config, vectors)
    without_kind = int(((data.label >= 0) & (data.kind < 0)).sum())
    if without_kind:
        progress(
            f"{without_kind:,} labelled paragraphs have no kind, although others with their label have one: the "
            "networks learn their label, the linear model leaves them out"
        )
    return data


def _fit_stages(
    data: TrainingData, config: FitConfig, progress: Progress, teachers: Sequence[Floats]
) -> tuple[LinearModel, Ensemble, Floats]:
    """Fit the linear model and the networks. Also returns the out-of-fold logits of the last stage."""
    linear, logits = fit_linear(data, config, progress)
    if not config.networks:
        return linear, Ensemble.none(), logits
    networks, logits = fit_networks(data, config, context_rows(data, logits), progress, teachers)
    return linear, networks, logits


def _describe(documents: Sequence[LabelledDocument], labels: tuple[str, ...]) -> dict[str, Any]:
    """The numbers of documents, sites and paragraphs by label, and a digest of texts, labels and kinds."""
    digest = hashlib.sha256()
    for document in documents:
        for paragraph in document.paragraphs:
            digest.update(f"{paragraph.label}\t{paragraph.kind}\t{paragraph.text}\n".encode("utf-8", "surrogatepass"))
    names = Counter(p.label for d in documents for p in d.paragraphs if p.label)
    return {
        "documents": len(documents),
        "sites": len({d.site for d in documents}),
        "paragraphs": {label: names[label] for label in labels},
        "sha256": digest.hexdigest(),
    }
