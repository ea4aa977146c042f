"""The labels of a user as a model's networks learn from them, and their folds."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.features.tokens import line_hashes, tokenize
from detector.fit.adapt_config import AdaptConfig
from detector.fit.card import earlier_adaptations
from detector.fit.general import BATCH_CHARACTERS, standardized_inputs
from detector.fit.network import Sequences
from detector.inference.model import Model
from detector.text.paragraphs import split
from detector.util.arrays import Floats, Hashes
from detector.util.batching import batches

_ENOUGH_DOCUMENTS = 3  # with labels, for folds of whole documents
_BLOCKS = 2  # per fold, of consecutive labels, where there are fewer documents
_SHOWN = 5  # names in a message
_DIGEST = 16  # hexadecimal digits of the digest of a text
_MOST_TEXTS = 20_000  # of an adaptation, whose digests are kept


@dataclass(frozen=True)
class Labels:
    """Labelled documents as a model reads them. ``fold`` is the fold of each row, -1 where it has no label.

    ``by_document`` tells whether a fold has whole documents, and ``learnt`` of each document whether the model has
    learnt from its text in an earlier adaptation.
    """

    documents: Sequence[LabelledDocument]
    sequences: Sequences
    fold: NDArray[np.int64]
    by_document: bool
    learnt: NDArray[np.bool_]

    @property
    def folds(self) -> int:
        """The number of folds."""
        return int(self.fold.max()) + 1

    @property
    def words(self) -> NDArray[np.int64]:
        """The number of words of each row, as white space separates them: ``(paragraphs,)``."""
        return np.array([len(p.text.split()) for d in self.documents for p in d.paragraphs])

    @property
    def learnt_rows(self) -> NDArray[np.bool_]:
        """As ``learnt``, of the document of each row: ``(paragraphs,)``."""
        return np.repeat(self.learnt, np.diff(self.sequences.bounds))

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
    units, earlier = _units(documents), _learnt_texts(model)
    learnt = np.array([text_digest(d) in earlier for d in documents])
    if units.max() + 1 >= _ENOUGH_DOCUMENTS:
        return Labels(documents, sequences, _document_folds(label, units, bounds, config.folds), True, learnt)
    return Labels(documents, sequences, _block_folds(label, lines, config.folds), False, learnt)


def text_digest(document: LabelledDocument) -> str:
    """The digest by which an adapted model knows the text of a document again."""
    return hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]


def new_texts(labels: Labels) -> str:
    """The digests of the texts that the model has not learnt from before, with blanks between them.

    There are no more than `_MOST_TEXTS`: the size of a model's metadata is limited.
    """
    new = {
        text_digest(d) for d, is_learnt in zip(labels.documents, labels.learnt.tolist(), strict=True) if not is_learnt
    }
    return " ".join(sorted(new)[:_MOST_TEXTS])


def _learnt_texts(model: Model) -> set[str]:
    """The digests of the texts that a model has been adapted to."""
    given = [each.get("texts") for each in earlier_adaptations(model.metadata)]
    return {text for texts in given if isinstance(texts, str) for text in texts.split()}


def _units(documents: Sequence[LabelledDocument]) -> NDArray[np.int64]:
    """The number of the unit of each document, from 0 on. Documents with the same id or the same text are one unit.

    Several extractors make texts with one id of one page; two annotators, or two exports, give one text several ids.
    """
    first: dict[tuple[str, str], int] = {}
    links = [
        (row, first.setdefault(key, row)) for row, d in enumerate(documents) for key in (("id", d.id), ("text", d.text))
    ]
    graph = sparse.coo_array((np.ones(len(links)), np.array(links).T), shape=(len(documents), len(documents)))
    units: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return units


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
    label: NDArray[np.int64], units: NDArray[np.int64], bounds: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    """Folds of whole units: those with most labels first, each to the fold with the fewest."""
    owner = np.repeat(units, np.diff(bounds))
    number = np.bincount(owner[label >= 0], minlength=int(units.max()) + 1)
    sums, fold_of = np.zeros(min(most, len(number)), dtype=np.int64), np.zeros(len(number), dtype=np.int64)
    for unit in np.argsort(-number, kind="stable"):
        fold_of[unit] = np.argmin(sums)
        sums[fold_of[unit]] += number[unit]
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
