"""Labelled paragraphs with what is known of how they repeat: their own counts, or simulated ones of larger sites."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.evaluate import count_words
from detector.evaluation.labelled import LabelledDocument
from detector.evaluation.threshold import threshold_at_loss
from detector.evidence.paragraph_keys import NO_KEY, keys_of
from detector.evidence.repeats import amounts, evidence_on, with_alone
from detector.inference.model import Model
from detector.inference.predict import predict
from detector.text.paragraphs import split
from detector.util.arrays import Floats, Hashes
from detector.util.batching import batches

LABELS = ("reporting", "appeal", "navigation")
SHORT, MIDDLE = 4, 15  # words of a short paragraph, and of one of middle length, at most
_LOSS = 0.005
_BATCH_CHARACTERS = 1 << 18


@dataclass(frozen=True)
class LabelledRows:
    """The paragraphs of documents as arrays with one entry per paragraph.

    ``label`` is an index into `LABELS`, -1 where it is unknown; ``read`` tells whether a person gave it. ``group`` is
    the number of the site and origin, whose documents are counted together, ``document`` that of the document.
    """

    documents: Sequence[LabelledDocument]
    label: NDArray[np.int64]
    read: NDArray[np.bool_]
    words: NDArray[np.int64]
    keys: Hashes
    document: NDArray[np.int64]
    group: NDArray[np.int64]

    @property
    def length(self) -> NDArray[np.int64]:
        """0 for short paragraphs, 1 for those of middle length, 2 for long ones."""
        return (self.words > SHORT).astype(np.int64) + (self.words > MIDDLE)


@dataclass(frozen=True)
class Counts:
    """In how many documents, of how many of the site, each paragraph is."""

    documents: NDArray[np.int64]
    of: NDArray[np.int64]


@dataclass(frozen=True)
class Rates:
    """The parameters of the beta distribution of the share of documents that a paragraph is in, by label and length.

    Each has the shape ``(labels, 3)``.
    """

    alpha: NDArray[np.float64]
    beta: NDArray[np.float64]


def labelled_rows(documents: Sequence[LabelledDocument]) -> LabelledRows:
    """The rows of documents."""
    paragraphs = [p for d in documents for p in d.paragraphs]
    groups = {each: number for number, each in enumerate(sorted({(d.site, d.origin or "") for d in documents}))}
    document = np.repeat(np.arange(len(documents)), [len(d.paragraphs) for d in documents])
    return LabelledRows(
        documents,
        np.array([LABELS.index(p.label) if p.label in LABELS else -1 for p in paragraphs]),
        np.array([p.by_reader for p in paragraphs]),
        np.array([count_words(p.text) for p in paragraphs]),
        np.concatenate([keys_of([p.text for p in d.paragraphs]) for d in documents]),
        document,
        np.array([groups[d.site, d.origin or ""] for d in documents])[document],
    )


def own_counts(rows: LabelledRows) -> Counts:
    """The counts over the documents of the same site and origin; equal documents count as one, as in a corpus."""
    sets: dict[int, set[frozenset[int]]] = defaultdict(set)
    for number in range(len(rows.documents)):
        own = rows.document == number
        if own.any():
            sets[int(rows.group[own][0])].add(frozenset(rows.keys[own].tolist()))
    counters = {group: Counter(key for each in found for key in each) for group, found in sets.items()}
    pairs = zip(rows.group.tolist(), rows.keys.tolist(), strict=True)
    counts = [counters[group][key] if key != NO_KEY else 1 for group, key in pairs]
    return Counts(np.array(counts), np.array([len(sets[group]) for group in rows.group.tolist()]))


def simulated_counts(rows: LabelledRows, rates: Rates, documents: int, seed: int = 0) -> Counts:
    """Counts as if each site had so many documents. A paragraph is in a share of them that is drawn from ``rates``.

    The same paragraph of a site has one share in all its documents. What has no label counts as navigation.
    """
    random = np.random.default_rng(seed)
    _, first, same = np.unique(np.stack([rows.group.astype(np.uint64), rows.keys]), axis=1, return_index=True,
                               return_inverse=True)  # fmt: skip
    label = np.where(rows.label < 0, LABELS.index("navigation"), rows.label)[first]
    length = rows.length[first]
    shares = random.beta(rates.alpha[label, length], rates.beta[label, length])
    counts = (1 + random.binomial(documents - 1, shares))[same.ravel()]
    return Counts(np.where(rows.keys == NO_KEY, 1, counts), np.full(len(counts), documents))


def keep_scores(model: Model, rows: LabelledRows, counts: Counts | None) -> Floats:
    """The probability of reporting of each paragraph, with the evidence of counts; None for none."""
    logits = None
    if counts is not None:
        repeats = counts.documents >= 2
        amount = np.where(repeats, amounts(np.maximum(counts.documents, 2), np.maximum(counts.of, 2)), 0)
        alone = ~repeats & (rows.keys != NO_KEY)
        logits = evidence_on(model, with_alone(amount.astype(np.float32), alone, rows.document))
    scores, at = [], 0
    for group in batches(rows.documents, lambda document: len(document.text), _BATCH_CHARACTERS):
        batch = split([document.text for document in group])
        part = None if logits is None else logits[at : at + len(batch)]
        scores.append(predict(model, batch, part).labels[:, 0])
        at += len(batch)
    return np.concatenate(scores)


def catch(rows: LabelledRows, scores: Floats, chosen: NDArray[np.bool_], threshold: float) -> dict[str, float]:
    """The figures over the ``chosen`` rows: those at a loss of 0.5 %, and the loss at the model's own threshold."""
    reporting = chosen & (rows.label == 0)
    at_loss = threshold_at_loss(scores[reporting], rows.words[reporting], _LOSS)
    lost = rows.words[reporting & (scores < threshold)].sum() / max(rows.words[reporting].sum(), 1)
    figures = {"lost": float(lost)}
    for name, label in (("A@.5", 1), ("N@.5", 2)):
        own = chosen & rows.read & (rows.label == label)
        figures[name] = float((scores[own] < at_loss).mean()) if own.any() else float("nan")
    return figures


def sites_with_pages(documents: Iterable[LabelledDocument], least: int) -> list[LabelledDocument]:
    """The documents of the sites that have so many pages."""
    documents = list(documents)
    pages: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        pages[document.site].add(document.id)
    return [document for document in documents if len(pages[document.site]) >= least]
