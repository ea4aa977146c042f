"""Labelled documents as the numbers that a fit needs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detector import context
from detector.batching import batches
from detector.errors import DataError
from detector.evaluate import PAGE, count_words
from detector.features import BUCKETS, Ngrams, Tokens, ngrams, shapes, tokenize, word_buckets
from detector.labelled import LabelledDocument
from detector.model import REPORTING, Floats
from detector.paragraphs import Offsets, split
from detector.recipe import Recipe
from detector.splice import SPLICED
from detector.vectors import WordVectors

SEED = "seed"  # the origin of documents that were written to learn from
_BATCH = 1 << 20  # characters of a batch of documents while features are made


@dataclass(frozen=True)
class TrainingData:
    """The training data as numbers, one row a paragraph.

    ``label`` and ``kind`` are indices, -1 where nothing is known; ``trust`` is the weight of a label. ``distinct`` are
    the rows that the first step learns from: one of those that are the same line of the same site. Document ``d`` has
    the rows ``bounds[d]`` to ``bounds[d + 1]``.
    """

    documents: Sequence[LabelledDocument]
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    kind_labels: tuple[int, ...]
    ngrams: sparse.csr_matrix
    evidence: list[context.Evidence]
    rarity: NDArray[np.uint8]
    label: NDArray[np.int64]
    kind: NDArray[np.int64]
    trust: NDArray[np.float64]
    words: NDArray[np.int64]
    fold: NDArray[np.int64]
    extracted: NDArray[np.bool_]
    distinct: NDArray[np.int64]
    bounds: Offsets

    @property
    def membership(self) -> Floats:
        """1 where a kind belongs to a label, of shape ``(kinds, labels)``."""
        return np.eye(len(self.labels), dtype=np.float32)[list(self.kind_labels)]


def training_data(documents: Sequence[LabelledDocument], recipe: Recipe, vectors: WordVectors) -> TrainingData:
    """Make the features of all paragraphs, and sort the sites into folds."""
    labels, kinds, kind_labels = label_names(documents)
    paragraphs = [p for d in documents for p in d.paragraphs]
    label = np.array([labels.index(p.label) if p.label else -1 for p in paragraphs])
    index: dict[tuple[int, str | None], int] = {(kind_labels[n], kind): n for n, kind in enumerate(kinds)}
    kind = np.array([index.get((at, p.kind or p.label), -1) for at, p in zip(label, paragraphs, strict=True)])
    bounds = np.cumsum([0, *(len(d.paragraphs) for d in documents)])
    owner = np.repeat(np.arange(len(documents)), np.diff(bounds))
    weight = dict(recipe.trust)
    trust = np.array([weight.get(p.by or "", 1.0) for p in paragraphs])
    trust[np.array([d.origin == PAGE for d in documents])[owner]] *= recipe.page_trust
    folds = site_folds(documents, recipe.folds)
    fold = np.array([folds[d.site] for d in documents])[owner]
    extracted = np.array([d.origin not in (PAGE, SPLICED, SEED) for d in documents])[owner]
    groups, tokens, owners, evidence_parts, first = [], [], [], [], 0
    for part in batches(documents, _characters, _BATCH):
        batch = split([d.text for d in part])
        words = tokenize(batch)
        groups.append(ngrams(batch, words))
        tokens.append(words)
        evidence_parts.append((batch, words, shapes(batch, words)))
        owners.append(batch.document[words.paragraph] + first)
        first += len(part)
    rarity = _rarity(documents, tokens, owners)
    evidence = [context.gather(*part, rarity, vectors) for part in evidence_parts]
    matrix = _matrix(groups)
    distinct = _distinct(documents, label, kind)
    return TrainingData(
        documents, labels, kinds, kind_labels, matrix, evidence, rarity, label, kind, trust,
        np.array([count_words(p.text) for p in paragraphs]), fold, extracted, distinct, bounds,
    )  # fmt: skip


def label_names(documents: Sequence[LabelledDocument]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """The labels, reporting first, and the kinds with their label; a label without kinds is its own kind."""
    seen = {(p.label, p.kind) for d in documents for p in d.paragraphs if p.label}
    labels = tuple(sorted({label for label, _ in seen}, key=lambda label: (label != REPORTING, label)))
    pairs: list[tuple[int, str]] = []
    for number, label in enumerate(labels):
        kinds = sorted(kind for of, kind in seen if of == label and kind)
        pairs += [(number, kind) for kind in kinds or [label]]
    return labels, tuple(kind for _, kind in pairs), tuple(number for number, _ in pairs)


def check(documents: Sequence[LabelledDocument], labels: tuple[str, ...], recipe: Recipe) -> None:
    """Raise `DataError` where documents cannot carry a model, with what is missing."""
    if REPORTING not in labels:
        raise DataError(
            f'no paragraph is labelled "{REPORTING}": the labels are {list(labels)}; the article needs that name'
        )
    if len(labels) < 2:
        raise DataError(f'every label is "{REPORTING}": there is nothing to tell it from')
    sites = {d.site for d in documents}
    if len(sites) < recipe.folds:
        raise DataError(
            f"{len(sites)} site(s) for {recipe.folds} folds: add documents of other sites, or set fewer folds"
        )
    for label in labels:
        those = {d.site for d in documents if any(p.label == label for p in d.paragraphs)}
        if len(those) < 2:
            raise DataError(f'"{label}" stands on one site only ({those.pop()}): a second one is needed to measure on')


def site_folds(documents: Sequence[LabelledDocument], folds: int) -> dict[str, int]:
    """The fold of each site: the sites in an order of their own, dealt out in turn."""
    sites = sorted(
        {d.site for d in documents}, key=lambda site: hashlib.sha256(site.encode("utf-8", "surrogatepass")).digest()
    )
    return {site: number % folds for number, site in enumerate(sites)}


def _rarity(
    documents: Sequence[LabelledDocument], tokens: list[Tokens], owner: list[NDArray[np.int64]]
) -> NDArray[np.uint8]:
    """On how few sites a word stands: 255 for one of all, 0 for one in five or more (inverse document frequency)."""
    site = np.unique([d.site for d in documents], return_inverse=True)[1]
    sites = int(site.max()) + 1
    seen = np.unique(np.concatenate([
        site[documents_of].astype(np.int64) * BUCKETS + word_buckets(words.hashes)
        for words, documents_of in zip(tokens, owner, strict=True)
    ]))  # fmt: skip
    frequency = np.bincount(seen % BUCKETS, minlength=BUCKETS)
    rarity = np.log2(sites / np.maximum(frequency, 1)) / max(np.log2(sites), 1)
    rarity[frequency > sites / 5] = 0
    table: NDArray[np.uint8] = np.rint(255 * rarity).astype(np.uint8)
    return table


def _characters(document: LabelledDocument) -> int:
    return sum(len(paragraph.text) for paragraph in document.paragraphs)


def _matrix(groups: list[tuple[Ngrams, ...]]) -> sparse.csr_matrix:
    """Counts of the n-grams, a row a paragraph, divided by the square root of their number."""
    row, column, first = [], [], 0
    for batch in groups:
        for group in batch:
            paragraphs = len(group.bounds) - 1
            row.append(np.repeat(np.arange(first, first + paragraphs, dtype=np.int32), group.counts))
            column.append(group.buckets.ravel().astype(np.int32))
        first += paragraphs
    rows, columns = np.concatenate(row), np.concatenate(column)
    number = np.bincount(rows, minlength=first)
    values = (1 / np.sqrt(number))[rows].astype(np.float32)
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(first, BUCKETS))
    matrix.sum_duplicates()
    return matrix


def _distinct(
    documents: Sequence[LabelledDocument], label: NDArray[np.int64], kind: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The first row of every line that a site holds: extractors deliver the same line again."""
    seen: dict[tuple[str, str, int], int] = {}
    row = 0
    for document in documents:
        for paragraph in document.paragraphs:
            if label[row] >= 0 and kind[row] >= 0:
                seen.setdefault((document.site, paragraph.text, int(kind[row])), row)
            row += 1
    return np.fromiter(seen.values(), dtype=np.int64)
