"""How good the shipped model and its rivals are on the same documents, with intervals.

The figures are those of `detector.evaluation.evaluate`. The intervals are percentile bootstraps over pages (Efron and Tibshirani,
An Introduction to the Bootstrap, 1993, chapter 13): pages are drawn with replacement, each with the texts of it that
all extractors delivered, for these are no independent samples, and a figure is made anew on each draw from sums over
its pages. Only pages on which there is something to measure are drawn. The figures at a threshold have no interval, for
the threshold is itself a figure of all pages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from detector.cleaner import Cleaner
from detector.evaluation.evaluate import (
    EXTRACTED,
    PAGE,
    Figures,
    Judged,
    Rows,
    Share,
    by_origin,
    figures,
    gold_texts,
    joined,
    judge,
    rows_of,
    rows_read_as,
    shares,
)
from detector.evaluation.labelled import LabelledDocument
from training.rivals import LEARNERS, judge_learner, judge_rules, rules

OURS = "detector"
RESAMPLES, CONFIDENCE, SEED = 1000, 0.95, 0
GAIN = "gain"  # the word F1 after the removal less that before
WITH_INTERVAL = ("lost", "appeal", "nav", "before", "after", GAIN)
OF_SCORES = ("A@.5", "N@.5", "macro")  # what rules, which have no scores, cannot be asked for
CAUGHT = {"appeal": "appeal", "nav": "navigation"}  # the label that each figure of a catch is of

Progress: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Interval:
    """Between which values a figure lies, with a confidence of `CONFIDENCE`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """What goes of a label's paragraphs that were read (``catch``) where so much of the reporting is ``lost``.

    Two columns of shares from 0 to 1, a row a threshold, both rising.
    """

    lost: NDArray[np.float64]
    catch: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What was measured of a cleaner: by origin its figures, intervals of some of them, and curves by figure.

    ``figures`` has `GAIN` as well. Rules have neither curves nor figures of scores.
    """

    name: str
    figures: dict[str, Figures]
    intervals: dict[str, dict[str, Interval | None]]
    curves: dict[str, dict[str, Curve]]

    def packed(self) -> dict[str, Any]:
        """Figures and intervals as plain values, for JSON."""
        return {"figures": self.figures, "intervals": asdict(self)["intervals"]}


def compare(
    cleaner: Cleaner,
    documents: Sequence[LabelledDocument],
    training: Sequence[LabelledDocument],
    progress: Progress = lambda _: None,
) -> list[Accuracy]:
    """Measure a cleaner, which comes first, and all rivals; ``training`` is what they learn from.

    Raises `UsageError` where a rival is not installed.
    """
    labels, gold = cleaner.model.labels, gold_texts(documents)
    known_rules = rules()  # before anything is done: a library may be missing
    progress(OURS)
    measured = [measure(OURS, judge(cleaner, documents), gold)]
    for learner in LEARNERS:
        progress(learner.name)
        measured.append(measure(learner.name, judge_learner(learner(training), documents), gold))
    for rule in known_rules:
        progress(rule.name)
        measured.append(measure(rule.name, judge_rules(rule, documents, labels), gold, scored=False))
    return measured


def measure(name: str, judged: Iterable[Judged], gold: dict[str, str], scored: bool = True) -> Accuracy:
    """All that is measured of one cleaner. ``gold`` is the article's text by document id."""
    groups = by_origin(judged)
    rows = {id(one): rows_of(one) for group in groups.values() for one in group}
    parts = {key: shares(one, rows[key], gold) for group in groups.values() for one in group for key in [id(one)]}
    table, intervals, curves = {}, {}, {}
    for origin, group in groups.items():
        table[origin] = with_gain(figures(group, gold), scored)
        intervals[origin] = intervals_of([one.document.id for one in group], [parts[id(one)] for one in group])
        if scored and origin in (PAGE, EXTRACTED):
            curves[origin] = curves_of(joined([rows[id(one)] for one in group]), group[0].prediction.labels)
    return Accuracy(name, table, intervals, curves)


def with_gain(row: Figures, scored: bool = True) -> Figures:
    """A row of figures with `GAIN`; without those that rules cannot be asked for, unless they are ``scored``."""
    before, after = row["before"], row["after"]
    gain = None if before is None or after is None else after - before
    return {name: row[name] for name in row if scored or not _of_scores(name)} | {GAIN: gain}


def _of_scores(name: str) -> bool:
    return name in OF_SCORES or name.startswith("F1") or name == "kinds"


def intervals_of(pages: Sequence[str], parts: Sequence[dict[str, Share]]) -> dict[str, Interval | None]:
    """The interval of each figure of `WITH_INTERVAL`; ``pages`` says which page each document is of."""
    columns = {name: [one[name] for one in parts] for name in WITH_INTERVAL if name != GAIN}
    both = zip(columns["before"], columns["after"], strict=True)
    columns[GAIN] = [Share(after.part - before.part, after.whole) for before, after in both]
    return {name: interval(pages, columns[name]) for name in WITH_INTERVAL}


def interval(pages: Sequence[str], parts: Sequence[Share]) -> Interval | None:
    """The bootstrap interval of the sum of the parts over the sum of the wholes; None for fewer than two pages."""
    sums: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(2))
    for page, share in zip(pages, parts, strict=True):
        sums[page] += share.part, share.whole
    part, whole = np.array([pair for pair in sums.values() if pair[1]]).reshape(-1, 2).T
    if len(part) < 2:
        return None
    found = bootstrap(
        (part, whole), _ratio, paired=True, vectorized=True, n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE, method="percentile", rng=np.random.default_rng(SEED),
    ).confidence_interval  # fmt: skip
    return Interval(float(found.low), float(found.high))


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = part.sum(axis=axis) / whole.sum(axis=axis)
    return ratio


def curves_of(rows: Rows, labels: Sequence[str]) -> dict[str, Curve]:
    """The curves of appeal and of navigation, a point for each score that a reporting paragraph has."""
    reporting = rows.label == 0
    thresholds, first = np.unique(np.sort(rows.score[reporting]), return_index=True)
    words = np.concatenate(([0], np.cumsum(rows.words[reporting][np.argsort(rows.score[reporting], kind="stable")])))
    curves = {}
    for figure, label in CAUGHT.items():
        scores = np.sort(rows.score[rows_read_as(rows, label, labels)])
        if len(scores) and len(thresholds):
            lost, catch = words[first] / max(words[-1], 1), np.searchsorted(scores, thresholds) / len(scores)
            curves[figure] = Curve(lost, catch)
    return curves
