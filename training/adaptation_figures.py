"""The figures of an adaptation: of the other half of a site, and of all other sites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector.backend.choice import backend
from detector.evaluation.evaluate import LOSS, count_words
from detector.evaluation.labelled import LabelledDocument
from detector.evaluation.threshold import threshold_at_loss
from detector.fit.config import BALANCED
from detector.inference.model import Model
from detector.text.paragraphs import Batch, split
from detector.util.arrays import Floats
from detector.util.markdown import markdown_table

_COLUMNS = ("A@.5", "N@.5", "lost", "appeal", "nav")
_WORD = re.compile(r"\w+")
_AUTOMATIC = "auto"  # a guess, by no reader and no gold text


@dataclass(frozen=True)
class Paragraphs:
    """Paragraphs as arrays with one entry per paragraph.

    ``label`` is its index, -1 for none; ``read`` tells whether a reader gave it, ``page`` whether it is on a page.
    ``score`` is the probability of reporting, ``keep`` whether it reaches the model's threshold ``balanced``.
    """

    label: NDArray[np.int64]
    words: NDArray[np.int64]
    read: NDArray[np.bool_]
    page: NDArray[np.bool_]
    score: Floats
    keep: NDArray[np.bool_]

    def pick(self, rows: NDArray[np.bool_]) -> Paragraphs:
        """Some of the paragraphs."""
        return Paragraphs(
            self.label[rows], self.words[rows], self.read[rows], self.page[rows], self.score[rows], self.keep[rows]
        )


@dataclass(frozen=True)
class Site:
    """A site: its documents, of which the first ``pages`` are whole pages, as one batch and as paragraphs.

    ``lines`` are the numbers of the distinct lines, by their words in lower case; ``sure`` tells whose label is no
    guess. Both have the shape ``(paragraphs,)``.
    """

    name: str
    documents: Sequence[LabelledDocument]
    pages: int
    batch: Batch
    paragraphs: Paragraphs
    lines: NDArray[np.int64]
    sure: NDArray[np.bool_]

    @property
    def page(self) -> NDArray[np.bool_]:
        """Which paragraphs are on pages."""
        return self.paragraphs.page

    @cached_property
    def characters(self) -> int:
        """The size of the pages."""
        return sum(len(document.text) for document in self.documents[: self.pages])

    @cached_property
    def appeals(self) -> int:
        """The number of distinct appeals on the pages."""
        return len(np.unique(self.lines[self.page & self.paragraphs.read & (self.paragraphs.label == 1)]))

    def labelled(self, first: NDArray[np.int64]) -> NDArray[np.int64]:
        """The paragraphs that may be labelled: the first one of each line of the half, on pages, in order."""
        rows = np.flatnonzero(self.page & self.sure & np.isin(self.lines, first))
        return rows[np.sort(np.unique(self.lines[rows], return_index=True)[1])]

    def rest(self, first: NDArray[np.int64], page: bool) -> NDArray[np.bool_]:
        """The labelled paragraphs of the other half (lines of pages, none of ``first``), on pages or in other texts."""
        there = np.isin(self.lines, self.lines[self.page]) & ~np.isin(self.lines, first)
        chosen: NDArray[np.bool_] = there & (self.page == page) & (self.paragraphs.label >= 0)
        return chosen

    def counts(self, rows: NDArray[np.int64]) -> list[int]:
        """The numbers of paragraphs with each label."""
        return [int((self.paragraphs.label[rows] == label).sum()) for label in range(3)]

    def by(self, model: Model) -> Paragraphs:
        """The paragraphs with the scores and decisions of another model."""
        score = backend().predict(model, self.batch).labels[:, 0]
        return replace(self.paragraphs, score=score, keep=score >= model.thresholds[BALANCED])


def site_of(name: str, model: Model, documents: Sequence[LabelledDocument]) -> Site:
    """A site of some documents, with the scores of a model."""
    documents = sorted(documents, key=lambda each: (each.origin != "page", each.id, each.origin or ""))
    batch = split([each.text for each in documents])
    paragraphs = [each for document in documents for each in document.paragraphs]
    is_page = [each.origin == "page" for each in documents]
    score = backend().predict(model, batch).labels[:, 0]
    arrays = Paragraphs(
        np.array([model.labels.index(each.label) if each.label else -1 for each in paragraphs]),
        np.array([count_words(each.text) for each in paragraphs]),
        np.array([each.by_reader for each in paragraphs]),
        np.repeat(is_page, np.diff(batch.bounds)),
        score,
        score >= model.thresholds[BALANCED],
    )
    lines = np.unique([" ".join(_WORD.findall(each.text.lower())) for each in paragraphs], return_inverse=True)[1]
    sure = np.array([each.label is not None and each.by != _AUTOMATIC for each in paragraphs])
    return Site(name, documents, sum(is_page), batch, arrays, lines, sure)


def figures(paragraphs: Paragraphs) -> dict[str, float | None]:
    """The figures of `detector.evaluation.evaluate` that concern an adaptation, without a cleaner's guard.

    ``lost``, ``appeal`` and ``nav`` are at the model's threshold ``balanced``, ``A@.5`` and ``N@.5`` at that of a
    loss of 0.5 %.
    """
    reporting, score = paragraphs.label == 0, paragraphs.score
    words = paragraphs.words[reporting]
    at_loss = threshold_at_loss(score[reporting], words, LOSS)
    out = {"lost": _share(words[~paragraphs.keep[reporting]].sum(), words.sum())}
    for label, (removed, fixed) in {1: ("appeal", "A@.5"), 2: ("nav", "N@.5")}.items():
        rows = (paragraphs.label == label) & paragraphs.read
        found = score[rows]
        out[removed], out[fixed] = (
            _share((~paragraphs.keep[rows]).sum(), len(found)),
            _share((found < at_loss).sum(), len(found)),
        )
    return out


def joined(parts: Sequence[Paragraphs]) -> Paragraphs:
    """The paragraphs of all parts."""
    return Paragraphs(
        np.concatenate([each.label for each in parts]), np.concatenate([each.words for each in parts]),
        np.concatenate([each.read for each in parts]), np.concatenate([each.page for each in parts]),
        np.concatenate([each.score for each in parts]),
        np.concatenate([each.keep for each in parts]),
    )  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """The same paragraphs with the scores before and after."""

    before: Paragraphs
    after: Paragraphs

    def pick(self, rows: NDArray[np.bool_]) -> Pair:
        """Some of the paragraphs."""
        return Pair(self.before.pick(rows), self.after.pick(rows))

    def figures(self) -> dict[str, tuple[float, float]]:
        """Each figure before and after, where there is something to measure."""
        before, after = figures(self.before), figures(self.after)
        found = {name: (before[name], after[name]) for name in before}
        return {name: (old, new) for name, (old, new) in found.items() if old is not None and new is not None}


@dataclass(frozen=True)
class Trial:
    """An adaptation to some labels of a site: ``counts`` of each label.

    ``page`` and ``extracted`` are the other half of the site; ``elsewhere`` are all other sites, if measured.
    """

    site: str
    seed: int
    counts: list[int]
    better: bool | None
    page: Pair
    extracted: Pair
    elsewhere: Pair | None

    def __str__(self) -> str:
        found = {name: f"{old:.3f} {new:.3f}" for name, (old, new) in self.page.figures().items() if "@" in name}
        return f"{self.site} {self.seed}: labels {self.counts}, better {self.better}, {found}"


def table(trials: Sequence[Trial]) -> str:
    """The figures of the trials as Markdown."""
    other = [each.elsewhere for each in trials if each.elsewhere]
    pages, extracted = [each.pick(each.before.page) for each in other], [each.pick(~each.before.page) for each in other]
    rows = [
        _row("page: mean of the sites", [each.page for each in trials]),
        _row("page: the sites together", _together(trials)),
        _row("extracted: mean of the sites", [each.extracted for each in trials]),
        _row("elsewhere, pages", pages),
        _row("elsewhere, pages: size of the change", pages, size=True),
        _row("elsewhere, extracted", extracted),
        _row("elsewhere, extracted: size of the change", extracted, size=True),
    ]
    return markdown_table(("", *_COLUMNS), rows) + _better(trials)


def _better(trials: Sequence[Trial]) -> str:
    known = [each.better for each in trials if each.better is not None]
    return f"\n\n{sum(known)} of {len(known)} adaptations are better on their own held-out labels." if known else ""


def _together(trials: Sequence[Trial]) -> list[Pair]:
    """For each seed, the other halves of all sites with one threshold."""
    seeds = sorted({each.seed for each in trials})
    groups = [[each.page for each in trials if each.seed == seed] for seed in seeds]
    return [Pair(joined([p.before for p in group]), joined([p.after for p in group])) for group in groups]


def _row(name: str, pairs: Sequence[Pair], size: bool = False) -> tuple[str, ...]:
    """The means of the figures before, and of their changes (or of the size of these), with the number of pairs."""
    measured = [pair.figures() for pair in pairs]
    cells = []
    for column in _COLUMNS:
        values = np.array([each[column] for each in measured if column in each]).reshape(-1, 2)
        change = values[:, 1] - values[:, 0]
        if not len(values):
            cells.append("")
        elif size:
            cells.append(f"{np.abs(change).mean():.4f}")
        else:
            cells.append(f"{values[:, 0].mean():.3f} {change.mean():+.4f} ({len(values)})")
    return name, *cells


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
