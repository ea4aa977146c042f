"""Confusion by label, and what becomes of each kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from detector.evaluation.bootstrap import Interval, Resampling, ratio_interval
from detector.evaluation.confusion import OTHER
from detector.evaluation.evaluate import Measured, Share, kind_confusion


@dataclass(frozen=True, slots=True)
class Matrix:
    """How many paragraphs of each true class (``rows``) were predicted to be of each class (``columns``)."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class KindFigures:
    """What becomes of the paragraphs of a label and kind, of those that a reader labelled.

    ``removed`` is the share of them that is removed, with its interval; ``predicted`` has their numbers by predicted
    label. ``kind`` is None for paragraphs without one.
    """

    label: str
    kind: str | None
    paragraphs: int
    removed: float
    interval: Interval | None
    predicted: dict[str, int]


def label_matrix(documents: Sequence[Measured]) -> Matrix:
    """The confusion matrix of labels, over the paragraphs that a reader labelled.

    Labels that the model does not have are rows after its own.
    """
    labels = documents[0].scored.prediction.labels
    pairs = Counter[tuple[str, str]]()
    for one in documents:
        guesses = one.scored.prediction.label_indices.tolist()
        for paragraph, guess in zip(one.scored.document.paragraphs, guesses, strict=True):
            if paragraph.label is not None and paragraph.by_reader:
                pairs[paragraph.label, labels[guess]] += 1
    unknown = sorted({true for true, _ in pairs} - set(labels))
    rows = (*labels, *unknown)
    return Matrix(rows, labels, tuple(tuple(pairs[true, guess] for guess in labels) for true in rows))


def kind_matrix(documents: Sequence[Measured]) -> Matrix | None:
    """The confusion matrix of the frequent kinds; None as `detector.evaluation.confusion.confusion` returns it."""
    found = kind_confusion([one.scored for one in documents])
    return Matrix(found.kinds, (*found.kinds, OTHER), found.counts) if found else None


def kinds_of(documents: Sequence[Measured], settings: Resampling) -> list[KindFigures]:
    """The figures of each label and kind, in the order of the model's labels, the most frequent kinds first."""
    labels = documents[0].scored.prediction.labels
    shares: dict[tuple[str, str | None], list[tuple[str, Share]]] = defaultdict(list)
    predicted: dict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
    for one in documents:
        prediction, document = one.scored.prediction, one.scored.document
        for paragraph, guess, keep in zip(
            document.paragraphs, prediction.label_indices.tolist(), prediction.keep.tolist(), strict=True
        ):
            if paragraph.label is not None and paragraph.by_reader:
                at = paragraph.label, paragraph.kind
                shares[at].append((document.site, Share(int(not keep), 1)))
                predicted[at][labels[guess]] += 1
    order = {label: number for number, label in enumerate(labels)}
    keys = sorted(shares, key=lambda at: (order.get(at[0], len(order)), at[0], -len(shares[at]), at[1] or ""))
    return [_kind(*at, shares[at], predicted[at], labels, settings) for at in keys]


def _kind(
    label: str, kind: str | None, shares: Sequence[tuple[str, Share]], predicted: Counter[str],
    labels: Sequence[str], settings: Resampling,
) -> KindFigures:  # fmt: skip
    removed = sum(share.part for _, share in shares) / len(shares)
    interval = ratio_interval([site for site, _ in shares], [share for _, share in shares], settings)
    return KindFigures(label, kind, len(shares), removed, interval, {name: predicted[name] for name in labels})
