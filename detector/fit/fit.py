"""Labelled documents to a model. With `detector.fit.stages`, the only module that needs scikit-learn.

The first step (a linear model over n-grams) is fitted once for each fold of sites without that fold, and its scores of
the sites it has not seen are what the networks learn from; they are fitted by the same folds, and their scores of
unseen sites give the calibration, the thresholds and the held-out figures. Both are also fitted on all sites: that
makes the model.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from detector.evaluation.labelled import LabelledDocument
from detector.features.word_vectors import WordVectors
from detector.fit.augmentation import augment
from detector.fit.config import FitConfig, Progress
from detector.fit.data import check, label_names, site_folds, training_data
from detector.fit.stages import choose_thresholds, context_rows, fit_calibration, fit_linear, fit_networks
from detector.inference.calibration import calibrate, softmax
from detector.inference.model import REPORTING, Model
from detector.inference.network import Ensemble
from detector.util.arrays import Floats


@dataclass(frozen=True)
class Fitted:
    """A model, the documents in the order they were used, and the scores of their paragraphs by a fit that had not
    seen the site: probabilities of shape ``(paragraphs, labels)``.
    """

    model: Model
    documents: Sequence[LabelledDocument]
    held_out: Floats


def fit(
    documents: Sequence[LabelledDocument],
    config: FitConfig | None = None,
    progress: Progress = lambda _: None,
    vectors: WordVectors | None = None,
) -> Fitted:
    """Fit a model, with ``vectors`` or without any. ``progress`` is called with a line of text as each part begins.

    Raises `DataError` where the data cannot carry a model: no ``reporting``, one label only, fewer sites than folds,
    a label that stands on one site only.
    """
    config, vectors = config or FitConfig(), vectors or WordVectors.none()
    documents = sorted(documents, key=lambda d: (d.site, d.id, d.origin or "", d.text))
    labels = label_names(documents)[0]
    check(documents, labels, config)
    augmented = augment(
        documents,
        site_folds(documents, config.folds),
        int(config.augmentation * len(documents)),
        REPORTING,
        config.seed,
    )
    progress(f"reading {len(documents):,} documents and {len(augmented):,} augmented ones")
    data = training_data([*documents, *augmented], config, vectors)
    kindless = int(((data.label >= 0) & (data.kind < 0)).sum())
    if kindless:
        progress(
            f"{kindless:,} paragraphs have no kind, and others of their label have one: the networks learn their "
            "label, the first step leaves them out"
        )
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        linear, scores = fit_linear(data, config, progress)
        networks = Ensemble.none()
        if config.networks:
            networks, scores = fit_networks(data, config, context_rows(data, scores), progress)
        progress("calibration and thresholds")
        calibration = fit_calibration(data, scores)
    held_out = calibrate(softmax(scores), data.kind_labels, calibration)[0]
    model = Model(
        data.labels, data.kinds, data.kind_labels, linear, data.idf, vectors, networks, calibration,
        thresholds=choose_thresholds(data, held_out, config),
        metadata={"config": asdict(config), "data": _describe(documents, data.labels)},
    )  # fmt: skip
    return Fitted(model, documents, held_out[: sum(len(d.paragraphs) for d in documents)])


def _describe(documents: Sequence[LabelledDocument], labels: tuple[str, ...]) -> dict[str, Any]:
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
