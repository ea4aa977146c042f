"""Labelled documents as what the encoder learns from: tokens, labels, weights, folds and the small model's scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.encoder.reading import SMALLEST
from detector.encoder.tokens import MOST_TOKENS, ParagraphTokenizer, Tokens, describe
from detector.encoder.windows import LENGTH
from detector.errors import DataError
from detector.evaluation.labelled import LabelledDocument
from detector.fit.config import FitConfig
from detector.fit.data import label_names, site_folds
from detector.fit.fit import with_augmented
from detector.util.arrays import Floats, Offsets
from training.corrections import read_corrected
from training.train import SHIPPED

# a document: its index, and its windows, each from a paragraph of the document to another, end excluded
Item: TypeAlias = tuple[int, tuple[tuple[int, int], ...]]
TOKENIZER, STATE, WORDS = "tokenizer.json", "state.pt", "words.npy"  # files of a fit
MOST = LENGTH - MOST_TOKENS  # tokens of a window, but for those of its last paragraph


def training_documents(data: list[Path]) -> list[LabelledDocument]:
    """The documents that the small model was trained on, in the same order."""
    return with_augmented(list(read_corrected(data)), SHIPPED)


def out_of_fold_scores(file: Path) -> Floats:
    """The small model's probabilities of the kinds, ``(paragraphs, kinds)``, that training.train has written."""
    with np.load(file) as saved:
        scores: Floats = saved["kinds"]
    return scores


@dataclass(frozen=True)
class Examples:
    """Documents as arrays with one row per paragraph; document ``d`` has the rows ``bounds[d]`` to ``bounds[d + 1]``.

    ``tokens`` are those of distinct paragraphs, ``text`` is the number of each row's paragraph among them.
    ``described`` are the numbers of `detector.encoder.tokens.describe`, and ``logs`` the logarithms of the small
    model's probabilities of the kinds, out of fold. ``label`` and ``kind`` are indices, -1 where they are unknown;
    ``weight`` is 0 there. ``fold`` is that of each document's site.
    """

    documents: Sequence[LabelledDocument]
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_labels: tuple[int, ...]
    bounds: Offsets
    tokens: Tokens
    text: Offsets
    described: Floats
    logs: Floats
    label: NDArray[np.int64]
    kind: NDArray[np.int64]
    weight: Floats
    fold: NDArray[np.int64]

    @property
    def sizes(self) -> Offsets:
        """The number of tokens of each row, with the separator."""
        sizes: Offsets = self.tokens.sizes[self.text]
        return sizes

    def windows(self, document: int, sizes: Offsets, most: int = MOST) -> Item:
        """A document in windows of about equal lengths, one after another, none with more tokens than `LENGTH`.

        ``sizes`` are those of `sizes`; each window has at most ``most`` tokens before its last paragraph.
        """
        ends = np.cumsum(sizes[self.bounds[document] : self.bounds[document + 1]])
        number = -(-int(ends[-1]) // most)
        window = (ends - 1) * number // int(ends[-1])
        starts = np.flatnonzero(np.diff(window, prepend=-1)).tolist()
        return document, tuple(zip(starts, [*starts[1:], len(ends)], strict=True))


def examples(
    documents: Sequence[LabelledDocument], scores: Floats, tokenizer: ParagraphTokenizer, config: FitConfig
) -> Examples:
    """The documents as arrays. ``scores`` are the small model's probabilities, ``(paragraphs, kinds)``, out of fold.

    Raises `DataError` if these are those of other documents.
    """
    labels, kinds, kind_labels = label_names(documents)
    paragraphs = [p for d in documents for p in d.paragraphs]
    if scores.shape != (len(paragraphs), len(kinds)):
        raise DataError(
            f"the small model's scores have the shape {scores.shape}, and the documents have {len(paragraphs):,} "
            f"paragraphs of {len(kinds)} kinds: give the documents that it was trained on"
        )
    texts = [p.text.strip() for p in paragraphs]
    bounds = np.cumsum([0, *(len(d.paragraphs) for d in documents)])
    number: dict[str, int] = {}
    text = np.array([number.setdefault(each, len(number)) for each in texts], dtype=np.int64)
    label = np.array([labels.index(p.label) if p.label else -1 for p in paragraphs], dtype=np.int64)
    index = {(kind_labels[n], kind): n for n, kind in enumerate(kinds)}
    names = [p.kind or p.label or "" for p in paragraphs]
    kind = np.array([index.get(pair, -1) for pair in zip(label.tolist(), names, strict=True)], dtype=np.int64)
    by = dict(config.label_weights)
    weight = np.array([by.get(p.by or "", 1.0) for p in paragraphs], dtype=np.float32) * (label >= 0)
    folds = site_folds(documents, config.folds)
    logs = np.log(np.maximum(scores.astype(np.float32), SMALLEST))
    lengths = np.array([*map(len, texts)], dtype=np.int64)
    return Examples(
        documents, labels, kinds, kind_labels, bounds, tokenizer(list(number)), text, describe(lengths, bounds),
        logs, label, kind, weight, np.array([folds[d.site] for d in documents]),
    )  # fmt: skip
