"""Labels of one publisher to a model that is moved towards it, with held-out figures before and after.

The folds of the cross-validation are documents of the user, those with the same text together, or blocks of paragraphs
where fewer than three documents have labels. Each strength of the regularization is tried on them; the one with the
lowest held-out loss is taken for the model, which learns from all labels. The figures before and after are over the
same held-out paragraphs.

The thresholds rise as far as the held-out scores support it (`detector.fit.adapt_thresholds`). The linear model and the
calibration stay as they are.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

import detector
from detector.errors import UsageError
from detector.evaluation.evaluate import Figures
from detector.evaluation.labelled import LabelledDocument
from detector.fit.adapt_config import AdaptConfig
from detector.fit.adapt_data import Labels, labels_of, new_texts, unknown_kinds
from detector.fit.adapt_figures import LOSS, are_beyond_chance, decisions, fallen, held_out_figures, is_better
from detector.fit.adapt_network import adapt_network
from detector.fit.adapt_thresholds import held_out_thresholds, raised_thresholds, unchanged_thresholds
from detector.fit.card import earlier_adaptations
from detector.fit.general import general_moment
from detector.fit.network import Sequences
from detector.fit.train import check_output, save_with_card
from detector.inference.calibration import calibrate, softmax
from detector.inference.model import Model
from detector.inference.network import Ensemble, mean_logits
from detector.util.arrays import Floats
from detector.util.counted import counted

__all__ = ["AdaptConfig", "Adapted", "adapt", "adapt_unchecked", "save_adapted"]

_SHOWN = 5  # kinds in a message
_FIGURES = ("figures", "languages", "confusion")  # in the metadata, of a trained model


@dataclass(frozen=True)
class Adapted:
    """A model that has learnt the labels of a publisher.

    ``before`` and ``after`` are held-out figures on the user's labelled paragraphs: of the model that was given, and of
    models that learnt from the other folds. ``fell`` are the names of figures that became worse. ``better`` tells
    whether the new model is the better one on held-out paragraphs, beyond chance (`detector.fit.adapt_figures`).
    ``learnt`` is the number of the documents that the model which was given has learnt from in an earlier adaptation:
    the figures on them are not held out. ``notes`` are sentences about what could not be checked.
    """

    model: Model
    before: Figures
    after: Figures
    fell: tuple[str, ...]
    better: bool
    learnt: int
    notes: tuple[str, ...]


def adapt(
    model: Model,
    documents: Sequence[LabelledDocument],
    config: AdaptConfig | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Adapted:
    """Move a model towards the labels of a publisher. Paragraphs without a label are context alone.

    The same labels and config make the same model. Raises `DataError` for labels that the model does not have, and for
    fewer labelled paragraphs than ``config.min_labels``; `UsageError` for a model without networks.
    """
    config = config or AdaptConfig()
    if not model.networks.members:
        raise UsageError("the model has no networks, which are what learns from labels: train a model with networks")
    labels = labels_of(model, documents, config)
    progress(_described(labels))
    with threadpool_limits(1):
        pulls = _pulls(model, config)
        unchanged = _probabilities(model, labels, model.networks)
        tried = [_held_out(model, labels, each, config) for each in pulls]
        same = unchanged_thresholds(model, labels)
        raised = [held_out_thresholds(model, labels, each, config) for each in tried]
        before = held_out_figures(model, labels, unchanged, same)
        figures = [held_out_figures(model, labels, *each) for each in zip(tried, raised, strict=True)]
        best = min(range(len(tried)), key=lambda number: figures[number][LOSS] or 0)
        strength, after = config.strengths[best], figures[best]
        progress(f"adapting the networks to all labels (strength {strength:g})")
        networks = _adapted(model.networks, labels.sequences, pulls[best], config)
    found = decisions(labels, unchanged, same), decisions(labels, tried[best], raised[best])
    better, notes = is_better(before, after) and are_beyond_chance(*found), _notes(model, labels)
    thresholds = raised_thresholds(model, labels, tried[best], config)
    metadata = _metadata(model, thresholds, labels, before, after, config, strength)
    adapted = replace(model, networks=networks, thresholds=thresholds, metadata=metadata)
    return Adapted(adapted, before, after, fallen(before, after), better, int(labels.learnt.sum()), notes)


def adapt_unchecked(model: Model, documents: Sequence[LabelledDocument], config: AdaptConfig) -> Model:
    """The model that `adapt` makes with the first of the strengths, without held-out figures and metadata.

    So its thresholds are those of ``model``.
    """
    with threadpool_limits(1):
        labels = labels_of(model, documents, config)
        networks = _adapted(model.networks, labels.sequences, _pulls(model, config)[0], config)
    return replace(model, networks=networks)


def _pulls(model: Model, config: AdaptConfig) -> list[Floats]:
    """What holds the input layers as they are, for each of the strengths: see `adapt_network`."""
    moment = general_moment(model)
    ridge = np.eye(len(moment), dtype=np.float32) * np.float32(config.ridge)
    return [np.float32(strength) * moment + ridge for strength in config.strengths]


def _held_out(model: Model, labels: Labels, pull: Floats, config: AdaptConfig) -> Floats:
    """The probabilities of the labels, ``(paragraphs, labels)``, by networks that learnt from the other folds."""
    probabilities = np.zeros((len(labels.fold), len(model.labels)), dtype=np.float32)
    for fold in range(labels.folds):
        rows = labels.fold == fold
        if rows.any():
            networks = _adapted(model.networks, labels.without(fold), pull, config)
            probabilities[rows] = _probabilities(model, labels, networks)[rows]
    return probabilities


def _adapted(networks: Ensemble, data: Sequences, pull: Floats, config: AdaptConfig) -> Ensemble:
    members = Parallel(n_jobs=-1, prefer="threads")(
        delayed(adapt_network)(member, data, pull, config) for member in networks.members
    )
    return replace(networks, members=tuple(members))


def _probabilities(model: Model, labels: Labels, networks: Ensemble) -> Floats:
    data = labels.sequences
    logits = mean_logits(networks.members, data.rows, data.bounds)
    return calibrate(softmax(logits), model.kind_labels, model.calibration)[0]


def _described(labels: Labels) -> str:
    known = int((labels.fold >= 0).sum())
    unit = "whole documents" if labels.by_document else "blocks of paragraphs"
    figures = "cross-validation" if labels.learnt.any() else "held-out figures"
    return f"{known:,} labelled paragraphs in {len(labels.documents):,} documents; {figures} by {unit}"


def _notes(model: Model, labels: Labels) -> tuple[str, ...]:
    """What the labels do not allow to check, in sentences."""
    notes = []
    learnt = int(labels.learnt.sum())
    if learnt:
        notes.append(
            f"the model has learnt from {learnt:,} of the {counted(len(labels.documents), 'document')} in an earlier "
            "adaptation: the figures on these, before and after, are not held out, and too good; for held-out figures, "
            "adapt the model as it was before that to all labels at once"
        )
    given = Counter(labels.sequences.label[labels.fold >= 0].tolist())
    missing = [name for number, name in enumerate(model.labels) if not given[number]]
    if missing:
        notes.append(
            f"no paragraph is labelled {' or '.join(missing)}: what the new model does with these is not checked"
        )
    if not labels.by_document:
        notes.append(
            "fewer than three different documents have labels, so the held-out paragraphs are of the same documents: "
            "the figures on other documents may be lower"
        )
    kinds = unknown_kinds(model, labels.documents)
    if kinds:
        listed = ", ".join(kinds[:_SHOWN]) + (", …" if len(kinds) > _SHOWN else "")
        notes.append(f"the model does not have the kinds {listed}: only the labels of these paragraphs count")
    return tuple(notes)


def _metadata(
    model: Model, thresholds: Mapping[str, float], labels: Labels, before: Figures, after: Figures,
    config: AdaptConfig, strength: float,
) -> dict[str, Any]:  # fmt: skip
    """The metadata of the model that was given, with an entry about this adaptation at the end of ``adapted``.

    Figures that were measured on the model that was given are left out.
    """
    paragraphs = [p for d in labels.documents for p in d.paragraphs if p.label]
    digest = hashlib.sha256()
    for paragraph in paragraphs:
        line = f"{paragraph.label}\t{paragraph.kind}\t{paragraph.text}\n"
        digest.update(line.encode("utf-8", "surrogatepass"))
    number = Counter(p.label for p in paragraphs)
    entry = {
        "from": model.metadata.get("sha256"),
        "documents": len(labels.documents),
        "paragraphs": {label: number[label] for label in model.labels},
        "sha256": digest.hexdigest(),
        "texts": new_texts(labels),
        "held-out": {
            "before": before,
            "after": after,
            "by": "document" if labels.by_document else "block",
            "learnt": int(labels.learnt.sum()),
        },
        "thresholds": {"before": dict(model.thresholds), "after": dict(thresholds)},
        "strength": strength,
        "config": asdict(config),
        "version": detector.__version__,
    }
    kept = {name: value for name, value in model.metadata.items() if name not in _FIGURES}
    return {**kept, "thresholds": dict(thresholds), "adapted": [*earlier_adaptations(model.metadata), entry]}


def save_adapted(adapted: Adapted, folder: Path) -> None:
    """Write an adapted model and its card to a folder. No file is replaced unless all could be written to the disk.

    Raises `UsageError` if the folder has files of these names and is no model; `ModelError` if it cannot be written, or
    if the model could not be loaded again; `OutputError` if the disk is full.
    """
    check_output(folder)
    save_with_card(adapted.model, folder, adapted.model.metadata)
