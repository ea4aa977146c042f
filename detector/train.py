"""Labelled data in files to a model in a folder, with its card."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import detector
from detector.card import card
from detector.cleaner import Cleaner, Prediction
from detector.evaluate import Figures, Judged, figures_by_origin, judge
from detector.files import replacing
from detector.fit import Fitted, fit
from detector.labelled import LabelledDocument, read_documents
from detector.recipe import Recipe
from detector.storage import load_model, save

CARD_FILE = "README.md"


@dataclass(frozen=True)
class Trained:
    """What a training gave: the metadata as written, and the fit."""

    metadata: dict[str, Any]
    fitted: Fitted


def train(
    data: Sequence[Path],
    output: Path,
    recipe: Recipe | None = None,
    dev: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Train a model on labelled files and write it to ``output``, with its metadata and its card.

    The figures are of paragraphs by fits that had not seen their sites; with ``dev``, also the written model's own on
    those files. Raises `DataError` for data that cannot be used, `ModelError` where the model cannot be written.
    """
    fitted = fit(list(read_documents(data)), recipe, progress)
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
        documents = list(read_documents(dev))
        metadata["figures"]["dev"] = measure(Cleaner(load_model(output)), documents)
        save(fitted.model, output, metadata)
    with replacing(output / CARD_FILE) as file:
        file.write(card(load_model(output)).encode())
    return Trained(metadata, fitted)


def measure(cleaner: Cleaner, documents: Sequence[LabelledDocument]) -> dict[str, Figures]:
    """The table of figures of a cleaner on labelled documents."""
    return figures_by_origin(judge(cleaner, documents), {d.id: d.gold for d in documents if d.gold})


def _held_out(fitted: Fitted) -> dict[str, Figures]:
    labels, balanced = fitted.model.labels, fitted.model.thresholds["balanced"]
    judged, first = [], 0
    for document in fitted.documents:
        scores = fitted.held_out[first : first + len(document.paragraphs)]
        first += len(scores)
        nowhere = np.zeros(len(scores), dtype=np.int64)
        prediction = Prediction(
            document.text, labels, labels, tuple(range(len(labels))), nowhere, nowhere,
            scores, scores, nowhere, scores[:, 0], scores[:, 0] >= balanced,
        )  # fmt: skip
        judged.append(Judged(document, prediction))
    return figures_by_origin(judged, {d.id: d.gold for d in fitted.documents if d.gold})
