"""Labelled data in files to a model in a folder, with its card."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import detector
from detector.cleaner import Cleaner
from detector.evaluation.evaluate import Figures, evaluate, figures_by_origin, gold_texts, judged_by_scores
from detector.evaluation.labelled import LabelledDocument, read_documents
from detector.features.word_vectors import WordVectors
from detector.fit.card import card
from detector.fit.config import FitConfig
from detector.fit.fit import Fitted, fit
from detector.inference.storage import load_model, save, write_metadata
from detector.util.atomic import replacing

CARD_FILE = "README.md"


@dataclass(frozen=True)
class Trained:
    """What a training gave: the metadata as written, and the fit."""

    metadata: dict[str, Any]
    fitted: Fitted


def train(
    data: Sequence[Path],
    output: Path,
    config: FitConfig | None = None,
    dev: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
    vectors: WordVectors | None = None,
) -> Trained:
    """Train a model on labelled files and write it to ``output``, with its metadata and its card.

    The model gets the given word vectors, else those of the shipped model. The figures are of paragraphs by fits that
    had not seen their sites; with ``dev``, also the written model's own on those files. Raises `DataError` for data
    that cannot be used, `ModelError` where the model cannot be written or the shipped one cannot be read.
    """
    fitted = fit(list(read_documents(data)), config, progress, vectors or load_model().vectors)
    metadata = {
        **fitted.model.metadata,
        "versions": {
            "detector": detector.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scikit-learn", "joblib")},
        },
        "figures": {"held-out": _held_out(fitted)},
    }
    save(fitted.model, output, metadata)
    if dev:
        progress("measuring the written model")
        metadata = measured(output, list(read_documents(dev)))
    write_card(output)
    return Trained(metadata, fitted)


def measured(folder: Path, dev: Sequence[LabelledDocument]) -> dict[str, Any]:
    """Measure the model in a folder on documents of sites that it was not trained on, and put that into its metadata.

    Returns the new metadata. Raises `ModelError` where the model cannot be read or written.
    """
    model = load_model(folder)
    evaluation = evaluate(Cleaner(model), dev)
    metadata = dict(model.metadata)
    metadata["figures"] = {**metadata["figures"], "dev": evaluation.figures}
    metadata["confusion"] = asdict(evaluation.confusion) if evaluation.confusion else None
    write_metadata(folder, metadata)
    return metadata


def write_card(folder: Path) -> None:
    """Write the card of the model in a folder, beside it."""
    with replacing(folder / CARD_FILE) as file:
        file.write(card(load_model(folder)).encode())


def _held_out(fitted: Fitted) -> dict[str, Figures]:
    labels, balanced = fitted.model.labels, fitted.model.thresholds["balanced"]
    judged, first = [], 0
    for document in fitted.documents:
        scores = fitted.held_out[first : first + len(document.paragraphs)]
        first += len(scores)
        judged.append(judged_by_scores(document, labels, scores, scores[:, 0] >= balanced))
    return figures_by_origin(judged, gold_texts(fitted.documents))
