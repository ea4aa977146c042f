"""The labels of a user as a model's networks learn from them, and their folds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.features.tokens import line_hashes, tokenize
from detector.fit.adapt_config import AdaptConfig
from detector.fit.general import BATCH_CHARACTERS, standardized_inputs
from detector.fit.network import Sequences
from detector.inference.model import Model
from detector.text.paragraphs import split
from detector.util.arrays import Floats, Hashes
from detector.util.batching import batches

_ENOUGH_DOCUMENTS = 3  # with labels, for folds of whole documents
_BLOCKS = 2  # per fold, of consecutive labels, where there are fewer documents
_SHOWN = 5  # names in a message


@dataclass(frozen=True)
class Labels:
    """Labelled documents as a model reads them. ``fold`` is the fold of each row, -1 where it has no label.

    ``by_document`` tells whether a fold has whole documents.
    """

    documents: Sequence[LabelledDocument]
    sequences: Sequences
    fold: NDArray[np.int64]
    by_document: bool

    @property
    def folds(self) -> int:
        """The number of folds."""
        return int(self.fold.max()) + 1

    @property
    def words(self) -> NDArray[np.int64]:
        """The number of words of each row, as white space separates them: ``(paragraphs,)``."""
        return np.array([len(p.text.split()) for d in self.documents for p in d.paragraphs])

    def without(self, fold: int) -> Sequences:
        """The sequences, where the labels of a fold have no weight: its paragraphs are context, as unlabelled ones."""
        weight = np.where(self.fold == fold, np.float32(0), self.sequences.label_weight)
        return replace(self.sequences, label_weight=weight)


def labels_of(model: Model, documents: Sequence[LabelledDocument], config: AdaptConfig) -> Labels:
    """Compute the inputs of the networks, look up labels and kinds, and make folds. Documents without labels are left.

    A kind that the model does not have is ignored, and the label of its paragraph counts. Raises `DataError` for labels
    that the model does not have, for too few labels, and for text that has other paragraphs than labels.
    """
    documents = sorted(
        (d for d in documents if any(p.label for p in d.paragraphs)), key=lambda d: (d.id, d.origin or "", d.text)
    )
    _check(model, documents, config)
    rows, lines, bounds = _inputs(model, documents)
    paragraphs = [p for d in documents for p in d.paragraphs]
    label = np.array([model.labels.index(p.label) if p.label else -1 for p in paragraphs])
    index: dict[tuple[int, str | None], int] = {
        (of, kind): number for number, (of, kind) in enumerate(zip(model.kind_labels, model.kinds, strict=True))
    }
    kind = np.array([index.get((of, p.kind or p.label), -1) for of, p in zip(label, paragraphs, strict=True)])
    weights = dict(config.label_weights)
    weight = np.array([weights.get(p.by or "", 1.0) if p.label else 0.0 for p in paragraphs], dtype=np.float32)
    sequences = Sequences(rows, kind, label, weight, bounds, np.array(model.kind_labels))
    ids = np.unique([d.id for d in documents], return_inverse=True)[1]
    if ids.max() + 1 >= _ENOUGH_DOCUMENTS:
        return Labels(documents, sequences, _document_folds(label, ids, bounds, config.folds), True)
    return Labels(documents, sequences, _block_folds(label, lines, config.folds), False)


def _check(model: Model, documents: Sequence[LabelledDocument], config: AdaptConfig) -> None:
    number = Counter(p.label for d in documents for p in d.paragraphs if p.label)
    unknown = [name for name in number if name not in model.labels]
    if unknown:
        listed = ", ".join(f"{name} ({number[name]:,})" for name in unknown[:_SHOWN])
        raise DataError(
            f"the model has the labels {', '.join(model.labels)}, and not {listed}"
            f"{', …' if len(unknown) > _SHOWN else ''}: map these names to its labels (--map name=label), or train a "
            "model that has them"
        )
    if number.total() < config.min_labels:
        raise DataError(
            f"{number.total()} labelled paragraphs: adapting takes at least {config.min_labels}; label more, best in "
            "several documents"
        )


def unknown_kinds(model: Model, documents: Sequence[LabelledDocument]) -> tuple[str, ...]:
    """The kinds that the model does not have under their label, as ``label/kind``, sorted."""
    known = {(model.labels[of], kind) for of, kind in zip(model.kind_labels, model.kinds, strict=True)}
    given = {(p.label, p.kind) for d in documents for p in d.paragraphs if p.label and p.kind}
    return tuple(sorted(f"{label}/{kind}" for label, kind in given - known))


def _inputs(model: Model, documents: Sequence[LabelledDocument]) -> tuple[Floats, Hashes, NDArray[np.int64]]:
    """The standardized inputs of each paragraph, the hash of its words, and the bounds of the documents."""
    rows, lines, sizes = [], [], []
    for group in batches(documents, lambda d: len(d.text), BATCH_CHARACTERS):
        batch = split([d.text for d in group])
        for document, size in zip(group, np.diff(batch.bounds).tolist(), strict=True):
            if size != len(document.paragraphs):
                raise DataError(f"{document.id}: {len(document.paragraphs)} labelled paragraphs, {size} in the text")
        rows.append(standardized_inputs(model, batch))
        lines.append(line_hashes(tokenize(batch)))
        sizes.append(np.diff(batch.bounds))
    return np.concatenate(rows), np.concatenate(lines), np.concatenate(([0], np.cumsum(np.concatenate(sizes))))


def _document_folds(
    label: NDArray[np.int64], ids: NDArray[np.int64], bounds: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """Folds of whole documents: those with most labels first, each to the fold with the fewest.

    Texts with one id, as several extractors make them of one page, are in one fold.
    """
    owner = np.repeat(ids, np.diff(bounds))
    number = np.bincount(owner[label >= 0], minlength=int(ids.max()) + 1)
    sums, fold_of = np.zeros(min(most, len(number)), dtype=np.int64), np.zeros(len(number), dtype=np.int64)
    for document in np.argsort(-number, kind="stable"):
        fold_of[document] = np.argmin(sums)
        sums[fold_of[document]] += number[document]
    return np.where(label >= 0, fold_of[owner], -1)


def _block_folds(label: NDArray[np.int64], lines: Hashes, most: int) -> NDArray[np.int64]:
    """Folds of blocks of consecutive labels. A line that occurs twice is in the fold of its first block."""
    known = np.flatnonzero(label >= 0)
    block = np.arange(len(known)) * (_BLOCKS * most) // len(known)
    fold = np.full(len(label), -1, dtype=np.int64)
    fold[known] = block % most
    _, first, same = np.unique(lines[known], return_index=True, return_inverse=True)
    fold[known] = fold[known[first[same]]]
    return fold
